"""May API Gateway invoke a function? The function's resource policy decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.api import ApiError
from localcloud.services.policies import allows

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_GATEWAY = "apigateway.amazonaws.com"


def gateway_may_invoke(cloud: Cloud, function: str, source_arn: str) -> bool:
    """Whether the policy of `function` (name or ARN) lets API Gateway in for `source_arn`; False without one."""
    try:
        statements = cloud.lambda_.functions.statements(function)
    except ApiError:
        return False
    return allows(statements, _GATEWAY, "lambda:InvokeFunction", source_arn, cloud.account_id)


def function_of(uri: str) -> str:
    """The function's ARN in an integration or authorizer URI, which may be the ARN itself."""
    if ":lambda:path/" in uri:
        return uri.split("/functions/", 1)[-1].removesuffix("/invocations")
    return uri
