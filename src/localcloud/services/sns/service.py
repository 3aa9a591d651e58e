"""SNS's operations on messages. Topics and subscriptions are moto's."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from moto.core.utils import camelcase_to_underscores
from moto.sns.models import SNSBackend, sns_backends

from localcloud.api import ApiCall, ApiError
from localcloud.ids import uuid4_text
from localcloud.metering import chunks
from localcloud.services.cloudwatch.store import minute_s
from localcloud.services.sns.confirmations import WAITING, Confirmations, is_pending
from localcloud.services.sns.deliveries import Deliveries
from localcloud.services.sns.filter_policies import ATTRIBUTES, BODY, InvalidFilterPolicy, compile_policy
from localcloud.services.sns.message_sizes import NAME as MESSAGE_SIZE
from localcloud.services.sns.message_sizes import InvalidMessageSize, MessageSizes
from localcloud.services.sns.messages import InvalidMessage, Notification, check_message, size_bytes

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_NAMESPACE = "AWS/SNS"
_BATCH = 10
_QUEUE_ARN = re.compile(r"arn:[a-z-]+:sqs:[a-z0-9-]+:\d{12}:[\w.-]+")
_FUNCTION_ARN = re.compile(r"arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(?::[\w$-]+)?")
_ENDPOINTS = {"sqs": ("SQS", _QUEUE_ARN), "lambda": ("Lambda", _FUNCTION_ARN)}
_BATCH_ID = re.compile(r"[\w-]{1,80}", re.ASCII)
_ARN_PARTS = 6
_PROTOCOLS = ("application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs")
_CHUNK_KB = 64
_DEDUPLICATION_US = 300_000_000
_GB = 1024**3


class SNS:
    """Publishes to topics, and to those of their subscriptions whose filter policy lets a message through."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._sizes = MessageSizes(cloud.facts)
        self._ids = cloud.kernel.streams["sns/ids"]
        self._deliveries = Deliveries(cloud, lambda topic_arn, metric: self._measure(topic_arn, metric, 1))
        self._confirmations = Confirmations(cloud, self._deliveries.ask)
        self._seen: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}  # FIFO: when, and what was answered
        self._sequence = 10_000_000_000_000_000_000

    def install(self) -> None:
        """Answer what carries messages, and check what decides who gets them."""
        register = self._cloud.api.register
        register("sns", "Publish", self._publish)
        register("sns", "PublishBatch", self._publish_batch)
        register("sns", "CreateTopic", self._create_topic)
        register("sns", "SetTopicAttributes", self._set_topic_attribute)
        register("sns", "Subscribe", self._subscribe)
        register("sns", "SetSubscriptionAttributes", self._set_attribute)
        self._confirmations.install()
        # filter policies are checked before moto sees them: its own check knows fewer operators
        self._cloud.patches.set(SNSBackend, "_validate_filter_policy", lambda backend, value, scope: None)

    @cached_property
    def _backend(self) -> Any:
        return sns_backends[self._cloud.account_id][self._cloud.region]

    # -- operations ----------------------------------------------------------------------------

    def _publish(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        arn = params.get("TopicArn") or params.get("TargetArn")
        if not arn:
            if params.get("PhoneNumber"):  # a text message leaves the simulation
                return {"MessageId": uuid4_text(self._ids)}
            raise _invalid("Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter")
        return self._accept(self._topic(arn), params)

    def _publish_batch(self, call: ApiCall) -> dict[str, Any]:
        topic = self._topic(call.params["TopicArn"])
        entries = call.params["PublishBatchRequestEntries"]
        if not entries:
            raise ApiError("EmptyBatchRequest", "The batch request doesn't contain any entries.", 400)
        if len(entries) > _BATCH:
            raise ApiError(
                "TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.", 400
            )
        if not all(_BATCH_ID.fullmatch(entry["Id"]) for entry in entries):
            message = "The Id of a batch entry in a batch request doesn't abide by the specification."
            raise ApiError("InvalidBatchEntryId", message, 400)
        if len({entry["Id"] for entry in entries}) < len(entries):
            raise ApiError(
                "BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.", 400
            )
        if sum(size_bytes(entry) for entry in entries) > self._sizes.limit_bytes(topic):
            raise ApiError("BatchRequestTooLong", "The length of all the messages put together is over the limit.", 400)
        taken: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        for entry in entries:
            try:
                taken.append({"Id": entry["Id"], **self._accept(topic, entry)})
            except ApiError as exc:
                failed.append({"Id": entry["Id"], "Code": exc.code, "Message": exc.message, "SenderFault": True})
        return {"Successful": taken, "Failed": failed}

    def _topic(self, arn: str) -> Any:
        if arn.count(":") < _ARN_PARTS - 1:
            found = arn.count(":") + 1
            raise _invalid(
                f"Invalid parameter: TopicArn Reason: An ARN must have at least {_ARN_PARTS} elements, not {found}"
            )
        topic = self._backend.topics.get(arn)
        if topic is None:
            raise ApiError("NotFound", "Topic does not exist", 404, Type="Sender")
        return topic

    # -- who gets them -------------------------------------------------------------------------

    def _create_topic(self, call: ApiCall) -> Any:
        value = (call.params.get("Attributes") or {}).get(MESSAGE_SIZE)
        if value is not None:
            self._check_size(lambda: self._sizes.check(value, []))
        self._check_same(call)
        return self._cloud.api.stock(call)

    def _check_same(self, call: ApiCall) -> None:
        """A topic may be created again, as it is. Raises ApiError."""
        arn = f"arn:aws:sns:{self._cloud.region}:{self._cloud.account_id}:{call.params['Name']}"
        known = self._backend.topics.get(arn)
        for name, value in (call.params.get("Attributes") or {}).items() if known is not None else ():
            current = getattr(known, camelcase_to_underscores(name), None)
            if isinstance(current, str | bool) and str(current).lower() != value.lower():
                raise _invalid("Invalid parameter: Attributes Reason: Topic already exists with different attributes")

    def _set_topic_attribute(self, call: ApiCall) -> Any:
        value = call.params.get("AttributeValue", "")
        topic = self._backend.topics.get(call.params["TopicArn"])
        if topic is not None and call.params["AttributeName"] == MESSAGE_SIZE:
            self._check_size(lambda: self._sizes.check(value, self._protocols(topic)))
        return self._cloud.api.stock(call)

    def _protocols(self, topic: Any) -> list[str]:
        return [found.protocol for found in self._backend.subscriptions.values() if found.topic is topic]

    @staticmethod
    def _check_size(check: Callable[[], None]) -> None:
        try:
            check()
        except InvalidMessageSize as exc:
            raise _invalid(f"Invalid parameter: {exc}") from None

    def _subscribe(self, call: ApiCall) -> Any:
        protocol, endpoint = call.params["Protocol"], call.params.get("Endpoint") or ""
        if protocol not in _PROTOCOLS:
            raise _invalid(f"Invalid parameter: Does not support this protocol string: {protocol}")
        known_as = _ENDPOINTS.get(protocol)
        if known_as is not None and not known_as[1].fullmatch(endpoint):
            raise _invalid(f"Invalid parameter: {known_as[0]} endpoint ARN")
        if protocol in ("http", "https") and not endpoint.startswith(f"{protocol}://"):
            raise _invalid("Invalid parameter: Endpoint must match the specified protocol")
        attributes = call.params.get("Attributes") or {}
        if protocol != "sqs" and call.params["TopicArn"].endswith(".fifo"):
            raise _invalid("Invalid parameter: Invalid parameter: Endpoint Reason: Please use FIFO SQS queue")
        _check_dead_letters(attributes.get("RedrivePolicy"))
        _check_policy(attributes.get("FilterPolicy"), attributes.get("FilterPolicyScope"))
        topic = self._backend.topics.get(call.params["TopicArn"])
        if topic is not None:
            self._check_size(lambda: self._sizes.check_subscription(topic, [*self._protocols(topic), protocol]))
        known = set(self._backend.subscriptions)
        answer = self._cloud.api.stock(call)
        subscription = self._backend.subscriptions[answer["SubscriptionArn"]]
        if protocol in WAITING and (subscription.arn not in known or is_pending(subscription)):
            self._confirmations.ask(subscription)
            if not call.params.get("ReturnSubscriptionArn"):
                return {**answer, "SubscriptionArn": "pending confirmation"}
        return answer

    def _set_attribute(self, call: ApiCall) -> Any:
        name, value = call.params["AttributeName"], call.params.get("AttributeValue")
        subscription = self._backend.subscriptions.get(call.params["SubscriptionArn"])
        if subscription is not None and name == "RedrivePolicy":
            _check_dead_letters(value)
        if subscription is not None and name == "FilterPolicy":
            _check_policy(value, subscription.attributes.get("FilterPolicyScope"))
        if subscription is not None and name == "FilterPolicyScope":
            _check_policy(subscription.attributes.get("FilterPolicy"), value)
        return self._cloud.api.stock(call)

    # -- one message ---------------------------------------------------------------------------

    def _accept(self, topic: Any, params: Mapping[str, Any]) -> dict[str, Any]:
        """Take one message, and start its deliveries."""
        try:
            check_message(params, self._sizes.limit_bytes(topic))
        except InvalidMessage as exc:
            raise _invalid(str(exc)) from None
        fifo = _is_fifo(topic)
        if params.get("MessageDeduplicationId") and not fifo:
            raise _invalid(
                "Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId "
                "parameter that is not valid for this topic type"
            )
        deduplication = self._check_fifo(topic, params) if fifo else None
        if deduplication is not None:
            earlier = self._seen.get((topic.arn, deduplication))
            if earlier is not None and self._cloud.kernel.unix_us - earlier[0] < _DEDUPLICATION_US:
                return earlier[1]
        answer = {"MessageId": uuid4_text(self._ids)}
        if fifo:
            self._sequence += 1
            answer["SequenceNumber"] = f"{self._sequence}"
        notification = Notification(
            id=answer["MessageId"],
            topic_arn=topic.arn,
            text=params["Message"],
            at_us=self._cloud.kernel.unix_us,
            subject=params.get("Subject"),
            structured=params.get("MessageStructure") == "json",
            attributes=params.get("MessageAttributes") or {},
            group=params.get("MessageGroupId") if fifo else None,
            fair_group=None if fifo else params.get("MessageGroupId"),
            deduplication=deduplication,
            sequence=answer.get("SequenceNumber"),
            lineage=self._cloud.lambda_.recursion.current(),
        )
        if deduplication is not None:
            self._seen[topic.arn, deduplication] = (notification.at_us, answer)
        self._meter(topic, size_bytes(params), fifo)
        if getattr(topic, "tracing_config", "") == "Active":
            self._fan_out_traced(topic, notification)
        else:
            self._fan_out(topic, notification)
        return answer

    def _fan_out_traced(self, topic: Any, notification: Notification) -> None:
        """With a segment of the topic, under which its subscribers' stand."""
        tracer, xray = self._cloud.tracer, self._cloud.xray
        trace = xray.sampler.arrive(topic.arn, tracer.header(), active=True)
        identifier, started_us = xray.sampler.new_id(), self._cloud.kernel.unix_us
        with tracer.span("notification", "sns", topic.name) as span:
            span.carry(trace._replace(parent=identifier, links=()))
            self._fan_out(topic, notification)
        xray.record(trace, identifier, topic.name, "AWS::SNS", started_us, resource_arn=topic.arn)

    @staticmethod
    def _check_fifo(topic: Any, params: Mapping[str, Any]) -> str:
        if not params.get("MessageGroupId"):
            raise _invalid("Invalid parameter: The MessageGroupId parameter is required for FIFO topics")
        given = params.get("MessageDeduplicationId")
        if given:
            return str(given)
        if str(topic.content_based_deduplication).lower() != "true":
            raise _invalid(
                "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or "
                "MessageDeduplicationId provided explicitly"
            )
        return hashlib.sha256(params["Message"].encode()).hexdigest()

    def _fan_out(self, topic: Any, notification: Notification) -> None:
        for subscription in list(self._backend.subscriptions.values()):
            if subscription.topic is not topic or is_pending(subscription):
                continue
            policy = subscription.attributes.get("FilterPolicy")
            if policy and not compile_policy(policy, subscription.attributes.get("FilterPolicyScope") or ATTRIBUTES)(
                notification
            ):
                self._measure(topic.arn, "NumberOfNotificationsFilteredOut", 1)
                continue
            self._deliveries.start(subscription, notification)

    # -- bookkeeping ---------------------------------------------------------------------------

    def _meter(self, topic: Any, size: int, fifo: bool) -> None:
        name = topic.name
        if fifo:
            self._cloud.meter.add("sns.fifo_publishes", 1, name)
            self._cloud.meter.add("sns.fifo_payload_gb", size / _GB, name)
        else:
            self._cloud.meter.add("sns.publishes", chunks(size, _CHUNK_KB), name)
        self._measure(topic.arn, "NumberOfMessagesPublished", 1)
        self._measure(topic.arn, "PublishSize", size)

    def _measure(self, topic_arn: str, metric: str, value: float) -> None:
        unit = "Bytes" if metric == "PublishSize" else "Count"
        dimensions = {"TopicName": topic_arn.rsplit(":", 1)[-1]}
        series = self._cloud.cloudwatch.series(_NAMESPACE, metric, dimensions, unit)
        series.add(minute_s(self._cloud.kernel.unix_us), value)


def _check_policy(policy: str | None, scope: str | None) -> None:
    if scope not in (None, ATTRIBUTES, BODY):
        raise _invalid(
            f"Invalid parameter: FilterPolicyScope: Invalid value [{scope}]. Please use {ATTRIBUTES} or {BODY}"
        )
    if policy and policy.strip() != "{}":  # which takes a policy away
        try:
            compile_policy(policy, scope or ATTRIBUTES)
        except InvalidFilterPolicy as exc:
            raise _invalid(f"Invalid parameter: FilterPolicy: {exc}") from None


def _check_dead_letters(policy: str | None) -> None:
    """Raises ApiError for a RedrivePolicy that names no queue."""
    if not policy:
        return
    try:
        arn = json.loads(policy).get("deadLetterTargetArn")
    except (ValueError, AttributeError):
        raise _invalid("Invalid parameter: RedrivePolicy: failed to parse JSON.") from None
    if not isinstance(arn, str) or not _QUEUE_ARN.fullmatch(arn):
        raise _invalid("Invalid parameter: RedrivePolicy: deadLetterTargetArn is an invalid arn")


def _is_fifo(topic: Any) -> bool:
    return bool(topic.arn.endswith(".fifo"))


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameter", message, 400, Type="Sender")
