"""AWS::DynamoDB::Table and AWS::SSM::Parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import Made, Making, Updatable, as_bool, chosen, names

_CAPACITY = ("OnDemandThroughput", "ProvisionedThroughput", "WarmThroughput")
_UNITS = ("CapacityUnits", "RequestUnits", "UnitsPerSecond")


class Table(Updatable):
    name = "AWS::DynamoDB::Table"
    custom_name = "TableName"
    properties = names(
        "AttributeDefinitions BillingMode ContributorInsightsSpecification DeletionProtectionEnabled "
        "GlobalSecondaryIndexes ImportSourceSpecification KeySchema KinesisStreamSpecification LocalSecondaryIndexes "
        "OnDemandThroughput PointInTimeRecoverySpecification ProvisionedThroughput ResourcePolicy SSESpecification "
        "StreamSpecification TableClass TableName Tags TimeToLiveSpecification WarmThroughput"
    )
    required = names("KeySchema")
    attributes = names("Arn StreamArn")
    replacing = names("KeySchema LocalSecondaryIndexes TableName ImportSourceSpecification")

    def create(self, making: Making) -> Made:
        client, name = making.client("dynamodb"), making.name("TableName", 255)
        arguments = chosen(
            making.properties,
            "AttributeDefinitions BillingMode DeletionProtectionEnabled GlobalSecondaryIndexes KeySchema "
            "LocalSecondaryIndexes OnDemandThroughput ProvisionedThroughput SSESpecification WarmThroughput",
        )
        if "DeletionProtectionEnabled" in arguments:
            arguments["DeletionProtectionEnabled"] = as_bool(arguments["DeletionProtectionEnabled"])
        if "StreamSpecification" in making.properties:
            arguments["StreamSpecification"] = {"StreamEnabled": True, **making.properties["StreamSpecification"]}
        description = client.create_table(TableName=name, Tags=making.tag_list(), **_numbers(arguments))[
            "TableDescription"
        ]
        self._set_ttl(making, name)
        self._set_recovery(making, name, {})
        attributes = {"Arn": description["TableArn"]}
        if description.get("LatestStreamArn"):
            attributes["StreamArn"] = description["LatestStreamArn"]
        return Made(name, attributes)

    def _set_ttl(self, making: Making, name: str) -> None:
        specification = making.properties.get("TimeToLiveSpecification")
        if specification:
            specification = {**specification, "Enabled": as_bool(specification["Enabled"])}
            now = making.client("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"]
            if specification["Enabled"] == (now.get("TimeToLiveStatus") == "ENABLED"):
                return
            making.client("dynamodb").update_time_to_live(TableName=name, TimeToLiveSpecification=specification)

    @staticmethod
    def _set_recovery(making: Making, name: str, old: Mapping[str, Any]) -> None:
        wanted = making.properties.get("PointInTimeRecoverySpecification")
        if wanted and wanted != old.get("PointInTimeRecoverySpecification"):
            settings = {**wanted, "PointInTimeRecoveryEnabled": as_bool(wanted["PointInTimeRecoveryEnabled"])}
            making.client("dynamodb").update_continuous_backups(
                TableName=name, PointInTimeRecoverySpecification=settings
            )

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        client, new = making.client("dynamodb"), making.properties
        self._set_recovery(making, made.physical_id, old)
        protected = as_bool(new.get("DeletionProtectionEnabled", False))
        if protected != as_bool(old.get("DeletionProtectionEnabled", False)):
            client.update_table(TableName=made.physical_id, DeletionProtectionEnabled=protected)
        arguments = chosen(
            new, "AttributeDefinitions BillingMode OnDemandThroughput ProvisionedThroughput WarmThroughput"
        )
        changed = {key: value for key, value in arguments.items() if value != old.get(key)}
        indexes = _index_changes(old.get("GlobalSecondaryIndexes") or [], new.get("GlobalSecondaryIndexes") or [])
        if indexes:
            changed |= {"GlobalSecondaryIndexUpdates": indexes, **chosen(new, "AttributeDefinitions")}
        if "StreamSpecification" in new and new["StreamSpecification"] != old.get("StreamSpecification"):
            changed["StreamSpecification"] = {"StreamEnabled": True, **new["StreamSpecification"]}
        if changed:
            client.update_table(TableName=made.physical_id, **_numbers(changed))
            making.wait_until(lambda: _active(client, made.physical_id))
        if new.get("TimeToLiveSpecification") != old.get("TimeToLiveSpecification"):
            self._set_ttl(making, made.physical_id)
        description = client.describe_table(TableName=made.physical_id)["Table"]
        attributes = {**made.attributes}
        if description.get("LatestStreamArn"):
            attributes["StreamArn"] = description["LatestStreamArn"]
        return Made(made.physical_id, attributes)

    def delete(self, making: Making, made: Made) -> None:
        making.client("dynamodb").delete_table(TableName=made.physical_id)


def _active(client: Any, name: str) -> bool:
    return bool(client.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE")


def _index_changes(old: list[Any], new: list[Any]) -> list[dict[str, Any]]:
    before = {index["IndexName"]: index for index in old}
    after = {index["IndexName"]: index for index in new}
    gone = [{"Delete": {"IndexName": name}} for name in before if name not in after]
    made = [{"Create": index} for name, index in after.items() if name not in before]
    resized = [
        {"Update": chosen(index, "IndexName OnDemandThroughput ProvisionedThroughput WarmThroughput")}
        for name, index in after.items()
        if name in before and any(index.get(part) and index[part] != before[name].get(part) for part in _CAPACITY)
    ]
    return gone + resized + made


def _numbers(value: Any) -> Any:
    """Capacity units given as text become numbers."""
    if isinstance(value, dict):
        return {key: int(inner) if key.endswith(_UNITS) else _numbers(inner) for key, inner in value.items()}
    return [_numbers(item) for item in value] if isinstance(value, list) else value


class Parameter(Updatable):
    name = "AWS::SSM::Parameter"
    custom_name = "Name"
    properties = names("AllowedPattern DataType Description Name Policies Tags Tier Type Value")
    required = names("Type Value")
    attributes = names("Arn Type Value")
    replacing = names("Name DataType")
    _arguments = "AllowedPattern DataType Description Tier Type Value"

    def create(self, making: Making) -> Made:
        name = making.name("Name", 255)
        making.client("ssm").put_parameter(Name=name, **chosen(making.properties, self._arguments))
        return self._made(making, name)

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        arguments = chosen(making.properties, self._arguments)
        making.client("ssm").put_parameter(Name=made.physical_id, Overwrite=True, **arguments)
        return self._made(making, made.physical_id)

    @staticmethod
    def _made(making: Making, name: str) -> Made:
        arn = f"arn:aws:ssm:{making.region}:{making.account_id}:parameter/{name.removeprefix('/')}"
        return Made(name, {"Arn": arn, **chosen(making.properties, "Type Value")})

    def delete(self, making: Making, made: Made) -> None:
        making.client("ssm").delete_parameter(Name=made.physical_id)


ALL = (Table(), Parameter())
