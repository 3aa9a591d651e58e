"""How segments get in: PutTraceSegments, the daemon's UDP port, OTLP over HTTP."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.net import HttpRequest, HttpResponse
from localcloud.services.xray import otlp
from localcloud.services.xray.protobuf import Malformed
from localcloud.services.xray.store import TraceStore
from localcloud.trace_header import DAEMON_HOST, DAEMON_PORT

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_NEEDED = ("trace_id", "id", "name", "start_time")
_COLLECTOR = "localhost:4318"  # the collector in the layer of the AWS Distro for OpenTelemetry
_LOOPBACK = "127.0.0.1"
_TRACES = "/v1/traces"


class Receiving:
    """Takes segments in for one account.

    `destination` is "XRay" or "CloudWatchLogs" (Transaction Search), as UpdateTraceSegmentDestination sets it.
    """

    def __init__(self, cloud: Cloud, store: TraceStore) -> None:
        self._cloud = cloud
        self._store = store
        self.destination = "XRay"

    def install(self) -> None:
        """Answer PutTraceSegments and listen where functions send to."""
        register, http = self._cloud.api.register, self._cloud.http
        register("xray", "PutTraceSegments", self._put)
        register("xray", "PutTelemetryRecords", lambda call: {})
        register("xray", "GetTraceSegmentDestination", self._get_destination)
        register("xray", "UpdateTraceSegmentDestination", self._set_destination)
        for host in (DAEMON_HOST, _LOOPBACK):
            http.receive(host, DAEMON_PORT, self._from_daemon)
        http.serve(_COLLECTOR, self._collect)
        http.serve(f"{_LOOPBACK}:4318", self._collect)
        http.serve(f"xray.{self._cloud.region}.amazonaws.com", self._endpoint)

    # -- documents -----------------------------------------------------------------------------

    def _take(self, text: str) -> dict[str, Any] | None:
        """Record a document; what is wrong with it, as UnprocessedTraceSegments has it, else None."""
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            return {"ErrorCode": "ParseError", "Message": "Invalid segment. ErrorCode: ParseError"}
        missing = [name for name in _NEEDED if name not in document]
        if "end_time" not in document and not document.get("in_progress"):
            missing.append("end_time")
        if missing:
            failure = {"ErrorCode": "MissingField", "Message": f"Invalid segment. Missing: {', '.join(missing)}"}
            return {"Id": document["id"], **failure} if "id" in document else failure
        self._store.put(document)
        return None

    def _put(self, call: ApiCall) -> dict[str, Any]:
        found = [self._take(text) for text in call.params["TraceSegmentDocuments"]]
        return {"UnprocessedTraceSegments": [each for each in found if each is not None]}

    def _from_daemon(self, data: bytes) -> None:
        """A datagram: a header line, then one document. The daemon drops what it cannot read."""
        _, _, text = data.decode("utf-8", "replace").partition("\n")
        self._take(text)

    # -- OpenTelemetry -------------------------------------------------------------------------

    def _collect(self, request: HttpRequest) -> HttpResponse:
        if request.path != _TRACES:
            return HttpResponse(404)
        if request.method != "POST":
            return HttpResponse(405)
        content_type = request.headers.get("content-type", "")
        try:
            for span in otlp.spans(_plain(request), content_type):
                self._store.put(otlp.document(span))
        except (Malformed, zlib.error, OSError) as exc:
            return HttpResponse(400, {"content-type": "text/plain"}, str(exc).encode())
        empty = b"{}" if "json" in content_type else b""
        return HttpResponse(200, {"content-type": content_type}, empty)

    def _endpoint(self, request: HttpRequest) -> HttpResponse:
        """X-Ray's own OTLP endpoint: signed requests, and only with Transaction Search."""
        if "AWS4-HMAC-SHA256" not in request.headers.get("authorization", ""):
            return _refusal(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        if self.destination != "CloudWatchLogs":
            message = "The OTLP API is supported with CloudWatch Logs as a Trace Segment Destination."
            return _refusal(400, "InvalidRequestException", message)
        return self._collect(request)

    def _get_destination(self, call: ApiCall) -> dict[str, Any]:
        return {"Destination": self.destination, "Status": "ACTIVE"}

    def _set_destination(self, call: ApiCall) -> dict[str, Any]:
        wanted = call.params.get("Destination", "XRay")
        if wanted not in ("XRay", "CloudWatchLogs"):
            raise ApiError("InvalidRequestException", f"{wanted} is not a valid trace segment destination.", 400)
        self.destination = wanted
        return {"Destination": wanted, "Status": "ACTIVE"}


def _plain(request: HttpRequest) -> bytes:
    encoding = request.headers.get("content-encoding", "")
    if encoding == "gzip":
        return gzip.decompress(request.body)
    return zlib.decompress(request.body) if encoding == "deflate" else request.body


def _refusal(status: int, code: str, message: str) -> HttpResponse:
    body = json.dumps({"message": message}).encode()
    return HttpResponse(status, {"content-type": "application/json", "x-amzn-errortype": code}, body)
