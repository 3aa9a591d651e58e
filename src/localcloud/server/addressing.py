"""Who a request is for: a service by its signature, or an API, a function URL or an Events API by host or path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qs

from localcloud.net import HttpRequest

# Services whose signing name is not botocore's own name for them. With several, the request decides.
_BY_SIGNING_NAME: Mapping[str, str] = {
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
    "bedrock": "bedrock-runtime",
    "email": "sesv2",
    "elasticloadbalancing": "elbv2",
}
# Services that share a signing name with another: what the one has no operation for is meant for the next.
SIBLINGS: Mapping[str, tuple[str, ...]] = {
    "bedrock-agentcore": ("bedrock-agentcore-control",),
    "bedrock-runtime": ("bedrock",),
}
_BY_TARGET: Mapping[str, str] = {
    "DynamoDBStreams_20120810": "dynamodbstreams",
    "AmazonSQS": "sqs",
}
_CREDENTIAL = re.compile(r"Credential=[^/,\s]+/\d{8}/[^/]+/([^/]+)/aws4_request")
_KINDS = r"execute-api|lambda-url|appsync-api|appsync-realtime-api|gateway\.bedrock-agentcore"
_HOST = re.compile(rf"^([a-z0-9-]+)\.({_KINDS})\.")
_PATH = re.compile(rf"^/_aws/({_KINDS})/([A-Za-z0-9-]+)(/.*)?$")
_BUCKET_HOST = re.compile(r"^(.+)\.s3[.-]")


def service_of(request: HttpRequest) -> str | None:
    """botocore's name of the service that a request was signed for; None when it was signed for none."""
    query = parse_qs(request.query)
    found = _CREDENTIAL.search(request.headers.get("authorization", ""))
    name = found[1] if found else None
    if name is None and "X-Amz-Credential" in query:
        name = query["X-Amz-Credential"][0].split("/")[3]
    if name is None and ("AWSAccessKeyId" in query or ".s3." in f".{request.headers.get('host', '')}"):
        name = "s3"
    if name is None:
        return None
    target = request.headers.get("x-amz-target", "").split(".")[0]
    if target in _BY_TARGET:
        return _BY_TARGET[target]
    if name == "apigateway":
        return "apigatewayv2" if request.path.startswith("/v2/") else "apigateway"
    if name == "execute-api":
        return "apigatewaymanagementapi"
    return _BY_SIGNING_NAME.get(name, name)


def data_plane(request: HttpRequest, region: str) -> HttpRequest | None:
    """The request as the deployed API's own host would get it; None when it is not for one."""
    host, path = request.headers.get("host", "").lower(), request.path
    by_host, by_path = _HOST.match(host), _PATH.match(path)
    if by_host:
        name, kind = by_host[1], by_host[2]
    elif by_path:
        kind, name, path = by_path[1], by_path[2], by_path[3] or "/"
        if path.startswith("/$default"):
            path = path.removeprefix("/$default") or "/"
    else:
        return None
    domain = f"lambda-url.{region}.on.aws" if kind == "lambda-url" else f"{kind}.{region}.amazonaws.com"
    url = f"https://{name}.{domain}{path}" + (f"?{request.query}" if request.query else "")
    return HttpRequest(request.method, url, {**request.headers, "host": f"{name}.{domain}"}, request.body)


def bucket_in_host(request: HttpRequest) -> str | None:
    """The bucket of a virtual-host style S3 request."""
    found = _BUCKET_HOST.match(request.headers.get("host", ""))
    return found[1] if found else None
