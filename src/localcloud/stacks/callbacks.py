"""Where the providers of custom resources send their answers: presigned URLs of a bucket of CloudFormation's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from localcloud.kernel import Event
from localcloud.net import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_MOST_BYTES = 4_096


class OpenCallback:
    """One URL. The first readable answer counts."""

    def __init__(self, url: str, request_id: str, sent: Event) -> None:
        self.url = url
        self.request_id = request_id
        self._sent = sent

    def answer(self, timeout_s: int) -> Mapping[str, Any] | None:
        """What was sent; None when nothing came in time."""
        if not self._sent.wait(timeout_s * 1_000_000):
            return None
        found: Mapping[str, Any] = self._sent.value
        return found


class Callbacks:
    """The URLs of one account."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        region = cloud.region
        self._host = f"cloudformation-custom-resource-response-{region.replace('-', '')}.s3.{region}.amazonaws.com"
        self._open: dict[str, Event] = {}
        self._ids = cloud.kernel.streams["cloudformation/callbacks"]
        cloud.http.serve(self._host, self._take)

    def open(self, stack_id: str, logical_id: str) -> OpenCallback:
        """A new URL for an answer about this resource."""
        digits = f"{self._ids.getrandbits(128):032x}"
        request_id = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        key = quote(f"{stack_id}|{logical_id}|{request_id}", safe="")
        sent = self._open[request_id] = self._cloud.kernel.event()
        return OpenCallback(f"https://{self._host}/{key}?X-Amz-Signature={digits}", request_id, sent)

    def _take(self, request: HttpRequest) -> HttpResponse:
        sent = self._open.get(request.path.rpartition("%7C")[2])
        if request.method != "PUT" or sent is None:
            return HttpResponse(403, {"content-type": "application/xml"}, b"<Error><Code>AccessDenied</Code></Error>")
        sent.set(_read(request.body))
        return HttpResponse(200)


def _read(body: bytes) -> dict[str, Any]:
    """An answer as CloudFormation reads it: what it cannot read is a failure."""
    if len(body) > _MOST_BYTES:
        return {"Status": "FAILED", "Reason": "Response object is too long."}
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return {"Status": "FAILED", "Reason": "Response is not valid JSON"}
    if found.get("Status") not in ("SUCCESS", "FAILED"):
        return {"Status": "FAILED", "Reason": f"Invalid response status {found.get('Status')!r}"}
    return found
