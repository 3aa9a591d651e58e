"""Lists of functions, versions and aliases come in pages; moto gives them whole."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_LISTS = {"ListFunctions": "Functions", "ListVersionsByFunction": "Versions", "ListAliases": "Aliases"}
_MOST = 50


class Pages:
    """Cuts the lists. A marker says how many were given before."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def install(self) -> None:
        """Answer the operations."""
        for operation in _LISTS:
            self._cloud.api.register("lambda", operation, self._page)

    def _page(self, call: ApiCall) -> dict[str, Any]:
        answer, name = self._cloud.api.stock(call), _LISTS[call.operation]
        marker = call.params.get("Marker")
        first = _decoded(marker) if marker else 0
        last = first + min(int(call.params.get("MaxItems") or _MOST), _MOST)
        whole = answer.get(name) or []
        page = {name: whole[first:last]}
        return {**page, "NextMarker": _encoded(last)} if last < len(whole) else page


def _encoded(place: int) -> str:
    return base64.b64encode(str(place).encode()).decode()


def _decoded(marker: str) -> int:
    try:
        return int(base64.b64decode(marker))
    except ValueError:
        raise ApiError("InvalidParameterValueException", "Invalid Marker.", 400, Type="User") from None
