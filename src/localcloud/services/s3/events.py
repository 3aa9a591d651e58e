"""What S3 tells of an object: the record of a notification, and the event on the default event bus.

Sources: the S3 user guide on the structure of event messages, and on EventBridge's event structure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

_PRINCIPAL = "AWS:AIDAIT2UOQQY3AUEKVGXU"
_OWNER = "A3NL1KOZZKExample"
_ADDRESS = "192.0.2.1"
_REASONS = {
    "ObjectCreated:Put": "PutObject",
    "ObjectCreated:Post": "POST Object",
    "ObjectCreated:Copy": "CopyObject",
    "ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "ObjectRemoved:Delete": "DeleteObject",
    "ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
}
_TYPES = {
    "ObjectCreated": "Object Created",
    "ObjectRemoved": "Object Deleted",
    "ObjectRestore:Post": "Object Restore Initiated",
    "ObjectRestore:Completed": "Object Restore Completed",
    "ObjectTagging:Put": "Object Tags Added",
    "ObjectTagging:Delete": "Object Tags Deleted",
    "ObjectAcl": "Object ACL Updated",
}


@dataclass(frozen=True, slots=True)
class ObjectEvent:
    """Something that happened to an object. `name` is without "s3:" ("ObjectCreated:Put"); `at_us` Unix microseconds.

    `version` is None in a bucket without versions; `sequencer` grows with every event.
    """

    name: str
    bucket: str
    bucket_arn: str
    region: str
    account_id: str
    key: str
    size: int
    etag: str
    version: str | None
    sequencer: str
    request_id: str
    at_us: int

    @property
    def removed(self) -> bool:
        return self.name.startswith("ObjectRemoved")

    def record(self, configuration_id: str) -> dict[str, Any]:
        """One element of a notification's Records."""
        described: dict[str, Any] = {"key": quote_plus(self.key, safe="/-_.*")}
        if not self.removed:
            described |= {"size": self.size, "eTag": self.etag}
        if self.version is not None:
            described["versionId"] = self.version
        at = datetime.fromtimestamp(self.at_us / 1_000_000, UTC)
        return {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": self.region,
            "eventTime": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1_000:03d}Z",
            "eventName": self.name,
            "userIdentity": {"principalId": _PRINCIPAL},
            "requestParameters": {"sourceIPAddress": _ADDRESS},
            "responseElements": {"x-amz-request-id": self.request_id, "x-amz-id-2": f"{self.request_id}/simulated"},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": configuration_id,
                "bucket": {"name": self.bucket, "ownerIdentity": {"principalId": _OWNER}, "arn": self.bucket_arn},
                "object": {**described, "sequencer": self.sequencer},
            },
        }

    @property
    def detail_type(self) -> str:
        return _TYPES.get(self.name) or _TYPES.get(self.name.split(":")[0], "Object Event")

    def detail(self) -> dict[str, Any]:
        """The detail of the event on the bus; its key is not encoded."""
        described: dict[str, Any] = {"key": self.key}
        if not self.removed:
            described |= {"size": self.size, "etag": self.etag}
        if self.version is not None:
            described["version-id"] = self.version
        found: dict[str, Any] = {
            "version": "0",
            "bucket": {"name": self.bucket},
            "object": {**described, "sequencer": self.sequencer},
            "request-id": self.request_id,
            "requester": self.account_id,
            "source-ip-address": _ADDRESS,
        }
        if self.name in _REASONS:
            found["reason"] = _REASONS[self.name]
        if self.removed:
            marker = self.name.endswith("DeleteMarkerCreated")
            found["deletion-type"] = "Delete Marker Created" if marker else "Permanently Deleted"
        return found
