"""Targets that Scheduler and Pipes call with a role of their own, by the service in the target's ARN."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.model import OperationNotFoundError

from localcloud.api import ApiError
from localcloud.principals import Principal
from localcloud.services.states.casing import to_api

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_ONCE = Config(retries={"total_max_attempts": 1, "mode": "standard"})
_UNIVERSAL = "arn:aws:scheduler:::aws-sdk:"
_CLIENTS = {"sfn": "stepfunctions", "states": "stepfunctions", "eventbridge": "events", "cloudwatchlogs": "logs"}
_RETRIABLE = (
    "ThrottlingException", "TooManyRequestsException", "RequestThrottled", "Throttling", "Throttled", "SlowDown",
    "ProvisionedThroughputExceededException", "LimitExceededException",
)  # fmt: skip
_SERVER_ERROR = 500
_ARN_COLONS = 5


@dataclass(eq=False)
class TargetFailed(Exception):
    """A call of a target failed. `retriable`: the same call may succeed later."""

    code: str
    message: str
    retriable: bool = False

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


Parameters = Mapping[str, Any]


class RoleTargets:
    """Makes the calls, each once. `parameters` are those of a Scheduler target or a pipe's TargetParameters.

    `principal` is who makes them; None: nobody asks whether they are allowed.
    """

    def __init__(self, cloud: Cloud, principal: Principal | None = None, clients: dict[str, Any] | None = None) -> None:
        self._cloud = cloud
        self._principal = principal
        self._clients: dict[str, Any] = {} if clients is None else clients
        self._senders: dict[str, Callable[[str, str, Parameters], None]] = {
            "events": self._to_bus,
            "kinesis": self._to_stream,
            "lambda": self._to_function,
            "logs": self._to_logs,
            "sns": self._to_topic,
            "sqs": self._to_queue,
            "states": self._to_machine,
        }

    def acting_as(self, principal: Principal) -> RoleTargets:
        """The same targets, called by this principal."""
        return RoleTargets(self._cloud, principal, self._clients)

    def knows(self, arn: str) -> bool:
        """Whether the local cloud can call such a target."""
        return arn.startswith(_UNIVERSAL) or (arn.count(":") >= _ARN_COLONS and arn.split(":")[2] in self._senders)

    def send(self, arn: str, text: str, parameters: Parameters) -> None:
        """Call a target without waiting for what comes of it. Raises TargetFailed."""
        if arn.startswith(_UNIVERSAL):
            self._universal(arn.removeprefix(_UNIVERSAL), text)
        else:
            self._senders[arn.split(":")[2]](arn, text, parameters)

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """One call of an API, if the role may make it. Raises TargetFailed."""
        self._authorize(service, self._client(service).meta.method_to_api_mapping[operation], parameters)
        return self._ask(service, operation, **parameters)

    def _authorize(self, service: str, operation: str, parameters: Parameters) -> None:
        if self._principal is None:
            return
        try:
            self._cloud.iam.authorize(self._principal, service, operation, parameters)
        except ApiError as exc:
            raise TargetFailed(exc.code, exc.message) from None

    def _ask(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._client(service), operation)(**parameters)
        except ParamValidationError as exc:
            raise TargetFailed("ValidationException", str(exc)) from None
        except ClientError as exc:
            error, status = exc.response["Error"], exc.response["ResponseMetadata"]["HTTPStatusCode"]
            retriable = status >= _SERVER_ERROR or error["Code"] in _RETRIABLE
            raise TargetFailed(error["Code"], error["Message"], retriable) from None
        except BotoCoreError as exc:
            raise TargetFailed("SDK_CLIENT_ERROR", str(exc), retriable=True) from None
        return answer

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._cloud.client(service, config=_ONCE)
        return self._clients[service]

    # -- by service ----------------------------------------------------------------------------

    def _to_function(self, arn: str, text: str, parameters: Parameters) -> None:
        self.call("lambda", "invoke", FunctionName=arn, InvocationType="Event", Payload=text.encode())

    def _to_queue(self, arn: str, text: str, parameters: Parameters) -> None:
        own = _chosen(parameters, "SqsParameters", "SqsQueueParameters")
        self.call("sqs", "send_message", QueueUrl=self.queue_url(arn), MessageBody=text, **own)

    def queue_url(self, arn: str) -> str:
        """Raises TargetFailed when there is no such queue."""
        return str(self._ask("sqs", "get_queue_url", QueueName=arn.rsplit(":", 1)[-1])["QueueUrl"])

    def _to_topic(self, arn: str, text: str, parameters: Parameters) -> None:
        self.call("sns", "publish", TopicArn=arn, Message=text)

    def _to_bus(self, arn: str, text: str, parameters: Parameters) -> None:
        own = _chosen(parameters, "EventBridgeParameters", "EventBridgeEventBusParameters")
        entry: dict[str, Any] = {"Source": "Pipe", "DetailType": "PipeEvent", **own}
        entry |= {"Detail": text, "EventBusName": arn}
        entry.pop("EndpointId", None)
        answer = self.call("events", "put_events", Entries=[entry])
        refused = answer["Entries"][0]
        if "ErrorCode" in refused:
            raise TargetFailed(refused["ErrorCode"], refused["ErrorMessage"])

    def _to_machine(self, arn: str, text: str, parameters: Parameters) -> None:
        self.call("stepfunctions", "start_execution", stateMachineArn=arn, input=text)

    def _to_stream(self, arn: str, text: str, parameters: Parameters) -> None:
        own = _chosen(parameters, "KinesisParameters", "KinesisStreamParameters")
        self.call("kinesis", "put_record", StreamARN=arn, Data=text.encode(), **own)

    def _to_logs(self, arn: str, text: str, parameters: Parameters) -> None:
        group = arn.split(":log-group:", 1)[1].removesuffix(":*")
        own = _chosen(parameters, "CloudWatchLogsParameters")
        stream = str(own.get("LogStreamName", "events"))
        self._authorize("logs", "PutLogEvents", {"logGroupName": group, "logStreamName": stream})
        self._cloud.logs.put(group, stream, [(self._cloud.kernel.unix_us // 1_000, text)])

    def _universal(self, target: str, text: str) -> None:
        """`service:action`, with the input as the parameters of the call."""
        service, _, action = target.partition(":")
        try:
            client = self._client(_CLIENTS.get(service, service))
            model = client.meta.service_model.operation_model(action[:1].upper() + action[1:])
        except (BotoCoreError, OperationNotFoundError, ValueError) as exc:
            raise TargetFailed("ValidationException", f"There is no {target}: {exc}") from None
        given = json.loads(text or "{}")
        parameters = to_api(model.input_shape, given) if isinstance(given, dict) else {}
        self.call(_CLIENTS.get(service, service), xform_name(model.name), **parameters)


def _chosen(parameters: Parameters, *names: str) -> dict[str, Any]:
    """The parameters of a kind of target, by the names that Scheduler and Pipes have for them."""
    for name in names:
        if parameters.get(name):
            return dict(parameters[name])
    return {}
