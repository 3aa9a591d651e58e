"""Answers one request of a client outside: a call of AWS's API, or a request to what was deployed."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, ParamValidationError, UnknownServiceError
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.utils import get_service_model
from moto.s3.models import s3_backends

from localcloud.api import ApiCall, ApiError
from localcloud.ids import uuid4_text
from localcloud.net import HttpRequest, HttpResponse, HttpUnreachable
from localcloud.server import cbor, wire
from localcloud.server.addressing import SIBLINGS, bucket_in_host, data_plane, service_of, with_region

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

# One attempt: the client outside has a retry policy of its own.
_ONE_ATTEMPT = Config(retries={"total_max_attempts": 1, "mode": "standard"}, parameter_validation=True)
_JSON = {"content-type": "application/json"}
_NOT_YET = "Not yet implemented"  # moto's whole answer to what it has no URL for
_INTERNAL_FAILURE = "The request processing has failed because of an unknown error, exception or failure."
_log = logging.getLogger(__name__)


class Gateway:
    """`answer` runs in a task of the simulation and takes virtual time."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._moto = BotocoreStubber()
        self._ids = cloud.kernel.streams["server/request-ids"]

    def answer(self, request: HttpRequest) -> HttpResponse:
        """The response to any request. Never raises for what a client can send."""
        deployed = data_plane(request, self._cloud.region)
        if deployed is not None:
            return self._deployed(deployed)
        request_id = uuid4_text(self._ids)
        service = service_of(request, self._has_bucket)
        if service is None:
            return _plain(403, "MissingAuthenticationTokenException", "Missing Authentication Token", request_id)
        try:
            call = _route(service, request)
        except UnknownServiceError:
            message = f"There is no service with the signing name {service}."
            return _plain(404, "UnknownServiceException", message, request_id)
        except ApiError as exc:
            return _unrouted(service, exc, request_id)
        try:
            return self._answer(call, request, request_id)
        except ApiError as exc:
            return wire.failure(call, exc, request_id)
        except HTTPClientError as exc:  # a fault that leaves a client without an answer
            return wire.failure(call, ApiError("ServiceUnavailable", str(exc), 503), request_id)
        except NotImplementedError:
            return wire.failure(call, _missing(call, ""), request_id)
        except ImportError as exc:  # moto keeps the libraries of most services optional
            return wire.failure(call, _missing(call, f": it needs {exc.name}, which is not installed"), request_id)
        except Exception:  # noqa: BLE001  a defect here is an internal failure there, as AWS's own defects are
            _log.exception("%s:%s failed.", call.service, call.operation)
            return wire.failure(call, ApiError("InternalFailure", _INTERNAL_FAILURE, 500), request_id)

    def _answer(self, call: wire.WireCall, request: HttpRequest, request_id: str) -> HttpResponse:
        if call.protocol in cbor.PROTOCOLS or self._cloud.api.takes_over(call.service, call.operation):
            return wire.answer(call, self._call(call, request), request_id)
        wire.check_body(call)
        return _with_id(self._by_moto(call, request), call.service, request_id)

    def _has_bucket(self, name: str) -> bool:
        return name in s3_backends[self._cloud.account_id]["aws"].buckets

    def _deployed(self, request: HttpRequest) -> HttpResponse:
        try:
            return self._cloud.http.request(request)
        except HttpUnreachable as exc:
            return HttpResponse(404, _JSON, json.dumps({"message": str(exc)}).encode())

    def _call(self, call: wire.WireCall, request: HttpRequest) -> dict[str, Any]:
        """Make the call as simulated code would. Raises ApiError."""
        params = _own_addresses(wire.parameters(call), request)
        client = self._cloud.client(call.service, config=_ONE_ATTEMPT)
        try:
            answer: dict[str, Any] = client._make_api_call(call.operation, params)
        except ClientError as exc:
            raise wire.from_client_error(exc) from exc
        except ParamValidationError as exc:
            raise ApiError("ValidationException", str(exc), 400) from exc
        return answer

    def _by_moto(self, call: wire.WireCall, request: HttpRequest) -> HttpResponse:
        """moto's own answer to the request as it came in, after the faults and the latency of any call."""
        client = self._cloud.client(call.service, config=_ONE_ATTEMPT)
        self._cloud.api.attempt(ApiCall(call.service, call.operation, {}, client, self._cloud.region))
        netloc = _aws_host(call.service, urlsplit(client.meta.endpoint_url).netloc, request)
        bucket = bucket_in_host(request) if call.service == "s3" else None
        path = urlsplit(request.url).path or "/"
        url = f"https://{netloc}{f'/{bucket}' if bucket else ''}{path}"
        url += f"?{request.query}" if request.query else ""
        headers = HTTPHeaders()
        for name, value in {**_for_moto(request, self._cloud.region), "host": netloc}.items():
            headers[name] = value
        prepared = AWSPreparedRequest(request.method, url, headers, request.body, False)
        found: Any = self._moto.process_request(prepared)
        if found is None:
            raise NotImplementedError
        status, given, body = found
        if body == _NOT_YET:
            raise NotImplementedError
        return HttpResponse(int(status), _lower(given), body.encode() if isinstance(body, str) else bytes(body or b""))


