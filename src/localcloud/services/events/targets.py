"""The services that a rule can send events to, and whether it may."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.sqs.exceptions import QueueDoesNotExist, SQSException

from localcloud.api import ApiError
from localcloud.api.calls import plain_name
from localcloud.principals import Principal
from localcloud.services.events.api_destinations import ApiDestinations
from localcloud.services.events.connections import Connections
from localcloud.services.events.transform import MISSING, select
from localcloud.services.iam.deliveries import delivery
from localcloud.services.policies import allows

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

# The calls of targets that pass no client, by service.
_OPERATIONS = {"lambda": "Invoke", "sqs": "SendMessage", "events": "PutEvents", "logs": "PutLogEvents"}
_MISSING = ("NotFound", "ResourceNotFoundException")
_PRINCIPAL = "events.amazonaws.com"
Sender = Callable[[Any, Mapping[str, Any], Mapping[str, Any], str], None]  # rule, target, event, text


_ARN_KEY = "_localcloud_arn"


def arn_of(rule: Any) -> str:
    """The ARN of moto's rule, which never changes; moto would put it together at every look."""
    known: dict[str, Any] = rule.__dict__
    found: str | None = known.get(_ARN_KEY)
    if found is None:
        found = known[_ARN_KEY] = rule.arn
    return found


class NotPermitted(Exception):
    """The target's policy does not let EventBridge in."""


class TargetMissing(Exception):
    """There is no such target."""


