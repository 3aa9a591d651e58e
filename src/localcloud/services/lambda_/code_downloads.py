"""Where GetFunction says that a function's package can be fetched from, for ten minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from localcloud.net import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_VALID_S = 600  # "a presigned URL that you can use to download the deployment package, valid for 10 minutes"


class CodeDownloads:
    """Serves packages under presigned URLs."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._host = f"awslambda-{cloud.region}-tasks.s3.{cloud.region}.amazonaws.com"
        self._packages: dict[str, bytes] = {}

    def install(self) -> None:
        self._cloud.http.serve(self._host, self._answer)

    def location(self, name: str, model: Any) -> dict[str, str]:
        """The Code member of GetFunction for moto's function."""
        path = f"/snapshots/{self._cloud.account_id}/{name}-{model.code_digest.removeprefix('sha256:')}"
        self._packages[path] = model.code_bytes
        signed_s = self._cloud.kernel.unix_us // 1_000_000
        url = f"https://{self._host}{path}?X-Amz-Date={signed_s}&X-Amz-Expires={_VALID_S}"
        return {"RepositoryType": "S3", "Location": url}

    def _answer(self, request: HttpRequest) -> HttpResponse:
        package = self._packages.get(request.path)
        if package is None:
            return HttpResponse(404, {}, b"NoSuchKey")
        signed_s = int((parse_qs(request.query).get("X-Amz-Date") or ["0"])[0])
        if self._cloud.kernel.unix_us // 1_000_000 - signed_s > _VALID_S:
            return HttpResponse(403, {}, b"Request has expired")
        return HttpResponse(200, {"content-type": "application/zip"}, package)