def _route(service: str, request: HttpRequest) -> wire.WireCall:
    """The operation of the service, or of one that signs with the same name. Raises as `wire.route` does."""
    try:
        return wire.route(service, request)
    except ApiError:
        for sibling in SIBLINGS.get(service, ()):
            with contextlib.suppress(ApiError):
                return wire.route(sibling, request)
        raise


def _aws_host(service: str, host: str, request: HttpRequest) -> str:
    """The host at AWS; S3 Control's has the account in front."""
    account = request.headers.get("x-amz-account-id")
    return f"{account}.{host}" if service == "s3control" and account else host


def _for_moto(request: HttpRequest, region: str) -> dict[str, str]:
    """Headers as moto understands them."""
    headers = {**request.headers}
    if "authorization" in headers:  # moto reads the Region there
        headers["authorization"] = with_region(headers["authorization"], region)
    if request.method == "PUT" and headers.get("content-type", "").startswith(wire.FORM):
        headers["content-type"] = "binary/octet-stream"  # else the body is taken for a form, and is gone
    return headers


def _own_addresses(params: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
    """Parameters whose S3 addresses of this server are those of AWS: clients upload a template, then name it so."""
    address = urlsplit(params.get("TemplateURL", ""))
    host = request.headers.get("host", "")
    if not host or (address.netloc != host and not address.netloc.endswith(f".s3.{host}")):
        return params
    bucket = address.netloc.removesuffix(f".s3.{host}") if address.netloc != host else ""
    path = f"/{bucket}{address.path}" if bucket else address.path
    return {**params, "TemplateURL": f"https://s3.amazonaws.com{path}"}


def _lower(headers: Mapping[str, Any]) -> dict[str, str]:
    kept = {str(name).lower(): str(value) for name, value in headers.items()}
    kept.pop("transfer-encoding", None)
    kept.pop("connection", None)
    return kept


def _missing(call: wire.WireCall, why: str) -> ApiError:
    message = f"The local cloud does not have {call.service}:{call.operation}{why}."
    return ApiError("NotImplementedException", message, 501)


def _with_id(response: HttpResponse, service: str, request_id: str) -> HttpResponse:
    """With the header in which the service names the request; what moto gave stays."""
    headers = {**response.headers}
    if service == "s3":
        headers.setdefault("x-amz-request-id", headers.pop("x-amzn-requestid", request_id))
        headers.setdefault("x-amz-id-2", headers["x-amz-request-id"])
    else:
        headers.setdefault("x-amzn-requestid", request_id)
    return HttpResponse(response.status, headers, response.body)


def _unrouted(service: str, error: ApiError, request_id: str) -> HttpResponse:
    """An error before the operation is known, in the shape that the service's protocol gives to errors."""
    model = get_service_model(service)
    protocol = str(model.protocol)
    if protocol not in ("query", "ec2", "rest-xml"):
        return _plain(error.status, error.code, error.message, request_id)
    any_operation = model.operation_model(model.operation_names[0])
    call = wire.WireCall(service, any_operation.name, protocol, any_operation, None, {})
    return wire.failure(call, error, request_id)


def too_large(found: int, limit: int) -> HttpResponse:
    """For a body of more bytes than the server takes."""
    message = f"Request body of {found} bytes is larger than {limit} bytes."
    return _plain(413, "RequestEntityTooLargeException", message, "")


def _plain(status: int, code: str, message: str, request_id: str) -> HttpResponse:
    """An error in JSON, of whatever has no service model to give it a shape."""
    headers = {**_JSON, "x-amzn-errortype": code, "x-amzn-requestid": request_id}
    return HttpResponse(status, headers, json.dumps({"__type": code, "message": message}).encode())
