"""Everything that labs have made in an account, found again by its tag, and deleted."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from patisserie.targets.base import TargetError

PREFIX = "patisserie-"
RUN_TAG = "patisserie:run"
_RUN = r"\d\d-[0-9a-f]{8}"
_GONE = ("DELETE_COMPLETE",)
# An invocation that was under way when its function was deleted still writes its log, and so does its retry: the
# log group is back then. No function of the labs waits this long between two lines.
_QUIET_S = 15
_LOOK_S = 1
_LOOKS = 300


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Names of what was deleted, and of what is still there."""

    stacks: tuple[str, ...]
    log_groups: tuple[str, ...]
    buckets: tuple[str, ...]
    left: tuple[str, ...]

    @property
    def count(self) -> int:
        return len(self.stacks) + len(self.log_groups) + len(self.buckets)


def bucket_name(account_id: str, run: str) -> str:
    """The bucket of code of one run. Bucket names are shared by all accounts, hence the account's number in it."""
    return f"{PREFIX}{account_id}-{run}"


def find_stacks(client: Callable[[str], Any], run: str | None = None) -> tuple[str, ...]:
    """Stacks with the run's tag; of every run when `run` is None."""
    pages = client("cloudformation").get_paginator("describe_stacks").paginate()
    return tuple(
        stack["StackName"]
        for page in pages
        for stack in page["Stacks"]
        if stack["StackStatus"] not in _GONE and _tagged(stack.get("Tags", []), run)
    )


def clean_up(
    client: Callable[[str], Any],
    account_id: str,
    run: str | None = None,
    invoked: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Cleaned:
    """Delete the stacks of a run (of every run when None), then their log groups and their buckets of code.

    Nothing is deleted by its name alone: a stack or a bucket must have the tag, and a log group must be named after
    a function of a run. Log groups are deleted until none has come back for 15 s, when there were stacks or log
    groups, or functions may have been `invoked` before their stack was deleted. Raises TargetError when
    CloudFormation cannot delete a stack.
    """
    stacks = find_stacks(client, run)
    for name in stacks:
        _delete_stack(client("cloudformation"), name)
    groups = _delete_log_groups(client("logs"), run)
    if stacks or groups or invoked:
        groups = tuple(sorted({*groups, *_delete_late_log_groups(client("logs"), run, sleep)}))
    buckets = tuple(_buckets(client("s3"), account_id, run))
    for bucket in buckets:
        _delete_bucket(client("s3"), bucket)
    left = (*find_stacks(client, run), *_log_groups(client("logs"), run), *_buckets(client("s3"), account_id, run))
    return Cleaned(stacks, groups, buckets, left)


def _tagged(tags: list[Mapping[str, str]], run: str | None) -> bool:
    return any(tag["Key"] == RUN_TAG and run in (None, tag["Value"]) for tag in tags)


def _delete_stack(cloudformation: Any, name: str) -> None:
    cloudformation.delete_stack(StackName=name)
    try:
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 5})
    except WaiterError as exc:
        raise TargetError(
            f"CloudFormation could not delete {name}; look at its events, and run cleanup again."
        ) from exc


def _delete_log_groups(logs: Any, run: str | None) -> tuple[str, ...]:
    found = tuple(_log_groups(logs, run))
    for group in found:
        try:
            logs.delete_log_group(logGroupName=group)
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
    return found


def _delete_late_log_groups(logs: Any, run: str | None, sleep: Callable[[float], None]) -> set[str]:
    """Delete log groups that come back, until all has been quiet for a while."""
    found: set[str] = set()
    quiet_s = 0
    for _ in range(_LOOKS):
        if quiet_s >= _QUIET_S:
            break
        sleep(_LOOK_S)
        late = _delete_log_groups(logs, run)
        found |= set(late)
        quiet_s = 0 if late else quiet_s + _LOOK_S
    return found


def _log_groups(logs: Any, run: str | None) -> Iterator[str]:
    # Functions have no names of their own in the templates: CloudFormation begins them with the stack's name.
    wanted = re.compile(rf"^/aws/lambda/{PREFIX}{re.escape(run) if run else _RUN}-")
    for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=f"/aws/lambda/{PREFIX}"):
        yield from (group["logGroupName"] for group in page["logGroups"] if wanted.match(group["logGroupName"]))


def _buckets(s3: Any, account_id: str, run: str | None) -> Iterator[str]:
    for bucket in s3.list_buckets()["Buckets"]:
        if not bucket["Name"].startswith(f"{PREFIX}{account_id}-"):
            continue
        try:
            tags = s3.get_bucket_tagging(Bucket=bucket["Name"])["TagSet"]
        except ClientError as exc:
            if exc.response["Error"]["Code"] not in ("NoSuchTagSet", "NoSuchBucket"):
                raise
            continue
        if _tagged(tags, run):
            yield bucket["Name"]


def _delete_bucket(s3: Any, bucket: str) -> None:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=item["Key"])
    s3.delete_bucket(Bucket=bucket)
