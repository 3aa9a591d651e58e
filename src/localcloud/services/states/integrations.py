"""What a Task state calls: functions, services by their SDK, other state machines, HTTP APIs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.model import OperationNotFoundError

from localcloud.api import ApiError
from localcloud.principals import Principal
from localcloud.services.lambda_ import InvokeResult, Throttled
from localcloud.services.states.casing import from_api, to_api
from localcloud.services.states.errors import RUNTIME, TASK_FAILED, StateFailed
from localcloud.services.states.executions import SUCCEEDED, Execution, iso
from localcloud.services.states.http_tasks import http_invoke

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_ONCE = Config(retries={"total_max_attempts": 1, "mode": "standard"})
SYNC, SYNC_2, TOKEN = ".sync", ".sync:2", ".waitForTaskToken"
# the names that Step Functions has for services, where botocore has others
_CLIENTS = {"sfn": "stepfunctions", "states": "stepfunctions", "eventbridge": "events", "cloudwatchlogs": "logs",
            "bedrockruntime": "bedrock-runtime", "bedrock": "bedrock-runtime"}  # fmt: skip
# how error names begin
_OPTIMISED = {
    "bedrock": "Bedrock",
    "dynamodb": "DynamoDB",
    "sqs": "SQS",
    "sns": "SNS",
    "events": "EventBridge",
    "states": "StepFunctions",
}
_SDK = {"dynamodb": "DynamoDb", "sqs": "Sqs", "sns": "Sns", "eventbridge": "EventBridge", "sfn": "Sfn",
        "cloudwatchlogs": "CloudWatchLogs", "secretsmanager": "SecretsManager",
        "bedrockruntime": "BedrockRuntime"}  # fmt: skip
_SERVICE_EXCEPTIONS = {
    "dynamodb": "AmazonDynamoDBException", "events": "AmazonEventBridgeException", "sns": "AmazonSNSException",
    "sqs": "AmazonSQSException", "states": "AWSStepFunctionsException",
}  # fmt: skip
_ASKS, _ANSWERS, _NESTS = ("",), ("", TOKEN), ("", SYNC, SYNC_2, TOKEN)
# which optimised integrations there are, and with which patterns
_PATTERNS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("sqs", "sendMessage"): _ANSWERS, ("sns", "publish"): _ANSWERS, ("events", "putEvents"): _ANSWERS,
    ("dynamodb", "getItem"): _ASKS, ("dynamodb", "putItem"): _ASKS, ("dynamodb", "updateItem"): _ASKS,
    ("dynamodb", "deleteItem"): _ASKS, ("lambda", "invoke"): _ANSWERS, ("states", "startExecution"): _NESTS,
    ("bedrock", "invokeModel"): _ASKS, ("http", "invoke"): _ASKS,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Resource:
    """A Task's Resource. `pattern` is "", ".sync", ".sync:2" or ".waitForTaskToken"."""

    arn: str
    kind: str  # "function", "activity", "sdk" or "optimised"
    service: str
    action: str
    pattern: str = ""


@lru_cache(maxsize=1_024)
def parse_resource(text: str) -> Resource:
    """Raises StateFailed for what the local cloud does not simulate."""
    if text.startswith("arn:aws:lambda:"):
        return Resource(text, "function", "lambda", text)
    parts = text.split(":", 5)
    if text.startswith("arn:aws:states:::"):
        service, _, rest = parts[5].partition(":")
        kind = "optimised"
        if service == "aws-sdk":
            service, _, rest = rest.partition(":")
            kind = "sdk"
        action, dot, pattern = rest.partition(".")
        found = Resource(text, kind, service, action, dot + pattern)
        if found.pattern in (_ANSWERS if kind == "sdk" else _PATTERNS.get((service, action), ())):
            return found
    elif text.startswith("arn:aws:states:") and parts[-1].startswith("activity:"):
        return Resource(text, "activity", "states", text)
    raise StateFailed(RUNTIME, f"The resource {text} is not simulated by the local cloud.")


def _nobody(answer: Any) -> None:
    """Whom nothing is to be told."""


