"""AWS::S3::Bucket and AWS::S3::BucketPolicy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from localcloud.stacks.types.base import Made, Making, ResourceType, Updatable, as_bool, names

_SWITCHES = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


class Bucket(Updatable):
    """What `_configure` does not know (lifecycle, replication and the like) has no effect."""

    name = "AWS::S3::Bucket"
    custom_name = "BucketName"
    properties = names(
        "AccelerateConfiguration AccessControl AnalyticsConfigurations BucketEncryption BucketName CorsConfiguration "
        "IntelligentTieringConfigurations InventoryConfigurations LifecycleConfiguration LoggingConfiguration "
        "MetricsConfigurations NotificationConfiguration ObjectLockConfiguration ObjectLockEnabled OwnershipControls "
        "PublicAccessBlockConfiguration ReplicationConfiguration Tags VersioningConfiguration WebsiteConfiguration"
    )
    attributes = names("Arn DomainName DualStackDomainName RegionalDomainName WebsiteURL")
    replacing = names("BucketName ObjectLockEnabled")

    def create(self, making: Making) -> Made:
        name = making.properties.get("BucketName") or making.generated_name(63).lower()
        making.client("s3").create_bucket(Bucket=name)
        try:
            self._configure(making, name, {})
        except ClientError:
            making.client("s3").delete_bucket(Bucket=name)
            raise
        attributes = {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "DualStackDomainName": f"{name}.s3.dualstack.{making.region}.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{making.region}.amazonaws.com",
            "WebsiteURL": f"http://{name}.s3-website-{making.region}.amazonaws.com",
        }
        return Made(name, attributes)

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        self._configure(making, made.physical_id, old)
        return made

    def _configure(self, making: Making, name: str, old: Mapping[str, Any]) -> None:
        """Make the calls behind the properties that differ from `old`; a property that is gone is deleted."""
        client, new = making.client("s3"), making.properties
        changed = {key for key in {*old, *new} if old.get(key) != new.get(key)}
        tags = [tag for tag in making.tag_list() if not tag["Key"].startswith("aws:")]  # moto refuses them of anybody
        if tags:
            client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
        if "VersioningConfiguration" in changed:
            status = new.get("VersioningConfiguration", {}).get("Status", "Suspended")
            client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status})
        if "BucketEncryption" in changed:
            _encrypt(client, name, new.get("BucketEncryption"))
        if "PublicAccessBlockConfiguration" in changed:
            given = new.get("PublicAccessBlockConfiguration")
            block = {switch: as_bool((given or {}).get(switch, given is None)) for switch in _SWITCHES}
            client.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)
        if "OwnershipControls" in changed:
            rules = new.get("OwnershipControls", {}).get("Rules", [{"ObjectOwnership": "BucketOwnerEnforced"}])
            client.put_bucket_ownership_controls(Bucket=name, OwnershipControls={"Rules": rules})
        if "CorsConfiguration" in changed:
            _share(client, name, new.get("CorsConfiguration"))
        if "NotificationConfiguration" in changed:
            _notify(client, name, new.get("NotificationConfiguration") or {})

    def delete(self, making: Making, made: Made) -> None:
        making.client("s3").delete_bucket(Bucket=made.physical_id)


def _encrypt(client: Any, name: str, encryption: Mapping[str, Any] | None) -> None:
    if encryption is None:
        client.delete_bucket_encryption(Bucket=name)
        return
    rules = [
        {
            "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
            "BucketKeyEnabled": as_bool(rule.get("BucketKeyEnabled", False)),
        }
        for rule in encryption["ServerSideEncryptionConfiguration"]
    ]
    client.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})


def _share(client: Any, name: str, cors: Mapping[str, Any] | None) -> None:
    if cors is None:
        client.delete_bucket_cors(Bucket=name)
        return
    wanted = {name: name for name in ("AllowedHeaders", "AllowedMethods", "AllowedOrigins")}
    wanted |= {"ExposedHeaders": "ExposeHeaders", "Id": "ID"}
    rules = []
    for rule in cors["CorsRules"]:
        made = {theirs: rule[ours] for ours, theirs in wanted.items() if ours in rule}
        if "MaxAge" in rule:
            made["MaxAgeSeconds"] = int(rule["MaxAge"])
        rules.append(made)
    client.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": rules})


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
    client.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)


class BucketPolicy(Updatable):
    name = "AWS::S3::BucketPolicy"
    validated_early = False
    properties = names("Bucket PolicyDocument")
    required = names("Bucket PolicyDocument")
    replacing = names("Bucket")

    def create(self, making: Making) -> Made:
        self._put(making)
        return Made(str(making.properties["Bucket"]))

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        self._put(making)
        return made

    def _put(self, making: Making) -> None:
        policy = json.dumps({"Version": "2008-10-17", **making.properties["PolicyDocument"]})
        making.client("s3").put_bucket_policy(Bucket=making.properties["Bucket"], Policy=policy)

    def delete(self, making: Making, made: Made) -> None:
        making.client("s3").delete_bucket_policy(Bucket=made.physical_id)


ALL: tuple[ResourceType, ...] = (Bucket(), BucketPolicy())
