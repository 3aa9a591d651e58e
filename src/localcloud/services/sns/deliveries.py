"""Bringing a notification to one subscription: the hop, retries, and the dead-letter queue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.sqs.exceptions import QueueDoesNotExist, SQSException

from localcloud.api import ApiError
from localcloud.net import HttpRequest, HttpTimeout, HttpUnreachable
from localcloud.services.policies import allows
from localcloud.services.sns.delivery_policies import PLAIN, DeliveryPolicy, delivery_policy
from localcloud.services.sns.messages import Confirmation, Notification

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
        self._retry = cloud.facts.value("quota.sns.http_retry")
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

    def ask(self, subscription: Any, confirmation: Confirmation) -> None:
        """Post a confirmation to an endpoint, as messages are, again and again while it does not take it."""
        body = json.dumps(confirmation.message(), ensure_ascii=False)
        headers = _headers("SubscriptionConfirmation", confirmation.id, confirmation.topic_arn)

        def deliver() -> None:
            for pause_s in (*self._policy(subscription).pauses_s, None):
                try:
                    self._post(subscription, {"content-type": PLAIN, **headers}, body)
                except NotDelivered as exc:
                    if exc.again and pause_s is not None:
                        self._cloud.kernel.sleep(round(pause_s * 1e6))
                        continue
                return

        delay_us = max(1_000, self._cloud.latency.hop_us("sns_standard_lambda") - self._publish_us)
        name = f"confirmation of {confirmation.topic_arn}"
        self._cloud.kernel.spawn(deliver, name=name, delay_us=delay_us, critical=True)

    def _policy(self, subscription: Any) -> DeliveryPolicy:
        own = subscription.attributes.get("DeliveryPolicy") or ""
        return delivery_policy(subscription.topic.delivery_policy or "", own, self._retry)

    def _deliver(self, subscription: Any, notification: Notification) -> None:
        for pause_s in (*self._policy(subscription).pauses_s, None):
            try:
                self._send(subscription, notification)
            except NotDelivered as exc:
                if exc.again and pause_s is not None:
                    self._cloud.kernel.sleep(round(pause_s * 1e6))
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
        elif notification.fair_group:
            entry["MessageGroupId"] = notification.fair_group
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
            "content-type": self._policy(subscription).content_type,
            **_headers("Notification", notification.id, notification.topic_arn),
            "x-amz-sns-subscription-arn": subscription.arn,
            **({"x-amz-sns-rawdelivery": "true"} if raw else {}),
        }
        self._cloud.meter.add("sns.http_deliveries", 1, notification.topic_arn.rsplit(":", 1)[-1])
        self._post(subscription, headers, body)

    def _post(self, subscription: Any, headers: dict[str, str], body: str) -> None:
        """Raises NotDelivered unless the endpoint takes it."""
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


def _headers(kind: str, message_id: str, topic_arn: str) -> dict[str, str]:
    """Those that tell an endpoint what it gets."""
    return {
        "x-amz-sns-message-type": kind,
        "x-amz-sns-message-id": message_id,
        "x-amz-sns-topic-arn": topic_arn,
        "user-agent": "Amazon Simple Notification Service Agent",
    }


def is_raw(subscription: Any) -> bool:
    """Whether the subscription wants messages without an envelope."""
    return str(subscription.attributes.get("RawMessageDelivery", "")).lower() == "true"
