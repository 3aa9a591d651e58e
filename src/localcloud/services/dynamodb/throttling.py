"""How DynamoDB says that it takes no more: the error, its reason and the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiError
from localcloud.services.dynamodb.throughput import ACCOUNT_EXCEEDED, MAXIMUM_EXCEEDED, on_demand

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

NAMESPACE = "AWS/DynamoDB"
_PROVISIONED = (
    "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning "
    "level with the UpdateTable API."
)
_PROVISIONED_INDEX = (
    "The level of configured provisioned throughput for one or more global secondary indexes of the table was "
    "exceeded. Consider increasing your provisioning level for the under-provisioned global secondary indexes with "
    "the UpdateTable API"
)
_SCALING = (
    "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or "
    "index so please try again shortly. If exceptions persist, check if you have a hot key: "
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
)
_MAXIMUM = "Throughput exceeds the maximum OnDemandThroughput configured on table or index"
_ACCOUNT = "Throughput exceeds the current throughput limit for your account. Please contact AWS Support"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A table (`index` None) or an index that takes no more reads or writes, and the limit that it met."""

    table: Any
    index: str | None
    write: bool
    limit: str

    @property
    def reason(self) -> str:
        """TableWriteKeyRangeThroughputExceeded and its fifteen siblings."""
        return f"{'Table' if self.index is None else 'Index'}{'Write' if self.write else 'Read'}{self.limit}"

    @property
    def message(self) -> str:
        if self.limit == MAXIMUM_EXCEEDED:
            return _MAXIMUM
        if self.limit == ACCOUNT_EXCEEDED:
            return _ACCOUNT
        if on_demand(self.table):
            return _SCALING
        return _PROVISIONED if self.index is None else _PROVISIONED_INDEX

    def error(self) -> ApiError:
        """The answer to a request on one item."""
        arn = self.table.table_arn + (f"/index/{self.index}" if self.index else "")
        reasons = [{"reason": self.reason, "resource": arn}]
        if self.limit == ACCOUNT_EXCEEDED:
            return ApiError("RequestLimitExceeded", self.message, 400, ThrottlingReasons=reasons)
        if on_demand(self.table):
            return ApiError("ThrottlingException", self.message, 400, throttlingReasons=reasons)
        return ApiError("ProvisionedThroughputExceededException", self.message, 400, ThrottlingReasons=reasons)

    @property
    def cancellation(self) -> dict[str, str]:
        """The reason why a transaction was cancelled."""
        provisioned = not on_demand(self.table)
        code = "ProvisionedThroughputExceeded" if provisioned else "ThrottlingError"
        return {"Code": code, "Message": self.message}


class ThrottleMetrics:
    """Publishes what was throttled."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def event(self, refusal: Refusal) -> None:
        """One read or write of a table or an index was throttled."""
        kind = "Write" if refusal.write else "Read"
        dimensions = {"TableName": refusal.table.name}
        if refusal.index is not None:
            dimensions["GlobalSecondaryIndexName"] = refusal.index
        cause = f"{kind}{refusal.limit.removesuffix('Exceeded')}ThrottleEvents"
        for name in (f"{kind}ThrottleEvents", cause):
            self._cloud.cloudwatch.record(NAMESPACE, name, 1.0, dimensions, "Count")

    def request(self, table: Any, operation: str) -> None:
        """A whole request was throttled: of a batch, every part."""
        dimensions = {"TableName": table.name, "Operation": operation}
        self._cloud.cloudwatch.record(NAMESPACE, "ThrottledRequests", 1.0, dimensions, "Count")
