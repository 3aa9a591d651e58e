"""Answers one request of a client outside: a call of AWS's API, or a request to what was deployed."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, ParamValidationError, UnknownServiceError
from moto.core.botocore_stubber import BotocoreStubber

from localcloud.api import ApiCall, ApiError
from localcloud.ids import uuid4_text
from localcloud.net import HttpRequest, HttpResponse, HttpUnreachable
from localcloud.server import wire
from localcloud.server.addressing import SIBLINGS, bucket_in_host, data_plane, service_of

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

# One attempt: the client outside has a retry policy of its own.
_ONE_ATTEMPT = Config(retries={"total_max_attempts": 1, "mode": "standard"}, parameter_validation=True)
_JSON = {"content-type": "application/json"}


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
        service = service_of(request)
        if service is None:
            return _plain(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        try:
            call = _route(service, request)
        except UnknownServiceError:
            return _plain(404, "UnknownServiceException", f"There is no service with the signing name {service}.")
        except ApiError as exc:
            return _plain(exc.status, exc.code, exc.message)
        request_id = uuid4_text(self._ids)
        try:
            if call.protocol == wire.CBOR or self._cloud.api.takes_over(call.service, call.operation):
                return wire.answer(call, self._call(call, request), request_id)
            return self._by_moto(call, request)
        except ApiError as exc:
            return wire.failure(call, exc, request_id)
        except HTTPClientError as exc:  # a fault that leaves a client without an answer
            return wire.failure(call, ApiError("ServiceUnavailable", str(exc), 503), request_id)

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
        base = urlsplit(client.meta.endpoint_url)
        bucket = bucket_in_host(request) if call.service == "s3" else None
        path = urlsplit(request.url).path or "/"
        url = f"https://{base.netloc}{f'/{bucket}' if bucket else ''}{path}"
        url += f"?{request.query}" if request.query else ""
        headers = HTTPHeaders()
        for name, value in {**request.headers, "host": base.netloc}.items():
            headers[name] = value
        prepared = AWSPreparedRequest(request.method, url, headers, request.body, False)
        found: Any = self._moto.process_request(prepared)
        if found is None:
            raise ApiError("UnknownOperationException", f"{call.service} has no {call.operation}.", 404)
        status, given, body = found
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


def _plain(status: int, code: str, message: str) -> HttpResponse:
    """An error that no service model gives a shape to."""
    headers = {**_JSON, "x-amzn-errortype": code}
    return HttpResponse(status, headers, json.dumps({"__type": code, "message": message}).encode())
