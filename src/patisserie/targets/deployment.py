"""Deploying a stack through the CloudFormation API: the same calls on every target."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from patisserie.targets.base import DeployedStack, StackResource, TargetError
from patisserie.targets.packaging import PackagingError, package

_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_STARTED = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
_UNCHANGED = ("didn't contain changes", "No updates are to be performed")


class Deployer:
    """Deploys and deletes stacks.

    Args:
        client: gives a boto3 client for a service name.
        bucket: the S3 bucket for code; made on first use.
        tags: put on everything that is made.
        poll_s: seconds between two looks at a stack that is under way.
        adapt: makes of a template what the target can take.
    """

    def __init__(
        self,
        client: Callable[[str], Any],
        bucket: str,
        tags: Mapping[str, str],
        poll_s: float = 5.0,
        adapt: Callable[[dict[str, Any]], dict[str, Any]] = lambda template: template,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._tags = dict(tags)
        self._poll_s = poll_s
        self._adapt = adapt
        self._log_groups: set[str] = set()
        self._change_sets = 0  # names of change sets must differ, those that were carried out too

    def deploy(self, stack_name: str, template: Path, parameters: Mapping[str, str] | None = None) -> DeployedStack:
        """Create the stack, or update it when it stands. Raises TargetError with CloudFormation's own reason.

        A stack that could not be created leaves nothing behind, so that the next attempt can start afresh.
        """
        try:
            packaged = package(template, self._bucket)
        except PackagingError as exc:
            raise TargetError(str(exc)) from exc
        self._upload({archive.key: archive.content for archive in packaged.archives})
        cloudformation = self._client("cloudformation")
        exists = self._exists(stack_name)
        try:
            change_set = self._change_set(stack_name, exists, packaged.template, parameters or {})
            if self._change_set_is_ready(stack_name, change_set):
                cloudformation.execute_change_set(ChangeSetName=change_set)
                self._wait(f"stack_{'update' if exists else 'create'}_complete", stack_name)
        except TargetError:
            if not exists:
                cloudformation.delete_stack(StackName=stack_name)
                self._wait("stack_delete_complete", stack_name)
            raise
        return self.describe(stack_name)

    def describe(self, stack_name: str) -> DeployedStack:
        """Outputs and resources of a stack that stands. Raises TargetError when it does not."""
        cloudformation = self._client("cloudformation")
        try:
            stack = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
        except ClientError as exc:
            raise TargetError(f"There is no stack {stack_name!r}; deploy it first.") from exc
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_name)
        resources = [
            StackResource(r["LogicalResourceId"], r.get("PhysicalResourceId", ""), r["ResourceType"])
            for page in pages
            for r in page["StackResourceSummaries"]
        ]
        self._log_groups |= {f"/aws/lambda/{r.physical_id}" for r in resources if r.type == "AWS::Lambda::Function"}
        return DeployedStack(
            name=stack_name,
            outputs={o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])},
            resources=tuple(sorted(resources, key=lambda r: r.logical_id)),
        )

    def delete(self, stack_name: str) -> None:
        """Delete a stack, if it stands, and wait until it is gone."""
        if self._exists(stack_name):
            self._client("cloudformation").delete_stack(StackName=stack_name)
            self._wait("stack_delete_complete", stack_name)

    def delete_rest(self) -> tuple[str, ...]:
        """Delete what stacks leave behind: the log groups of their functions and the bucket of code.

        Returns the names of tagged things that are still there.
        """
        logs = self._client("logs")
        for group in sorted(self._log_groups):
            try:
                logs.delete_log_group(logGroupName=group)
            except ClientError as exc:
                if exc.response["Error"]["Code"] != "ResourceNotFoundException":
                    raise
        self._log_groups.clear()
        self.delete_bucket()
        pages = self._client("cloudformation").get_paginator("describe_stacks").paginate()
        return tuple(
            stack["StackName"]
            for page in pages
            for stack in page["Stacks"]
            if {(tag["Key"], tag["Value"]) for tag in stack.get("Tags", [])} >= set(self._tags.items())
        )

    def delete_bucket(self) -> None:
        """Delete the bucket of code and everything in it, if it was made."""
        s3 = self._client("s3")
        try:
            pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket))
        except ClientError as exc:
            if exc.response["Error"]["Code"] == "NoSuchBucket":
                return
            raise
        for page in pages:
            for item in page.get("Contents", []):
                s3.delete_object(Bucket=self._bucket, Key=item["Key"])
        s3.delete_bucket(Bucket=self._bucket)

    # -- steps -------------------------------------------------------------------------------

    def _upload(self, archives: Mapping[str, bytes]) -> None:
        s3 = self._client("s3")
        try:
            s3.head_bucket(Bucket=self._bucket)
        except ClientError:
            region = s3.meta.region_name
            # S3 refuses us-east-1 as a location: it is the place of buckets that name none.
            place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            s3.create_bucket(Bucket=self._bucket, **place)
            s3.put_bucket_tagging(Bucket=self._bucket, Tagging={"TagSet": self._tag_list()})
        for key, content in archives.items():
            s3.put_object(Bucket=self._bucket, Key=key, Body=content)

    def _exists(self, stack_name: str) -> bool:
        try:
            stacks = self._client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
        except ClientError as exc:
            if "does not exist" in str(exc):
                return False
            raise
        return stacks[0]["StackStatus"] not in ("DELETE_COMPLETE", "REVIEW_IN_PROGRESS")

    def _change_set(
        self, stack_name: str, exists: bool, template: Mapping[str, Any], parameters: Mapping[str, str]
    ) -> str:
        self._change_sets += 1
        try:
            answer = self._client("cloudformation").create_change_set(
                StackName=stack_name,
                ChangeSetName=f"deploy-{self._change_sets}",
                ChangeSetType="UPDATE" if exists else "CREATE",
                TemplateBody=json.dumps(self._adapt(dict(template))),
                Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in sorted(parameters.items())],
                Capabilities=_CAPABILITIES,
                Tags=self._tag_list(),
            )
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "ValidationError":
                raise  # not the template's fault
            raise TargetError(f"CloudFormation refuses {stack_name}: {exc.response['Error']['Message']}") from exc
        return str(answer["Id"])

    def _change_set_is_ready(self, stack_name: str, change_set: str) -> bool:
        cloudformation = self._client("cloudformation")
        try:
            cloudformation.get_waiter("change_set_create_complete").wait(
                ChangeSetName=change_set, WaiterConfig={"Delay": self._poll_s, "MaxAttempts": 120}
            )
        except WaiterError as exc:
            reason = cloudformation.describe_change_set(ChangeSetName=change_set).get("StatusReason", str(exc))
            if "EarlyValidation" in reason:  # which says no more than that
                reason = self._findings(change_set) or reason
            cloudformation.delete_change_set(ChangeSetName=change_set)
            if any(phrase in reason for phrase in _UNCHANGED):
                return False
            raise TargetError(f"CloudFormation refuses {stack_name}: {reason}") from exc
        return True

    def _findings(self, change_set: str) -> str:
        """What CloudFormation found before it would have made anything; "" where DescribeEvents is not to be had."""
        try:
            events = self._client("cloudformation").describe_events(
                ChangeSetName=change_set, Filters={"FailedEvents": True}
            )["OperationEvents"]
        except ClientError:
            return ""
        return "; ".join(
            f"{event['LogicalResourceId']} ({event['ResourceType']}): {event['ValidationStatusReason']}"
            for event in events
            if event["EventType"] == "VALIDATION_ERROR"
        )

    def _wait(self, waiter: str, stack_name: str) -> None:
        cloudformation = self._client("cloudformation")
        try:
            cloudformation.get_waiter(waiter).wait(
                StackName=stack_name, WaiterConfig={"Delay": self._poll_s, "MaxAttempts": 240}
            )
        except WaiterError as exc:
            raise TargetError(f"{stack_name} failed: {self._first_failure(stack_name)}") from exc

    def _first_failure(self, stack_name: str) -> str:
        events = self._client("cloudformation").describe_stack_events(StackName=stack_name)["StackEvents"]
        failed = []
        for event in events:  # the newest comes first; what is before this operation's own start is not its failure
            if event["ResourceStatus"].endswith("_FAILED"):
                failed.append(event)
            if event["PhysicalResourceId"] == event["StackId"] and event["ResourceStatus"] in _STARTED:
                break
        if not failed:
            return "CloudFormation gives no reason"
        first = failed[-1]  # the newest event comes first
        return f"{first['LogicalResourceId']} ({first['ResourceType']}): {first.get('ResourceStatusReason', '')}"

    def _tag_list(self) -> list[dict[str, str]]:
        return [{"Key": key, "Value": value} for key, value in sorted(self._tags.items())]