class Integrations:
    """Makes the calls of tasks, in the task that asks.

    `start` begins an execution of another state machine, `stop` aborts it.
    """

    def __init__(
        self, cloud: Cloud, start: Callable[[Mapping[str, Any]], Execution], stop: Callable[[Execution], None]
    ) -> None:
        self._cloud = cloud
        self._start = start
        self._stop = stop
        self._clients: dict[str, Any] = {}

    def call(
        self, who: Principal, resource: Resource, arguments: Any, submitted: Callable[[Any], None] = _nobody
    ) -> Any:
        """The result of the call that `who` makes, as JSON. Raises StateFailed with the service's error.

        `submitted` is told what a service answered that has taken a job (.sync), before the job is done.
        """
        if resource.kind == "function":
            return self._function(who, resource.action, arguments)
        if resource.kind == "optimised" and resource.service == "lambda":
            return self._invoke(who, arguments)
        if resource.kind == "optimised" and resource.service == "states" and resource.pattern.startswith(SYNC):
            return self._nested(who, arguments, resource.pattern == SYNC_2, submitted)
        if resource.kind == "optimised" and resource.service == "http":
            return http_invoke(self._cloud, arguments)
        if resource.kind == "optimised" and resource.service == "bedrock":
            return self._model(who, resource, arguments)
        return self._sdk(who, resource, arguments)

    # -- models --------------------------------------------------------------------------------

    def _model(self, who: Principal, resource: Resource, arguments: Any) -> Any:
        """The optimised integration takes and gives bodies as JSON, not as text."""
        body = arguments.get("Body") if isinstance(arguments, dict) else None
        if not isinstance(body, dict):  # it may also lie on S3
            raise StateFailed(
                RUNTIME, "The local cloud takes the Body of bedrock:invokeModel as JSON in its parameters."
            )
        answer = self._sdk(who, resource, {**arguments, "Body": json.dumps(body)})
        return {"Body": json.loads(answer["Body"]), "ContentType": answer["ContentType"]}

    # -- Lambda --------------------------------------------------------------------------------

    def _function(self, who: Principal, reference: str, arguments: Any) -> Any:
        result = self._run(who, reference, None, json.dumps(arguments).encode())
        return json.loads(result.payload or b"null")

    def _invoke(self, who: Principal, arguments: Any) -> Any:
        if not isinstance(arguments, dict) or "FunctionName" not in arguments:
            raise StateFailed(RUNTIME, "The field FunctionName is required by arn:aws:states:::lambda:invoke.")
        payload = json.dumps(arguments.get("Payload", {})).encode()
        if arguments.get("InvocationType") == "Event":
            self._authorize_invoke(who, arguments["FunctionName"], arguments.get("Qualifier"))
            self._cloud.lambda_.asynchronous.accept(arguments["FunctionName"], payload)
            return {"Payload": "", "StatusCode": 202}
        result = self._run(who, arguments["FunctionName"], arguments.get("Qualifier"), payload)
        return {
            "ExecutedVersion": result.executed_version,
            "Payload": json.loads(result.payload or b"null"),
            "SdkResponseMetadata": {"RequestId": result.request_id},
            "StatusCode": 200,
        }

    def _run(self, who: Principal, reference: str, qualifier: str | None, payload: bytes) -> InvokeResult:
        cloud = self._cloud
        cloud.kernel.sleep(cloud.latency.api_us("lambda", "Invoke"))
        self._authorize_invoke(who, reference, qualifier)
        try:
            result = cloud.lambda_.invoke(reference, payload, qualifier=qualifier)
        except Throttled as exc:
            raise StateFailed("Lambda.TooManyRequestsException", f"Rate Exceeded. ({exc})") from None
        except ApiError as exc:
            raise StateFailed(f"Lambda.{_exception(exc.code)}", exc.message) from None
        if result.function_error is not None:
            text = result.payload.decode()
            told = json.loads(text or "{}")
            name = told.get("errorType", "Lambda.Unknown") if isinstance(told, dict) else "Lambda.Unknown"
            raise StateFailed(name, text)
        return result

    def _authorize_invoke(self, who: Principal, reference: str, qualifier: str | None) -> None:
        params = {"FunctionName": reference, **({"Qualifier": qualifier} if qualifier else {})}
        try:
            self._cloud.iam.authorize(who, "lambda", "Invoke", params)
        except ApiError as exc:
            raise StateFailed("Lambda.AWSLambdaException", exc.message) from None

    # -- other state machines ------------------------------------------------------------------

    def _nested(self, who: Principal, arguments: Any, parsed: bool, submitted: Callable[[Any], None]) -> Any:
        """Wait for the end of the other execution. Whoever gives up on this task stops that too."""
        try:
            if isinstance(arguments, dict):
                machine = {"stateMachineArn": arguments.get("StateMachineArn")}
                self._cloud.iam.authorize(who, "stepfunctions", "StartExecution", machine)
            child = self._start(arguments)
        except ApiError as exc:
            raise StateFailed(f"StepFunctions.{_exception(exc.code)}", exc.message) from None
        try:
            submitted({"ExecutionArn": child.arn, "StartDate": iso(child.started_us)})
            child.finished.wait()
        finally:
            self._stop(child)
        told = from_api(None, child.description())
        answer = {key[:1].upper() + key[1:]: value for key, value in told.items()}
        if parsed and child.output_text is not None:
            answer["Output"] = json.loads(child.output_text)
        if child.status != SUCCEEDED:
            raise StateFailed(TASK_FAILED, json.dumps(answer))
        return answer

    # -- any service ---------------------------------------------------------------------------

    def _sdk(self, who: Principal, resource: Resource, arguments: Any) -> Any:
        optimised = resource.kind == "optimised"
        prefix = (_OPTIMISED if optimised else _SDK).get(resource.service, resource.service.capitalize())
        try:
            client = self._client(_CLIENTS.get(resource.service, resource.service))
            operation = resource.action[:1].upper() + resource.action[1:]
            model = client.meta.service_model.operation_model(operation)
        except (BotoCoreError, OperationNotFoundError, ValueError) as exc:
            raise StateFailed(RUNTIME, f"There is no {resource.service}:{resource.action}: {exc}") from None
        parameters = to_api(model.input_shape, arguments) if isinstance(arguments, dict) else {}
        try:
            self._cloud.iam.authorize(who, client.meta.service_model.service_name, operation, parameters)
            answer = getattr(client, xform_name(operation))(**parameters)
        except ApiError as exc:
            raise StateFailed(f"{prefix}.{_modelled(client, resource, exc.code)}", exc.message) from None
        except ParamValidationError as exc:
            raise StateFailed(RUNTIME, f"The parameters of {resource.action} are not valid: {exc}") from None
        except ClientError as exc:
            error = exc.response["Error"]
            raise StateFailed(f"{prefix}.{_modelled(client, resource, error['Code'])}", error["Message"]) from None
        except BotoCoreError as exc:
            raise StateFailed(f"{prefix}.SdkClientException", str(exc)) from None
        return from_api(model.output_shape, answer)

    def has_action(self, service: str, action: str) -> bool:
        """Whether a service that tasks name has an action; True also for a service that nobody here knows."""
        try:
            client = self._client(_CLIENTS.get(service, service))
            client.meta.service_model.operation_model(action[:1].upper() + action[1:])
        except OperationNotFoundError:
            return False
        except (BotoCoreError, ValueError):
            return True
        return True

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._cloud.client(service, config=_ONCE)
        return self._clients[service]


def _modelled(client: Any, resource: Resource, code: str) -> str:
    """The SDK's exception for an error code: that of the whole service when the API has no shape for the error."""
    if client.meta.service_model.shape_for_error_code(code) is not None:
        return _exception(code)
    if resource.kind == "optimised":  # these are called by the SDK's first version
        return _SERVICE_EXCEPTIONS.get(resource.service, _exception(code))
    return f"{_SDK.get(resource.service, resource.service.capitalize())}Exception"


def _exception(code: str) -> str:
    """An error code as the SDK for Java names its exception."""
    name = code.rsplit(".", 1)[-1]
    return name if name.endswith("Exception") else f"{name}Exception"
