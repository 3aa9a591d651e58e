"""Lambda function URLs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from localcloud.ids import uuid4_text
from localcloud.net import HttpRequest, HttpResponse
from localcloud.services.http_api.cors import cors_headers, simple_cors_headers
from localcloud.services.http_api.payload import Context, event_v2
from localcloud.services.http_api.proxy import invoke, refusal, traced
from localcloud.services.lambda_.function_urls import FunctionUrl
from localcloud.services.policies import allows

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_ACTIONS = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")  # since October 2025 a URL needs both
_FORBIDDEN = refusal(
    403,
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html",
    key="Message",
)
_THROTTLED = refusal(429, "Rate Exceeded.", key="Message")
_TOO_LARGE = refusal(413, "Request must be smaller than 6291456 bytes", key="Message")
_BAD_GATEWAY = refusal(502, "Internal Server Error")


class FunctionUrls:
    """Serves the URLs that functions have, as moto knows them at the moment of the request."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._suffix = f".lambda-url.{cloud.region}.on.aws"
        self._most_bytes = int(cloud.facts.value("quota.lambda.payload.sync")) * 1024 * 1024
        self._ids = cloud.kernel.streams["lambda/url-ids"]

    def install(self) -> None:
        """Answer for every function URL."""
        self._cloud.http.serve_suffix(self._suffix, self._serve)

    def _serve(self, request: HttpRequest) -> HttpResponse:
        url = self._cloud.lambda_.urls.find(request.host)
        if url is None:
            return _FORBIDDEN
        cors = {name[:1].lower() + name[1:]: value for name, value in (url.config.config.get("Cors") or {}).items()}
        origin = request.headers.get("origin")
        if cors and origin and request.method == "OPTIONS":  # preflights never reach the function
            return HttpResponse(200, cors_headers(cors, origin))
        answer = self._invoke(url, request)
        if not cors or not origin:
            return answer
        return HttpResponse(answer.status, {**answer.headers, **simple_cors_headers(cors, origin)}, answer.body)

    def _invoke(self, url: FunctionUrl, request: HttpRequest) -> HttpResponse:
        if not self._lets_in(url, request):
            return _FORBIDDEN
        identifier = request.host.split(".")[0]
        name = f"{request.method} {request.path}"
        with self._cloud.tracer.span(name, "lambda-url", url.function.function_name) as span:
            request = traced(self._cloud, request, span)
            context = Context(
                account_id=self._cloud.account_id,
                api_id=identifier,
                domain=request.host,
                stage="$default",
                route_key="$default",
                request_id=uuid4_text(self._ids),
                at=self._cloud.now,
                path=request.path,
                parameters={},
                stage_variables={},
            )
            payload = json.dumps(event_v2(request, context)).encode()
            if len(payload) > self._most_bytes:
                return _TOO_LARGE
            return invoke(self._cloud, url.arn, payload, "2.0", None, failed=_BAD_GATEWAY, throttled=_THROTTLED)

    def _lets_in(self, url: FunctionUrl, request: HttpRequest) -> bool:
        """Whether the policy lets the caller in; a caller who signs is of the account, and needs none."""
        if "authorization" in request.headers:
            return all(self._cloud.iam.refusal_of_caller(action, url.arn) is None for action in _ACTIONS)
        auth_type = url.config.config.get("AuthType")
        if auth_type == "AWS_IAM":
            return False
        context = {"lambda:FunctionUrlAuthType": auth_type, "lambda:InvokedViaFunctionUrl": "true"}
        statements = self._cloud.lambda_.functions.statements(url.arn)
        return all(allows(statements, "*", action, "", self._cloud.account_id, context) for action in _ACTIONS)
