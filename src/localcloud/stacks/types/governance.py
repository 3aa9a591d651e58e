"""AWS::IAM::*, AWS::Logs::LogGroup and AWS::CloudWatch::Alarm."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import Made, Making, ResourceType, Updatable, chosen, names, timestamp


def _document(policy: Mapping[str, Any]) -> str:
    """IAM takes a policy without a version, as SAM writes them; moto does not."""
    return json.dumps({"Version": "2012-10-17", **policy})


class Role(Updatable):
    name = "AWS::IAM::Role"
    validated_early = False
    custom_name = "RoleName"
    properties = names(
        "AssumeRolePolicyDocument Description ManagedPolicyArns MaxSessionDuration Path PermissionsBoundary Policies "
        "RoleName Tags"
    )
    required = names("AssumeRolePolicyDocument")
    attributes = names("Arn RoleId")
    replacing = names("Path RoleName")

    def create(self, making: Making) -> Made:
        client, name = making.client("iam"), making.name("RoleName")
        answer = client.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps(making.properties["AssumeRolePolicyDocument"]),
            Tags=making.tag_list(),
            **chosen(making.properties, "Description MaxSessionDuration Path PermissionsBoundary"),
        )["Role"]
        self._attach(making, name)
        self._put_policies(making, name)
        return Made(name, {"Arn": answer["Arn"], "RoleId": answer["RoleId"]})

    def _attach(self, making: Making, name: str) -> None:
        for arn in making.properties.get("ManagedPolicyArns") or []:
            making.client("iam").attach_role_policy(RoleName=name, PolicyArn=arn)

    def _put_policies(self, making: Making, name: str) -> None:
        for policy in making.properties.get("Policies") or []:
            document = _document(policy["PolicyDocument"])
            making.client("iam").put_role_policy(
                RoleName=name, PolicyName=policy["PolicyName"], PolicyDocument=document
            )

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        client, name = making.client("iam"), made.physical_id
        document = json.dumps(making.properties["AssumeRolePolicyDocument"])
        client.update_assume_role_policy(RoleName=name, PolicyDocument=document)
        boundary = making.properties.get("PermissionsBoundary")
        if boundary is not None:
            client.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
        elif old.get("PermissionsBoundary"):
            client.delete_role_permissions_boundary(RoleName=name)
        attached = making.properties.get("ManagedPolicyArns") or []
        for arn in old.get("ManagedPolicyArns") or []:
            if arn not in attached:
                client.detach_role_policy(RoleName=name, PolicyArn=arn)
        self._attach(making, name)
        kept = {policy["PolicyName"] for policy in making.properties.get("Policies") or []}
        for policy in old.get("Policies") or []:
            if policy["PolicyName"] not in kept:
                client.delete_role_policy(RoleName=name, PolicyName=policy["PolicyName"])
        self._put_policies(making, name)
        return made

    def delete(self, making: Making, made: Made) -> None:
        client = making.client("iam")
        for attached in client.list_attached_role_policies(RoleName=made.physical_id)["AttachedPolicies"]:
            client.detach_role_policy(RoleName=made.physical_id, PolicyArn=attached["PolicyArn"])
        for policy in client.list_role_policies(RoleName=made.physical_id)["PolicyNames"]:
            client.delete_role_policy(RoleName=made.physical_id, PolicyName=policy)
        client.delete_role(RoleName=made.physical_id)


class Policy(ResourceType):
    name = "AWS::IAM::Policy"
    validated_early = False
    properties = names("Groups PolicyDocument PolicyName Roles Users")
    required = names("PolicyDocument PolicyName")
    attributes = names("Id")

    def create(self, making: Making) -> Made:
        properties = making.properties
        for role in properties.get("Roles") or []:
            making.client("iam").put_role_policy(
                RoleName=role,
                PolicyName=properties["PolicyName"],
                PolicyDocument=_document(properties["PolicyDocument"]),
            )
        name = str(properties["PolicyName"])
        return Made(name, {"Id": name})

    def delete(self, making: Making, made: Made) -> None:
        for role in making.properties.get("Roles") or []:
            making.client("iam").delete_role_policy(RoleName=role, PolicyName=made.physical_id)


class ManagedPolicy(Updatable):
    name = "AWS::IAM::ManagedPolicy"
    custom_name = "ManagedPolicyName"
    properties = names("Description Groups ManagedPolicyName Path PolicyDocument Roles Users")
    required = names("PolicyDocument")
    attributes = names(
        "AttachmentCount CreateDate DefaultVersionId IsAttachable PermissionsBoundaryUsageCount "
        "PolicyArn PolicyId UpdateDate"
    )
    replacing = names("Description ManagedPolicyName Path")

    def create(self, making: Making) -> Made:
        client, properties = making.client("iam"), making.properties
        policy = client.create_policy(
            PolicyName=making.name("ManagedPolicyName", 128),
            PolicyDocument=_document(properties["PolicyDocument"]),
            **chosen(properties, "Description Path"),
        )["Policy"]
        for role in properties.get("Roles") or []:
            client.attach_role_policy(RoleName=role, PolicyArn=policy["Arn"])
        return self._made(client, policy["Arn"])

    @staticmethod
    def _made(client: Any, arn: str) -> Made:
        policy = client.get_policy(PolicyArn=arn)["Policy"]
        shown = chosen(policy, "AttachmentCount DefaultVersionId IsAttachable PermissionsBoundaryUsageCount PolicyId")
        dates = {name: timestamp(policy[name]) for name in ("CreateDate", "UpdateDate")}
        return Made(arn, {"PolicyArn": arn, "PermissionsBoundaryUsageCount": 0, **shown, **dates})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        client, arn = making.client("iam"), made.physical_id
        document = _document(making.properties["PolicyDocument"])
        if document != _document(old["PolicyDocument"]):
            before = client.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            client.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
            client.delete_policy_version(PolicyArn=arn, VersionId=before)
        roles, former = set(making.properties.get("Roles") or []), set(old.get("Roles") or [])
        for role in sorted(former - roles):
            client.detach_role_policy(RoleName=role, PolicyArn=arn)
        for role in sorted(roles - former):
            client.attach_role_policy(RoleName=role, PolicyArn=arn)
        return self._made(client, arn)

    def delete(self, making: Making, made: Made) -> None:
        client = making.client("iam")
        for role in making.properties.get("Roles") or []:
            client.detach_role_policy(RoleName=role, PolicyArn=made.physical_id)
        client.delete_policy(PolicyArn=made.physical_id)


class LogGroup(Updatable):
    name = "AWS::Logs::LogGroup"
    validated_early = False
    custom_name = "LogGroupName"
    properties = names(
        "DataProtectionPolicy DeletionProtectionEnabled FieldIndexPolicies KmsKeyId LogGroupClass LogGroupName "
        "ResourcePolicyDocument RetentionInDays Tags"
    )
    attributes = names("Arn")
    replacing = names("LogGroupName LogGroupClass")

    def _retain(self, making: Making, name: str) -> None:
        days = making.properties.get("RetentionInDays")
        if days is None:
            making.client("logs").delete_retention_policy(logGroupName=name)
        else:
            making.client("logs").put_retention_policy(logGroupName=name, retentionInDays=int(days))

    def create(self, making: Making) -> Made:
        name = making.name("LogGroupName", 512)
        kind = {"logGroupClass": making.properties["LogGroupClass"]} if "LogGroupClass" in making.properties else {}
        making.client("logs").create_log_group(logGroupName=name, tags=making.all_tags(), **kind)
        self._retain(making, name)
        arn = f"arn:aws:logs:{making.region}:{making.account_id}:log-group:{name}:*"
        return Made(name, {"Arn": arn})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        self._retain(making, made.physical_id)
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("logs").delete_log_group(logGroupName=made.physical_id)


class Alarm(Updatable):
    name = "AWS::CloudWatch::Alarm"
    custom_name = "AlarmName"
    _arguments = (
        "ActionsEnabled AlarmActions AlarmDescription ComparisonOperator DatapointsToAlarm Dimensions "
        "EvaluateLowSampleCountPercentile EvaluationPeriods ExtendedStatistic InsufficientDataActions MetricName "
        "Metrics Namespace OKActions Period Statistic Threshold ThresholdMetricId TreatMissingData Unit"
    )
    properties = names(_arguments + " AlarmName Tags")
    required = names("ComparisonOperator EvaluationPeriods")
    attributes = names("Arn")
    replacing = names("AlarmName")

    def _put(self, making: Making, name: str) -> None:
        arguments = chosen(making.properties, self._arguments)
        for number in ("EvaluationPeriods", "Period", "DatapointsToAlarm"):
            if number in arguments:
                arguments[number] = int(arguments[number])
        if "Threshold" in arguments:
            arguments["Threshold"] = float(arguments["Threshold"])
        making.client("cloudwatch").put_metric_alarm(AlarmName=name, Tags=making.tag_list(), **arguments)

    def create(self, making: Making) -> Made:
        name = making.name("AlarmName", 255)
        self._put(making, name)
        return Made(name, {"Arn": f"arn:aws:cloudwatch:{making.region}:{making.account_id}:alarm:{name}"})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        self._put(making, made.physical_id)
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("cloudwatch").delete_alarms(AlarmNames=[made.physical_id])


ALL = (Role(), Policy(), ManagedPolicy(), LogGroup(), Alarm())
