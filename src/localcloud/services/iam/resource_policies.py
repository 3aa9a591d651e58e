"""The policies of resources, as far as they speak of roles."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from moto.backends import get_backend
from moto.s3.models import FakeKey
from moto.sqs.exceptions import QueueDoesNotExist

from localcloud.api import ApiError
from localcloud.principals import Principal
from localcloud.services.iam.conditions import Context
from localcloud.services.iam.leading_keys import KEY, leading_keys
from localcloud.services.iam.needs import Need
from localcloud.services.iam.statements import Statement, parse_document

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class ResourcePolicies:
    """Reads them from moto's state at the moment of use."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._parsed: dict[str, tuple[Any, tuple[Statement, ...]]] = {}  # by ARN, with what they were read from
        self._backends: dict[str, Any] = {}
        self._readers: Mapping[str, Callable[[str], str | bytes | None]] = {
            "dynamodb": self._of_table,
            "events": self._of_bus,
            "kinesis": self._of_stream,
            "lambda": self._of_function,
            "s3": self._of_bucket,
            "secretsmanager": self._of_secret,
            "sns": self._of_topic,
            "sqs": self._of_queue,
            "sts": self._of_role,
        }

    def has(self, need: Need) -> bool:
        """Whether what is needed has a policy of its own."""
        return bool(self._statements(need.action, need.resource))

    def about(self, action: str, resource: str, principal: Principal) -> list[Statement]:
        """The statements on `resource` that speak of `principal`."""
        return [one for one in self._statements(action, resource) if one.names(principal)]

    def named(self, service: str, params: Mapping[str, Any], need: Need) -> Need:
        """The need, with the ARN of a secret that is called by its name; that of no secret stays the name."""
        if service != "secretsmanager" or need.resource or not isinstance(params.get("SecretId"), str):
            return need
        secret = self._backend("secretsmanager").secrets.get(params["SecretId"])
        return replace(need, resource=secret.arn if secret is not None else params["SecretId"])

    def item_keys(self, service: str, operation: str, params: Mapping[str, Any], need: Need) -> Context:
        """The partition keys of the items of a table that a call is about, as a condition key."""
        if service != "dynamodb" or ":table/" not in need.resource:
            return {}
        keys = self._leading_keys(operation, params, need.resource.split("/")[1])
        return {KEY: tuple(keys)} if keys else {}

    def _leading_keys(self, operation: str, params: Mapping[str, Any], name: str) -> list[str]:
        table = self._backend("dynamodb").tables.get(name)
        if table is None:
            return []
        partition = {"": str(table.hash_key_attr)}
        for index in (*table.indexes, *table.global_indexes) if params.get("IndexName") else ():
            partition[index.name] = next(key["AttributeName"] for key in index.schema if key["KeyType"] == "HASH")
        return leading_keys(operation, params, name, partition)

    def missing(self, service: str, operation: str, params: Mapping[str, Any]) -> list[Need]:
        """Who may not list a bucket is not told that an object is not there.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html.
        """
        if service != "s3" or operation not in ("GetObject", "HeadObject"):
            return []
        bucket = self._backend("s3", "aws").buckets.get(params.get("Bucket"))
        found = bucket.keys.get(params.get("Key")) if bucket is not None else None
        if bucket is None or isinstance(found, FakeKey):
            return []
        return [Need("s3:ListBucket", f"arn:aws:s3:::{bucket.name}")]

    def _statements(self, action: str, resource: str) -> tuple[Statement, ...]:
        reader = self._readers.get(action.partition(":")[0])
        if reader is None or not resource.startswith("arn:"):
            return ()
        document = reader(resource)
        if not document:
            return ()
        known = self._parsed.get(resource)
        if known is None or known[0] != document:
            known = self._parsed[resource] = document, parse_document(document)
        return known[1]

    # -- by service ----------------------------------------------------------------------------

    def _of_queue(self, arn: str) -> str | None:
        try:
            return self._cloud.sqs.queues.get(arn).policy  # type: ignore[no-any-return]
        except QueueDoesNotExist:
            return None

    def _of_function(self, arn: str) -> str | None:
        try:
            statements = self._cloud.lambda_.functions.statements(arn)
        except ApiError:
            return None
        return json.dumps({"Statement": statements}) if statements else None

    def _of_topic(self, arn: str) -> str | None:
        topic = self._backend("sns").topics.get(arn)
        return None if topic is None else topic.policy

    def _of_bus(self, arn: str) -> str | None:
        bus = self._backend("events").event_buses.get(arn.split("event-bus/", 1)[-1])
        return None if bus is None else bus.policy

    def _of_table(self, arn: str) -> str | None:
        """That of a table is its indexes', too; a stream has one of its own."""
        policy = self._backend("dynamodb").resource_policies.get(arn.partition("/index/")[0])
        return None if policy is None else policy.policy_doc

    def _of_stream(self, arn: str) -> str | None:
        found: str | None = self._backend("kinesis").resource_policies.get(arn)
        return found

    def _of_secret(self, arn: str) -> str | None:
        secret = self._backend("secretsmanager").secrets.get(arn)
        return None if secret is None else secret.policy

    def _of_role(self, arn: str) -> str | None:
        """Who may assume it."""
        roles = self._backend("iam", "aws").roles.values()
        return next((role.assume_role_policy_document for role in roles if role.arn == arn), None)

    def _of_bucket(self, arn: str) -> str | bytes | None:
        bucket = self._backend("s3", "aws").buckets.get(arn.split(":::", 1)[-1].partition("/")[0])
        return None if bucket is None else bucket.policy

    def _backend(self, service: str, place: str | None = None) -> Any:
        """moto's state of a service; it is imported by the calls that come here, once."""
        if service not in self._backends:
            self._backends[service] = self._imported(service, place)
        return self._backends[service]

    def _imported(self, service: str, place: str | None) -> Any:
        return get_backend(service)[self._cloud.account_id][place or self._cloud.region]  # type: ignore[call-overload]
