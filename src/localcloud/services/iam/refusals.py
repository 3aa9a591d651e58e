"""How services say that somebody may not do what was asked.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html.
"""

from __future__ import annotations

from localcloud.api import ApiError
from localcloud.principals import Principal
from localcloud.services.iam.needs import Need
from localcloud.services.iam.resources import ANY

_JSON = {
    "application-autoscaling", "codedeploy", "dynamodb", "dynamodbstreams", "events", "kinesis", "kms", "logs",
    "secretsmanager", "ssm", "stepfunctions",
}  # fmt: skip
_QUERY = {"cloudformation", "cloudwatch", "iam", "s3", "sqs", "sts"}


def refusal(service: str, principal: Principal, need: Need, why: str) -> ApiError:
    """The service's error. `why` is the end of its sentence."""
    action = _spelt(service, need.action)
    resource = f'"{need.resource}"' if service == "s3" else need.resource
    told = need.resource and not (service == "cloudwatch" and need.resource == ANY)
    about = f" on resource: {resource}" if told else ""
    message = f"User: {principal.arn} is not authorized to perform: {action}{about} {why.replace('ACTION', action)}"
    if service == "sns":
        return ApiError("AuthorizationError", message, 403, Type="Sender")
    if service in _QUERY:
        return ApiError("AccessDenied", message, 403, Type="Sender")
    return ApiError("AccessDeniedException", message, 400 if service in _JSON else 403)


def without_body(operation: str) -> ApiError | None:
    """What S3 says to a HEAD request, whose answer has no room for words; None for other requests."""
    return ApiError("403", "Forbidden", 403) if operation in ("HeadBucket", "HeadObject") else None


def _spelt(service: str, action: str) -> str:
    """SQS and SNS spell their actions in their own way."""
    if service == "sqs":
        return action.lower()
    return action.replace("sns:", "SNS:") if service == "sns" else action


def implicit(kind: str = "identity-based policy") -> str:
    """Nothing allows it."""
    return f"because no {kind} allows the ACTION action"


def explicit(kind: str) -> str:
    """Something denies it."""
    return f"with an explicit deny in {kind}"
