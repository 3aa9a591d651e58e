"""Roles that are handed to services: may the service assume the role, and can it do its work with it?

AWS looks at the moment at which something is made or changed, and refuses it then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moto.stepfunctions.models import stepfunctions_backends

from localcloud.api import ApiCall, ApiError
from localcloud.principals import Principal
from localcloud.services.iam.deliveries import STREAM_ACTIONS, delivery, reading
from localcloud.services.iam.needs import look

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_WAITING = "arn:aws:states:::states:startExecution.sync"
_RULE, _RULE_ACTIONS = "StepFunctionsGetEventsForStepFunctionsExecutionRule", ("PutTargets", "PutRule", "DescribeRule")
_LOG_ACTIONS = (
    "CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries",
    "PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups",
)  # fmt: skip
_INTERFACE_ACTIONS = ("CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface")


class HandedRoles:
    """Looks at the calls that hand a role over."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def install(self) -> None:
        """Look, before anything is made."""
        for service, check in (
            ("events", self._of_rule), ("lambda", self._of_function), ("scheduler", self._of_schedule),
            ("stepfunctions", self._of_state_machine),
        ):  # fmt: skip
            self._cloud.api.before_call(check, service)

    def _can_assume(self, service: str, role: Any) -> bool:
        return not isinstance(role, str) or not role or self._cloud.iam.can_assume(f"{service}.amazonaws.com", role)

    # -- Step Functions, Scheduler, EventBridge ------------------------------------------------

    def _of_state_machine(self, call: ApiCall) -> None:
        if call.operation in ("CreateStateMachine", "UpdateStateMachine"):
            role = call.params.get("roleArn")
            regional = f"states.{self._cloud.region}"
            if not (self._can_assume("states", role) or self._can_assume(regional, role)):
                message = (
                    "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to "
                    "assume the provided role."
                )
                raise ApiError("AccessDeniedException", message)
            self._check_work(call.params)

    def _check_work(self, params: Mapping[str, Any]) -> None:
        """A task that waits for the end of another execution is told of it by a rule, which the role has to make; and
        logs come to where the role may have them delivered.
        """
        role = params.get("roleArn")
        if not isinstance(role, str):  # an update that leaves the role as it is
            backend = stepfunctions_backends[self._cloud.account_id][self._cloud.region]
            machine = next((one for one in backend.state_machines if one.arn == params["stateMachineArn"]), None)
            if machine is None:
                return
            role = str(machine.roleArn)
        logging = params.get("loggingConfiguration") or {}
        if logging.get("level", "OFF") != "OFF" and logging.get("destinations"):
            who = Principal(role, "StepFunctions")
            if not all(self._cloud.iam.permits(who, f"logs:{action}", "*") for action in _LOG_ACTIONS):
                message = "The state machine IAM Role is not authorized to access the Log Destination"
                raise ApiError("AccessDeniedException", message)
        if _WAITING not in str(params.get("definition")):
            return
        rule = f"arn:aws:events:{self._cloud.region}:{self._cloud.account_id}:rule/{_RULE}"
        who = Principal(role, "StepFunctions")
        if not all(self._cloud.iam.permits(who, f"events:{action}", rule) for action in _RULE_ACTIONS):
            raise ApiError("AccessDeniedException", f"'{role}' is not authorized to create managed-rule.")

    def _of_schedule(self, call: ApiCall) -> None:
        handing = call.operation in ("CreateSchedule", "UpdateSchedule")
        if handing and not self._can_assume("scheduler", look(call.params, "Target.RoleArn")):
            message = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
            raise ApiError("ValidationException", message)

    def _of_rule(self, call: ApiCall) -> None:
        roles = [call.params.get("RoleArn")] if call.operation == "PutRule" else []
        if call.operation == "PutTargets":
            roles = [target.get("RoleArn") for target in call.params.get("Targets") or ()]
        for role in roles:
            if not self._can_assume("events", role):
                message = f"Provided role '{role}' cannot be assumed by principal 'events.amazonaws.com'."
                raise ApiError("ValidationException", message)

    # -- Lambda --------------------------------------------------------------------------------

    def _of_function(self, call: ApiCall) -> None:
        if call.operation in ("CreateFunction", "UpdateFunctionConfiguration"):
            self._check_settings(call.params)
        elif call.operation in ("CreateEventSourceMapping", "UpdateEventSourceMapping"):
            self._check_mapping(call.params)
        elif call.operation in ("PutFunctionEventInvokeConfig", "UpdateFunctionEventInvokeConfig"):
            self._check_destinations(call.params)

    def _role_of(self, reference: str) -> Principal | None:
        """The role of a function that is there."""
        try:
            model = self._cloud.lambda_.functions.model(reference)
        except ApiError:
            return None
        return Principal(str(model.role), str(model.function_name))

    def _check_settings(self, params: Mapping[str, Any]) -> None:
        role, name = params.get("Role"), str(params["FunctionName"])
        if not self._can_assume("lambda", role):
            raise _refused("The role defined for the function cannot be assumed by Lambda.")
        who = Principal(role, name) if isinstance(role, str) else self._role_of(name)
        if who is None:
            return
        if look(params, "TracingConfig.Mode") == "Active" and not self._cloud.iam.permits(
            who, "xray:PutTraceSegments", "*"
        ):
            raise _refused("The provided execution role does not have permissions to call PutTraceSegments on XRAY")
        for action in _INTERFACE_ACTIONS if look(params, "VpcConfig.SubnetIds") else ():
            if not self._cloud.iam.permits(who, f"ec2:{action}", "*"):
                raise _refused(f"The provided execution role does not have permissions to call {action} on EC2")
        target = look(params, "DeadLetterConfig.TargetArn")
        if target and not self._may_deliver(who, target):
            service = target.split(":")[2].upper()
            operation = "SendMessage" if service == "SQS" else "Publish"
            message = f"The provided execution role does not have permissions to call {operation} on {service}"
            raise _refused(message)

    def _check_destinations(self, params: Mapping[str, Any]) -> None:
        who = self._role_of(params["FunctionName"])
        for way in ("OnSuccess", "OnFailure"):
            target = look(params, f"DestinationConfig.{way}.Destination")
            found = delivery(target) if isinstance(target, str) and target.startswith("arn:") else None
            if who is not None and found is not None and not self._may_deliver(who, target):
                operation = "InvokeFunction" if found[1] == "Invoke" else found[1]
                message = f"The function's execution role does not have permissions to call {operation} on {target}"
                raise _refused(message)

    def _may_deliver(self, who: Principal, arn: str) -> bool:
        found = delivery(arn)
        try:
            if found is not None:
                self._cloud.iam.authorize(who, *found)
        except ApiError:
            return False
        return True

    def _check_mapping(self, params: Mapping[str, Any]) -> None:
        arn = params.get("EventSourceArn")
        if not isinstance(arn, str):  # an update, of one whose function it may change
            mapping = self._cloud.lambda_.functions.backend.get_event_source_mapping(params.get("UUID", ""))
            arn = mapping.event_source_arn if mapping is not None and "FunctionName" in params else ""
        who = self._role_of(params["FunctionName"]) if arn else None
        if who is None or not arn.startswith("arn:"):
            return
        lacking = [action.split(":") for action, at in reading(arn) if not self._cloud.iam.permits(who, action, at)]
        if not lacking:
            return
        service, action = lacking[0]
        if service == "sqs":
            raise _refused(f"The provided execution role does not have permissions to call {action} on SQS")
        *first, last = STREAM_ACTIONS[service]
        raise _refused(
            f"Cannot access stream {arn}. Please ensure the role can perform the {', '.join(first)}, and {last} "
            "Actions on your stream in IAM."
        )


def _refused(message: str) -> ApiError:
    return ApiError("InvalidParameterValueException", message, 400, Type="User")
