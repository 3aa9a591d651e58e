"""Notifications of buckets: to functions, queues, topics, and to the default event bus."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.s3 import notifications as moto_notifications
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.exceptions import SQSException

from localcloud.api import ApiCall, ApiError
from localcloud.services.lambda_.recursion import Lineage
from localcloud.services.policies import allows
from localcloud.services.s3.events import ObjectEvent
from localcloud.services.s3.overlaps import overlap

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_PRINCIPAL = "s3.amazonaws.com"
_KINDS = (
    ("LambdaFunctionConfigurations", "LambdaFunctionArn", "lambda:InvokeFunction"),
    ("QueueConfigurations", "QueueArn", "sqs:SendMessage"),
    ("TopicConfigurations", "TopicArn", "sns:Publish"),
)
_LOCATION = "us-east-1"
_MARKER = "s3:ObjectRemoved:DeleteMarkerCreated"


class S3Notifications:
    """Configurations are moto's; checking them and bringing notifications is ours."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._ids = cloud.kernel.streams["s3/request-ids"]
        self._sequence = 0
        self._tagging = False

    def install(self) -> None:
        """Hear of what happens to objects, and check where notifications go."""
        self._cloud.patches.set(moto_notifications, "send_event", self._happened)
        self._cloud.patches.set(moto_notifications, "send_test_event", self._send_test)
        self._cloud.api.register("s3", "PutBucketNotificationConfiguration", self._configure)
        self._cloud.api.register("s3", "DeleteObject", self._delete)
        for operation in ("PutObjectTagging", "DeleteObjectTagging"):
            self._cloud.api.register("s3", operation, self._tag)

    # -- configuring ---------------------------------------------------------------------------

    def _configure(self, call: ApiCall) -> Any:
        bucket_arn = f"arn:aws:s3:::{call.params['Bucket']}"
        given = call.params["NotificationConfiguration"]
        if overlap([one for part, _, _ in _KINDS for one in given.get(part) or ()]):
            message = "Configurations overlap. Configurations on the same bucket cannot share a common event type."
            raise ApiError("InvalidArgument", message, 400)
        if not call.params.get("SkipDestinationValidation"):
            for part, member, action in _KINDS:
                for one in given.get(part) or ():
                    if not self._may_send(one[member], action, bucket_arn):
                        message = "Unable to validate the following destination configurations"
                        raise ApiError("InvalidArgument", message, 400)
        return self._cloud.api.stock(call)

    def _may_send(self, arn: str, action: str, bucket_arn: str) -> bool:
        """Whether the destination is there and its policy lets S3 in."""
        cloud = self._cloud
        statements: Any
        try:
            if action.startswith("lambda:"):
                statements = cloud.lambda_.functions.statements(arn)
            elif action.startswith("sqs:"):
                if arn.endswith(".fifo"):
                    return False  # S3 cannot notify FIFO queues
                statements = cloud.sqs.queues.get(arn)._policy_json.get("Statement") or []
            else:
                topic = sns_backends[cloud.account_id][cloud.region].topics.get(arn)
                statements = json.loads(topic.policy or "{}").get("Statement") or [] if topic is not None else []
        except (ApiError, SQSException):
            return False
        return allows(statements, _PRINCIPAL, action, bucket_arn, cloud.account_id)

    def _send_test(self, account_id: str, bucket: Any) -> None:
        """A queue or topic gets a message when it becomes a destination."""
        configuration = bucket.notification_configuration
        at = self._cloud.now
        told = {
            "Service": "Amazon S3",
            "Event": "s3:TestEvent",
            "Time": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1_000:03d}Z",
            "Bucket": bucket.name,
            "RequestId": self._request_id(),
            "HostId": "simulated",
        }
        for notification in (*configuration.queue, *configuration.topic):
            self._start(notification.arn, json.dumps(told), {})

    # -- what happens --------------------------------------------------------------------------

    def _delete(self, call: ApiCall) -> Any:
        """moto tells nobody of delete markers."""
        bucket = s3_backends[self._cloud.account_id]["aws"].buckets.get(call.params["Bucket"])
        answer = self._cloud.api.stock(call)
        if answer.get("DeleteMarker") and not call.params.get("VersionId") and bucket is not None:
            self._tell(_MARKER, bucket, call.params["Key"], 0, "", answer.get("VersionId"))
        return answer

    def _tag(self, call: ApiCall) -> Any:
        self._tagging = True
        try:
            return self._cloud.api.stock(call)
        finally:
            self._tagging = False

    def _happened(self, account_id: str, event_name: Any, bucket: Any, key: Any) -> None:
        """In moto's place: an object was created, removed, tagged, and so on."""
        name = str(getattr(event_name, "value", event_name))
        if "ObjectTagging" in name and not self._tagging:
            return  # moto sets the tags of every object that it stores, and tells of it
        version = str(key.version_id) if bucket.is_versioned else None
        self._tell(name, bucket, key.name, int(getattr(key, "size", 0) or 0), key.etag.strip('"'), version)

    def _tell(self, name: str, bucket: Any, key: str, size: int, etag: str, version: str | None) -> None:
        configuration = bucket.notification_configuration
        if configuration is None:
            return
        self._sequence += 1
        event = ObjectEvent(
            name=name.removeprefix("s3:"),
            bucket=bucket.name,
            bucket_arn=bucket.arn,
            region=bucket.region_name or _LOCATION,
            account_id=self._cloud.account_id,
            key=key,
            size=size,
            etag=etag,
            version=version,
            sequencer=f"{self._cloud.kernel.unix_us:014X}{self._sequence & 0xFFFF:04X}",
            request_id=self._request_id(),
            at_us=self._cloud.kernel.unix_us,
        )
        lineage = self._cloud.lambda_.recursion.current()
        for notification in _destinations(configuration):
            if notification.matches(name, key):
                self._start(notification.arn, json.dumps({"Records": [event.record(notification.id)]}), lineage)
        if configuration.event_bridge is not None:
            self._cloud.kernel.call_later(self._delay_us(), self._publish, event)

    def _request_id(self) -> str:
        return f"{self._ids.getrandbits(64):016X}"

    # -- bringing it ---------------------------------------------------------------------------

    def _delay_us(self) -> int:
        return self._cloud.latency.fact_us("model.s3.notification")

    def _start(self, arn: str, text: str, lineage: Lineage) -> None:
        self._cloud.kernel.spawn(
            self._bring, arn, text, lineage, name=f"S3 notification to {arn}", delay_us=self._delay_us(), critical=True
        )

    def _bring(self, arn: str, text: str, lineage: Lineage) -> None:
        """At least once, as long as the destination is there."""
        service = arn.split(":")[2]
        try:
            if service == "lambda":
                self._cloud.lambda_.asynchronous.accept(arn, text.encode(), lineage=lineage)
            elif service == "sqs":
                self._cloud.sqs.send(arn, text, lineage)
            else:
                self._cloud.client("sns").publish(TopicArn=arn, Message=text, Subject="Amazon S3 Notification")
        except (ApiError, ClientError, SQSException):
            return

    def _publish(self, event: ObjectEvent) -> None:
        entry: Mapping[str, Any] = {
            "Source": "aws.s3",
            "DetailType": event.detail_type,
            "Detail": json.dumps(event.detail()),
            "Resources": [event.bucket_arn],
        }
        self._cloud.events.publish(entry)


def _destinations(configuration: Any) -> Iterator[Any]:
    yield from configuration.cloud_function
    yield from configuration.queue
    yield from configuration.topic