class Targets:
    """Sends to targets by the service in their ARN. Other services add themselves with `register`.

    `forward(bus_name, event)` puts an event on another bus. `before_send` listeners hear (service, operation,
    resource) of each call of a target that is made directly; they may sleep or raise ApiError, as faults do.
    """

    def __init__(
        self, cloud: Cloud, forward: Callable[[str, Mapping[str, Any]], None], connections: Connections
    ) -> None:
        self._cloud = cloud
        self._forward = forward
        self._destinations = ApiDestinations(cloud, connections)
        self.before_send: list[Callable[[str, str, str], None]] = []
        self._senders: dict[str, Sender] = {
            "lambda": self._to_lambda,
            "sqs": self._to_sqs,
            "events": self._to_bus,
            "kinesis": self._to_stream,
            "logs": self._to_logs,
            "sns": self._to_sns,
        }

    def register(self, service: str, sender: Sender) -> None:
        """Make `service` a target. `sender(rule, target, event, text)` may raise ApiError."""
        self._senders[service] = sender

    def send(self, rule: Any, target: Mapping[str, Any], event: Mapping[str, Any], text: str) -> None:
        """Raises NotPermitted, TargetMissing, ApiError or moto's SQSException."""
        service = target["Arn"].split(":")[2]
        sender = self._senders.get(service)
        if sender is None:
            raise TargetMissing(f"The local cloud cannot send events to {service}: {target['Arn']}.")
        operation = _OPERATIONS.get(service)
        if operation is not None:
            for listener in self.before_send:
                listener(service, operation, plain_name(service, target["Arn"]))
        self._authorize(rule, target)
        sender(rule, target, event, text)

    def _authorize(self, rule: Any, target: Mapping[str, Any]) -> None:
        """A target with a role is called in it. Raises NotPermitted."""
        role, arn, iam = target.get("RoleArn"), target["Arn"], self._cloud.iam
        if not role:
            return
        who = Principal(role, rule.name)
        if ":api-destination/" in arn:
            if not iam.permits(who, "events:InvokeApiDestination", arn):
                raise NotPermitted(f"{role} may not do events:InvokeApiDestination on {arn}.")
            return
        call = delivery(arn)
        if call is None:
            return
        try:
            iam.authorize(who, *call)
        except ApiError as exc:
            raise NotPermitted(exc.message) from exc

    # -- Lambda --------------------------------------------------------------------------------

    def _to_lambda(self, rule: Any, target: Mapping[str, Any], event: Mapping[str, Any], text: str) -> None:
        lambda_, arn = self._cloud.lambda_, target["Arn"]
        try:
            statements = lambda_.functions.statements(arn)
        except ApiError as exc:
            raise TargetMissing(exc.message) from exc
        if not target.get("RoleArn") and not self._allowed(statements, "lambda:InvokeFunction", arn_of(rule)):
            raise NotPermitted(f"{arn} has no permission for {_PRINCIPAL} to invoke it from {rule.arn}.")
        lambda_.asynchronous.accept(arn, text.encode())

    def _allowed(self, statements: Any, action: str, source_arn: str) -> bool:
        return allows(statements, _PRINCIPAL, action, source_arn, self._cloud.account_id)

    # -- SQS -----------------------------------------------------------------------------------

    def _to_sqs(self, rule: Any, target: Mapping[str, Any], event: Mapping[str, Any], text: str) -> None:
        group = (target.get("SqsParameters") or {}).get("MessageGroupId")
        self._put(target["Arn"], rule, text, bool(target.get("RoleArn")), {"MessageGroupId": group} if group else {})

    def _put(self, queue_arn: str, rule: Any, text: str, by_role: bool, entry: Mapping[str, Any]) -> None:
        sqs = self._cloud.sqs
        try:
            queue = sqs.queues.get(queue_arn)
        except QueueDoesNotExist as exc:
            raise TargetMissing(f"{queue_arn} does not exist.") from exc
        statements = queue._policy_json.get("Statement") or []
        if not by_role and not self._allowed(statements, "sqs:SendMessage", arn_of(rule)):
            raise NotPermitted(f"The policy of {queue_arn} does not let {_PRINCIPAL} send messages from {rule.arn}.")
        sqs.send(queue_arn, text, **entry)

    def dead_letter(self, queue_arn: str, rule: Any, event: Mapping[str, Any], attributes: Mapping[str, str]) -> bool:
        """Put an undeliverable event into its dead-letter queue. False when that fails too."""
        described = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items() if value}
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        try:
            self._put(queue_arn, rule, text, False, {"MessageAttributes": described})
        except (NotPermitted, TargetMissing, SQSException):
            return False
        return True

    # -- the others ------------------------------------------------------------------------------

    def _to_bus(self, rule: Any, target: Mapping[str, Any], event: Mapping[str, Any], text: str) -> None:
        resource = target["Arn"].split(":", 5)[-1]
        if resource.startswith("api-destination/"):
            self._destinations.call(target["Arn"], text, target.get("HttpParameters"))
            return
        if not resource.startswith("event-bus/"):
            raise TargetMissing(f"{target['Arn']} is not an event bus.")
        self._forward(resource.split("/", 1)[1], event)

    def _to_logs(self, rule: Any, target: Mapping[str, Any], event: Mapping[str, Any], text: str) -> None:
        group = target["Arn"].split(":log-group:", 1)[1].removesuffix(":*")
        self._cloud.logs.put(group, event["id"], [(self._cloud.kernel.unix_us // 1_000, text)])

    def _to_stream(self, rule: Any, target: Mapping[str, Any], event: Mapping[str, Any], text: str) -> None:
        """The partition key is what the target's path finds in the event, or the event's id."""
        path = (target.get("KinesisParameters") or {}).get("PartitionKeyPath")
        found = select(event, path) if path else event["id"]
        key = found if isinstance(found, str) else event["id"] if found is MISSING else json.dumps(found)
        self._call("kinesis", "put_record", StreamARN=target["Arn"], Data=text.encode(), PartitionKey=key)

    def _to_sns(self, rule: Any, target: Mapping[str, Any], event: Mapping[str, Any], text: str) -> None:
        self._call("sns", "publish", TopicArn=target["Arn"], Message=text)

    def _call(self, service: str, operation: str, **parameters: Any) -> None:
        """Raises TargetMissing or ApiError."""
        try:
            getattr(self._cloud.client(service), operation)(**parameters)
        except ClientError as exc:
            error, status = exc.response["Error"], exc.response["ResponseMetadata"]["HTTPStatusCode"]
            if error["Code"] in _MISSING:
                raise TargetMissing(error["Message"]) from exc
            raise ApiError(error["Code"], error["Message"], status) from exc
