"""What can be scaled: how much there is of it, and how it is changed. Everything here runs in a task."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

LAMBDA = "lambda:function:ProvisionedConcurrency"
_POLL_US = 5_000_000


class Resource(Protocol):
    """`noun` is what activities call its capacity; `exists` what a registration asks for."""

    noun: str

    def missing(self) -> str:
        """Why it cannot be registered; "" when it can."""

    def capacity(self) -> int | None:
        """Its capacity now; None when it has none to scale. Raises ClientError."""

    def change(self, capacity: int) -> str:
        """Change its capacity and wait until that is done; "" or why it was not. Raises ClientError."""


class Resources:
    """Finds resources by resource id and scalable dimension."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def find(self, resource_id: str, dimension: str) -> Resource:
        """The resource; its id has been checked against the dimension."""
        if dimension == LAMBDA:
            _, name, qualifier = resource_id.split(":", 2)
            return _ProvisionedConcurrency(self, name, qualifier)
        _, name, *index = resource_id.split("/")
        return _TableCapacity(self, name, index[1] if index else None, dimension.rpartition(":")[2])

    @cached_property
    def dynamodb(self) -> Any:
        return self._cloud.client("dynamodb")

    @cached_property
    def lambda_(self) -> Any:
        return self._cloud.client("lambda")

    def wait_while(self, going_on: Callable[[], bool]) -> None:
        """Let time pass while a change is under way."""
        while going_on():
            self._cloud.kernel.sleep(_POLL_US)


class _ProvisionedConcurrency:
    """Of one version or alias of a function."""

    noun = "provisioned concurrency"

    def __init__(self, resources: Resources, name: str, qualifier: str) -> None:
        self._resources = resources
        self._target = {"FunctionName": name, "Qualifier": qualifier}

    def missing(self) -> str:
        try:
            self._resources.lambda_.get_function_configuration(**self._target)
        except ClientError:
            return "Lambda resource does not exist: function:{FunctionName}:{Qualifier}".format(**self._target)
        return ""

    def capacity(self) -> int:
        found = self._described()
        return int(found["RequestedProvisionedConcurrentExecutions"]) if found else 0

    def change(self, capacity: int) -> str:
        client = self._resources.lambda_
        if capacity == 0:
            client.delete_provisioned_concurrency_config(**self._target)
            return ""
        client.put_provisioned_concurrency_config(**self._target, ProvisionedConcurrentExecutions=capacity)
        self._resources.wait_while(lambda: self._described().get("Status") == "IN_PROGRESS")
        return str(self._described().get("StatusReason", ""))

    def _described(self) -> dict[str, Any]:
        client = self._resources.lambda_
        try:
            found: dict[str, Any] = client.get_provisioned_concurrency_config(**self._target)
        except client.exceptions.ProvisionedConcurrencyConfigNotFoundException:
            return {}
        return found


class _TableCapacity:
    """Read or write capacity units of a table or (`index`) of one of its global secondary indexes."""

    def __init__(self, resources: Resources, name: str, index: str | None, unit: str) -> None:
        self._resources = resources
        self._name, self._index, self._unit = name, index, unit
        self.noun = "read capacity units" if unit.startswith("Read") else "write capacity units"

    def missing(self) -> str:
        try:
            self._throughput()
        except ClientError:
            return f"DynamoDB table does not exist: table/{self._name}"
        except StopIteration:
            return f"DynamoDB index does not exist: table/{self._name}/index/{self._index}"
        return ""

    def capacity(self) -> int | None:
        if self._table().get("BillingModeSummary", {}).get("BillingMode") == "PAY_PER_REQUEST":
            return None
        return int(self._throughput()[self._unit])

    def change(self, capacity: int) -> str:
        self._resources.wait_while(self._updating)  # reads and writes are scaled one after the other
        now = self._throughput()
        wanted = {name: int(now[name]) for name in ("ReadCapacityUnits", "WriteCapacityUnits")} | {self._unit: capacity}
        if self._index is None:
            change: dict[str, Any] = {"ProvisionedThroughput": wanted}
        else:
            update = {"IndexName": self._index, "ProvisionedThroughput": wanted}
            change = {"GlobalSecondaryIndexUpdates": [{"Update": update}]}
        self._resources.dynamodb.update_table(TableName=self._name, **change)
        self._resources.wait_while(self._updating)
        return ""

    def _table(self) -> dict[str, Any]:
        found: dict[str, Any] = self._resources.dynamodb.describe_table(TableName=self._name)["Table"]
        return found

    def _updating(self) -> bool:
        return bool(self._table()["TableStatus"] == "UPDATING")

    def _throughput(self) -> dict[str, Any]:
        holder = self._table()
        if self._index is not None:
            indexes = holder.get("GlobalSecondaryIndexes", ())
            holder = next(one for one in indexes if one["IndexName"] == self._index)
        found: dict[str, Any] = holder["ProvisionedThroughput"]
        return found
