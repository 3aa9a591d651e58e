"""FilterLogEvents: the lines of a log group that a pattern matches, in the order of their times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import moto.logs.models as moto_logs

from localcloud.api import ApiCall, ApiError
from localcloud.services.log_processing.filter_patterns import InvalidPattern, compile_pattern

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_PREFIX, _NAMES = "logStreamNamePrefix", "logStreamNames"


class _Matching:
    """In the place of moto's filter, which knows words only and lets everything else pass."""

    def __init__(self, pattern: str) -> None:
        self._pattern = compile_pattern(pattern or "")

    def matches(self, message: str) -> bool:
        return self._pattern.match(message) is not None


class LogSearches:
    """Answers the operation. `read(call)` is how log groups are read otherwise."""

    def __init__(self, cloud: Cloud, read: Callable[[ApiCall], dict[str, Any]]) -> None:
        self._cloud = cloud
        self._read = read

    def install(self) -> None:
        """Check requests, and let moto's log streams match as CloudWatch Logs does."""
        self._cloud.patches.set(moto_logs, "EventMessageFilter", _Matching)
        self._cloud.api.register("logs", "FilterLogEvents", self._filter)

    def _filter(self, call: ApiCall) -> dict[str, Any]:
        params = dict(call.params)
        try:
            compile_pattern(params.get("filterPattern") or "")
        except InvalidPattern as exc:
            raise _invalid(f"Invalid filter pattern: {exc}") from None
        prefix = params.pop(_PREFIX, None)
        if prefix is not None and params.get(_NAMES):
            raise _invalid(f"{_PREFIX} and {_NAMES} cannot be given both.")
        identifier = params.pop("logGroupIdentifier", None)
        if identifier is not None:
            params["logGroupName"] = identifier.split(":log-group:")[-1].removesuffix(":*")
        group = moto_logs.logs_backends[self._cloud.account_id][self._cloud.region].groups.get(params["logGroupName"])
        if prefix is not None and group is not None:
            params[_NAMES] = [name for name in group.streams if name.startswith(prefix)]
            if not params[_NAMES]:  # none, which moto would take for all
                return {"events": [], "searchedLogStreams": []}
        return self._read(replace(call, params={**params, "interleaved": True}))


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterException", message, 400)
