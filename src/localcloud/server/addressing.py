"""Who a request is for: a service by its signature, or an API, a function URL or an Events API by host or path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, unquote

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
# With a signature for several Regions (SigV4A) the scope names none.
_CREDENTIAL = re.compile(r"Credential=[^/,\s]+/\d{8}/(?:[^/]+/)?([^/]+)/aws4_request")
_REGIONLESS = re.compile(r"(Credential=[^/,\s]+/\d{8})/([^/]+/aws4_request)")
_POSTED_CREDENTIAL = re.compile(rb'name="(?:x-amz-credential|AWSAccessKeyId)"', re.IGNORECASE)
_UNSIGNED_STS = re.compile(rb"(?:^|&)Action=AssumeRoleWith(?:WebIdentity|SAML)(?:&|$)")
_KINDS = r"execute-api|lambda-url|appsync-api|appsync-realtime-api|gateway\.bedrock-agentcore"
_HOST = re.compile(rf"^([a-z0-9-]+)\.({_KINDS})\.")
_PATH = re.compile(rf"^/_aws/({_KINDS})/([A-Za-z0-9-]+)(/.*)?$")
_BUCKET_HOST = re.compile(r"^(.+)\.s3[.-]")


def service_of(request: HttpRequest, is_bucket: Callable[[str], bool]) -> str | None:
    """botocore's name of the service that a request is for; None when nothing says so.

    The signature says it, in the header, the query or a form; some requests are never signed.
    """
    name = _signed_for(request) or _unsigned(request, is_bucket)
    if name is None:
        return None
    target = request.headers.get("x-amz-target", "").split(".")[0]
    if target in _BY_TARGET:
        return _BY_TARGET[target]
    if name == "apigateway":
        return "apigatewayv2" if request.path.startswith("/v2/") else "apigateway"
    if name == "execute-api":
        return "apigatewaymanagementapi"
    if name == "s3" and request.path.startswith("/v20180820/"):
        return "s3control"
    return _BY_SIGNING_NAME.get(name, name)


def with_region(authorization: str, region: str) -> str:
    """The header with a Region in its scope: a signature for several Regions (SigV4A) has none."""
    return _REGIONLESS.sub(rf"\g<1>/{region}/\g<2>", authorization)


def _signed_for(request: HttpRequest) -> str | None:
    """The signing name."""
    found = _CREDENTIAL.search(request.headers.get("authorization", ""))
    if found:
        return found[1]
    query = parse_qs(request.query)
    found = _CREDENTIAL.search(f"Credential={query.get('X-Amz-Credential', [''])[0]}")
    if found:
        return found[1]
    if "AWSAccessKeyId" in query or request.headers.get("authorization", "").startswith("AWS "):
        return "s3"  # the signature of version 2, which S3 alone still takes
    return None


def _unsigned(request: HttpRequest, is_bucket: Callable[[str], bool]) -> str | None:
    """Who takes a request without a signature: S3 for public objects and browsers' uploads, STS for other tokens."""
    if ".s3." in f".{request.headers.get('host', '')}" or is_bucket(unquote(request.path.split("/")[1])):
        return "s3"
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        return "s3" if _POSTED_CREDENTIAL.search(request.body) else None
    return "sts" if _UNSIGNED_STS.search(request.body or request.query.encode()) else None


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
