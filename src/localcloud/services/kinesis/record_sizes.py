"""The largest record that a stream takes: 1 MiB, and up to 10 MiB for streams that ask for it.

Source: https://docs.aws.amazon.com/streams/latest/dev/large-records.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from localcloud.api import ApiCall, ApiError

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_KIB = 1_024
_MEMBER = "MaxRecordSizeInKiB"


class RecordSizes:
    """The limit of each of moto's streams; moto knows none."""

    def __init__(self, cloud: Cloud, stream_of: Callable[[dict[str, Any]], Any]) -> None:
        self._cloud = cloud
        self._stream_of = stream_of
        self._least_kib = _KIB
        self._most_kib = int(cloud.facts.value("quota.kinesis")["record_mib"]) * _KIB
        self._kib: WeakKeyDictionary[Any, int] = WeakKeyDictionary()

    def install(self) -> None:
        """Answer what changes and shows it."""
        self._cloud.api.register("kinesis", "UpdateMaxRecordSize", self._update)
        self._cloud.api.register("kinesis", "DescribeStreamSummary", self._describe)

    def limit_bytes(self, stream: Any) -> int:
        """Bytes of the data of a record."""
        return self._kib.get(stream, self._least_kib) * _KIB

    def check(self, params: dict[str, Any]) -> None:
        """Raises ApiError ValidationException for a limit that no stream can have."""
        kib = params.get(_MEMBER, self._least_kib)
        if not self._least_kib <= kib <= self._most_kib:
            raise ApiError(
                "ValidationException",
                f"1 validation error detected: Value '{kib}' at 'maxRecordSizeInKiB' failed to satisfy constraint: "
                f"Member must have value between {self._least_kib} and {self._most_kib}",
            )

    def keep(self, stream: Any, params: dict[str, Any]) -> None:
        """Take over the limit of a request, when it has one."""
        if _MEMBER in params:
            self._kib[stream] = params[_MEMBER]

    def _update(self, call: ApiCall) -> dict[str, Any]:
        stream = self._stream_of(call.params)
        self.check(call.params)
        self.keep(stream, call.params)
        return {}

    def _describe(self, call: ApiCall) -> dict[str, Any]:
        stream = self._stream_of(call.params)
        answer = self._cloud.api.stock(call)
        answer["StreamDescriptionSummary"][_MEMBER] = self._kib.get(stream, self._least_kib)
        return answer
