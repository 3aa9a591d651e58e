"""Bringing a notification to one subscription: the hop, retries, and the dead-letter queue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.sqs.exceptions import QueueDoesNotExist, SQSException

from localcloud.api import ApiError
from localcloud.net import HttpRequest, HttpTimeout, HttpUnreachable
from localcloud.services.policies import allows
from localcloud.services.sns.messages import Notification

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.cloud import Cloud

_PRINCIPAL = "sns.amazonaws.com"
_HTTP_TIMEOUT_US = 15_000_000


class NotDelivered(Exception):
    """The endpoint did not take it. `again`: whether trying again may help."""

    def __init__(self, code: str, message: str, again: bool) -> None:
        super().__init__(message)
        self.code = code
        self.again = again


class Deliveries:
    """Delivers in tasks of their own. `count(topic_arn, metric)` is told of each end."""

    def __init__(self, cloud: Cloud, count: Callable[[str, str], None]) -> None:
        self._cloud = cloud
        self._count = count
        self._publish_us = round(cloud.facts.value("model.api.sns.publish")["p50"] * 1_000)
        retry = cloud.facts.value("quota.sns.http_retry")
        self._retries, self._pause_us = int(retry["retries"]), round(retry["delay_s"] * 1e6)
        self._last_us: dict[tuple[str, str], int] = {}  # of a FIFO subscription and group: one after the other

    def start(self, subscription: Any, notification: Notification) -> None:
        """Deliver after the hop. Messages of one group keep their order."""
        kernel = self._cloud.kernel
        hop = "sns_standard_lambda" if notification.group is None else "sns_fifo_sqs_lambda"
        at_us = kernel.now_us + max(1_000, self._cloud.latency.hop_us(hop) - self._publish_us)
        if notification.group is not None:
            key = (subscription.arn, notification.group)
            at_us = self._last_us[key] = max(at_us, self._last_us.get(key, 0) + 1)
        kernel.spawn(
            self._deliver, subscription, notification, name=f"subscription to {notification.topic_arn}",
            delay_us=at_us - kernel.now_us, critical=True,
        )  # fmt: skip

    def _deliver(self, subscription: Any, notification: Notification) -> None:
        for attempt in range(self._retries + 1):
            try:
                self._send(subscription, notification)
            except NotDelivered as exc:
                if exc.again and attempt < self._retries:
                    self._cloud.kernel.sleep(self._pause_us)
                    continue
                self._give_up(subscription, notification, exc)
                return
            self._count(notification.topic_arn, "NumberOfNotificationsDelivered")
            return

    def _send(self, subscription: Any, notification: Notification) -> None:
        protocol = subscription.protocol
        if protocol == "sqs":
            self._to_queue(subscription, notification)
        elif protocol == "lambda":
            self._to_function(subscription, notification)
        elif protocol in ("http", "https"):
            self._to_http(subscription, notification)
        # e-mail, text messages and the like leave the simulation: they count as delivered

    # -- endpoints -----------------------------------------------------------------------------

    def _to_queue(self, subscription: Any, notification: Notification) -> None:
        arn, topic_arn = subscription.endpoint, notification.topic_arn
        try:
            queue = self._cloud.sqs.queues.get(arn)
        except QueueDoesNotExist:
            raise NotDelivered("AWS.SimpleQueueService.NonExistentQueue", f"{arn} does not exist.", False) from None
        statements = queue._policy_json.get("Statement") or []
        if not allows(statements, _PRINCIPAL, "sqs:SendMessage", topic_arn, self._cloud.account_id):
            raise NotDelivered("AccessDenied", f"The policy of {arn} does not let {_PRINCIPAL} send messages.", False)
        body, entry = self._for_queue(subscription, notification)
        if arn.endswith(".fifo"):
            entry |= {"MessageGroupId": notification.group, "MessageDeduplicationId": notification.deduplication}
        try:
            self._cloud.sqs.send(arn, body, notification.lineage, **entry)
        except SQSException as exc:
            raise NotDelivered("InvalidParameterValue", exc.message, False) from exc

    @staticmethod
    def _for_queue(subscription: Any, notification: Notification) -> tuple[str, dict[str, Any]]:
        if is_raw(subscription):
            attributes = {"MessageAttributes": dict(notification.attributes)} if notification.attributes else {}
            return notification.text_for("sqs"), attributes
        return json.dumps(notification.envelope("sqs", subscription.arn), indent=2, ensure_ascii=False), {}

    def _to_function(self, subscription: Any, notification: Notification) -> None:
        lambda_, arn = self._cloud.lambda_, subscription.endpoint
        try:
            statements = lambda_.functions.statements(arn)
        except ApiError as exc:
            raise NotDelivered(exc.code, exc.message, False) from exc
        if not allows(statements, _PRINCIPAL, "lambda:InvokeFunction", notification.topic_arn, self._cloud.account_id):
            raise NotDelivered("AccessDenied", f"{arn} has no permission for {_PRINCIPAL} to invoke it.", False)
        event = json.dumps(notification.event(subscription.arn)).encode()
        lambda_.asynchronous.accept(arn, event, lineage=notification.lineage)

    def _to_http(self, subscription: Any, notification: Notification) -> None:
        raw = is_raw(subscription)
        body = notification.text_for(subscription.protocol)
        if not raw:
            body = json.dumps(notification.envelope(subscription.protocol, subscription.arn), ensure_ascii=False)
        headers = {
            "content-type": "text/plain; charset=UTF-8",
            "x-amz-sns-message-type": "Notification",
            "x-amz-sns-message-id": notification.id,
            "x-amz-sns-topic-arn": notification.topic_arn,
            "x-amz-sns-subscription-arn": subscription.arn,
            **({"x-amz-sns-rawdelivery": "true"} if raw else {}),
        }
        self._cloud.meter.add("sns.http_deliveries", 1, notification.topic_arn.rsplit(":", 1)[-1])
        try:
            request = HttpRequest("POST", subscription.endpoint, headers, body.encode())
            status = self._cloud.http.request(request, _HTTP_TIMEOUT_US).status
        except (HttpTimeout, HttpUnreachable) as exc:
            raise NotDelivered("EndpointUnavailable", str(exc), True) from exc
        if not 200 <= status < 300:
            raise NotDelivered(
                str(status), f"{subscription.endpoint} answered {status}.", status >= 500 or status == 429
            )

    # -- giving up -----------------------------------------------------------------------------

    def _give_up(self, subscription: Any, notification: Notification, failure: NotDelivered) -> None:
        topic_arn = notification.topic_arn
        self._count(topic_arn, "NumberOfNotificationsFailed")
        policy = json.loads(subscription.attributes.get("RedrivePolicy") or "{}")
        queue = policy.get("deadLetterTargetArn")
        if not queue:
            return
        body, _ = self._for_queue(subscription, notification)
        described = {"ERROR_CODE": failure.code, "ERROR_MESSAGE": str(failure), "SUBSCRIPTION_ARN": subscription.arn}
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in described.items()}
        entry: dict[str, Any] = {"MessageAttributes": attributes}
        if queue.endswith(".fifo"):
            entry |= {"MessageGroupId": notification.group, "MessageDeduplicationId": notification.deduplication}
        try:
            self._cloud.sqs.send(queue, body, **entry)
        except SQSException:
            self._count(topic_arn, "NumberOfNotificationsFailedToRedriveToDlq")
            return
        self._count(topic_arn, "NumberOfNotificationsRedrivenToDlq")


def is_raw(subscription: Any) -> bool:
    """Whether the subscription wants messages without an envelope."""
    return str(subscription.attributes.get("RawMessageDelivery", "")).lower() == "true"
