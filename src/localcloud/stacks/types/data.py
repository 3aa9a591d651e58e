"""AWS::DynamoDB::Table, AWS::S3::Bucket, AWS::SSM::Parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from localcloud.stacks.types.base import Made, Making, ResourceType, Updatable, as_bool, chosen, names


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
    replacing = names("KeySchema LocalSecondaryIndexes TableName ImportSourceSpecification")

    def create(self, making: Making) -> Made:
        client, name = making.client("dynamodb"), making.name("TableName", 255)
        arguments = chosen(
            making.properties,
            "AttributeDefinitions BillingMode GlobalSecondaryIndexes KeySchema LocalSecondaryIndexes "
            "ProvisionedThroughput SSESpecification",
        )
        if "StreamSpecification" in making.properties:
            arguments["StreamSpecification"] = {"StreamEnabled": True, **making.properties["StreamSpecification"]}
        description = client.create_table(TableName=name, Tags=making.tag_list(), **_numbers(arguments))[
            "TableDescription"
        ]
        self._set_ttl(making, name)
        attributes = {"Arn": description["TableArn"]}
        if description.get("LatestStreamArn"):
            attributes["StreamArn"] = description["LatestStreamArn"]
        return Made(name, attributes)

    def _set_ttl(self, making: Making, name: str) -> None:
        specification = making.properties.get("TimeToLiveSpecification")
        if specification:
            specification = {**specification, "Enabled": as_bool(specification["Enabled"])}
            making.client("dynamodb").update_time_to_live(TableName=name, TimeToLiveSpecification=specification)

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        client, new = making.client("dynamodb"), making.properties
        arguments = chosen(new, "AttributeDefinitions BillingMode ProvisionedThroughput")
        changed = {key: value for key, value in arguments.items() if value != old.get(key)}
        indexes = _index_changes(old.get("GlobalSecondaryIndexes") or [], new.get("GlobalSecondaryIndexes") or [])
        if indexes:
            changed |= {"GlobalSecondaryIndexUpdates": indexes, **chosen(new, "AttributeDefinitions")}
        if "StreamSpecification" in new and new["StreamSpecification"] != old.get("StreamSpecification"):
            changed["StreamSpecification"] = {"StreamEnabled": True, **new["StreamSpecification"]}
        if changed:
            client.update_table(TableName=made.physical_id, **_numbers(changed))
        if new.get("TimeToLiveSpecification") != old.get("TimeToLiveSpecification"):
            self._set_ttl(making, made.physical_id)
        description = client.describe_table(TableName=made.physical_id)["Table"]
        attributes = {**made.attributes}
        if description.get("LatestStreamArn"):
            attributes["StreamArn"] = description["LatestStreamArn"]
        return Made(made.physical_id, attributes)

    def delete(self, making: Making, made: Made) -> None:
        making.client("dynamodb").delete_table(TableName=made.physical_id)


def _index_changes(old: list[Any], new: list[Any]) -> list[dict[str, Any]]:
    before = {index["IndexName"]: index for index in old}
    after = {index["IndexName"]: index for index in new}
    gone = [{"Delete": {"IndexName": name}} for name in before if name not in after]
    return gone + [{"Create": index} for name, index in after.items() if name not in before]


def _numbers(value: Any) -> Any:
    """Capacity units given as text become numbers."""
    if isinstance(value, dict):
        return {key: int(inner) if key.endswith("CapacityUnits") else _numbers(inner) for key, inner in value.items()}
    return [_numbers(item) for item in value] if isinstance(value, list) else value


class Bucket(ResourceType):
    name = "AWS::S3::Bucket"
    custom_name = "BucketName"
    properties = names(
        "AccelerateConfiguration AccessControl AnalyticsConfigurations BucketEncryption BucketName CorsConfiguration "
        "IntelligentTieringConfigurations InventoryConfigurations LifecycleConfiguration LoggingConfiguration "
        "MetricsConfigurations NotificationConfiguration ObjectLockConfiguration ObjectLockEnabled OwnershipControls "
        "PublicAccessBlockConfiguration ReplicationConfiguration Tags VersioningConfiguration WebsiteConfiguration"
    )

    def create(self, making: Making) -> Made:
        name = making.properties.get("BucketName") or making.generated_name(63).lower()
        client = making.client("s3")
        client.create_bucket(Bucket=name)
        tags = [tag for tag in making.tag_list() if not tag["Key"].startswith("aws:")]  # S3 lets nobody set those
        if tags:
            client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
        if making.properties.get("VersioningConfiguration"):
            client.put_bucket_versioning(
                Bucket=name, VersioningConfiguration=dict(making.properties["VersioningConfiguration"])
            )
        try:
            _notify(client, name, making.properties.get("NotificationConfiguration") or {})
        except ClientError:
            client.delete_bucket(Bucket=name)
            raise
        return Made(name, {"Arn": f"arn:aws:s3:::{name}", "DomainName": f"{name}.s3.amazonaws.com"})

    def delete(self, making: Making, made: Made) -> None:
        making.client("s3").delete_bucket(Bucket=made.physical_id)


def _notify(client: Any, bucket: str, wanted: Mapping[str, Any]) -> None:
    """CloudFormation has one event for each configuration, and names of its own."""
    configuration: dict[str, Any] = {}
    for part, member, api_part, api_member in (
        ("LambdaConfigurations", "Function", "LambdaFunctionConfigurations", "LambdaFunctionArn"),
        ("QueueConfigurations", "Queue", "QueueConfigurations", "QueueArn"),
        ("TopicConfigurations", "Topic", "TopicConfigurations", "TopicArn"),
    ):
        for one in wanted.get(part) or ():
            entry: dict[str, Any] = {api_member: one[member], "Events": [one["Event"]]}
            if one.get("Filter"):
                entry["Filter"] = {"Key": {"FilterRules": list(one["Filter"]["S3Key"]["Rules"])}}
            configuration.setdefault(api_part, []).append(entry)
    if (wanted.get("EventBridgeConfiguration") or {}).get("EventBridgeEnabled"):
        configuration["EventBridgeConfiguration"] = {}
    if configuration:
        client.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)


class Parameter(Updatable):
    name = "AWS::SSM::Parameter"
    custom_name = "Name"
    properties = names("AllowedPattern DataType Description Name Policies Tags Tier Type Value")
    required = names("Type Value")
    replacing = names("Name DataType")
    _arguments = "AllowedPattern DataType Description Tier Type Value"

    def create(self, making: Making) -> Made:
        name = making.name("Name", 255)
        making.client("ssm").put_parameter(Name=name, **chosen(making.properties, self._arguments))
        return Made(name, chosen(making.properties, "Type Value"))

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        arguments = chosen(making.properties, self._arguments)
        making.client("ssm").put_parameter(Name=made.physical_id, Overwrite=True, **arguments)
        return Made(made.physical_id, chosen(making.properties, "Type Value"))

    def delete(self, making: Making, made: Made) -> None:
        making.client("ssm").delete_parameter(Name=made.physical_id)


ALL = (Table(), Bucket(), Parameter())
