"""What a new bucket has without being asked, since 2023, and conditions in bucket policies.

Buckets are encrypted, let nobody in from outside and have no access control lists. Of conditions moto knows nothing: it
would let a policy that wants TLS refuse everybody.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend
from moto.s3.responses import S3Response

from localcloud.patching import Patches

_ENCRYPTION = {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}}
_PAYER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<RequestPaymentConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<Payer>BucketOwner</Payer></RequestPaymentConfiguration>"
)


def install(patches: Patches) -> None:
    """Give moto's buckets these defaults until the patches are undone."""
    create, encryption, get = S3Backend.create_bucket, S3Backend.get_bucket_encryption, S3Response._bucket_response_get

    def create_bucket(backend: Any, *args: Any, **kwargs: Any) -> Any:
        bucket: Any = create(backend, *args, **kwargs)
        bucket.public_access_block = PublicAccessBlock(True, True, True, True)
        bucket.ownership_rule = "BucketOwnerEnforced"
        return bucket

    def get_bucket_encryption(backend: Any, bucket_name: str) -> Any:
        """Deleting the configuration brings the default back."""
        return encryption(backend, bucket_name) or _ENCRYPTION

    def bucket_response_get(response: Any, bucket_name: str, querystring: dict[str, Any]) -> Any:
        """moto would list the bucket when it is asked who pays."""
        if "requestPayment" not in querystring:
            return get(response, bucket_name, querystring)
        response.backend.get_bucket(bucket_name)
        return 200, {"content-type": "application/xml"}, _PAYER

    def get_permission(bucket: Any, action: str, resource: str) -> Any:
        if bucket.policy is None:
            return PermissionResult.NEUTRAL
        policy = json.loads(bucket.policy)
        statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
        kept = [statement for statement in statements if _applies(statement.get("Condition") or {})]
        if not kept:
            return PermissionResult.NEUTRAL
        return IAMPolicy(json.dumps({**policy, "Statement": kept})).is_action_permitted(action, resource)

    patches.set(FakeBucket, "get_permission", get_permission)
    patches.set(S3Backend, "create_bucket", create_bucket)
    patches.set(S3Backend, "get_bucket_encryption", get_bucket_encryption)
    patches.set(S3Response, "_bucket_response_get", bucket_response_get)


def _applies(condition: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a request meets a condition. Of its context this much is known: requests to AWS come over TLS."""
    for operator, wanted in condition.items():
        for key, value in wanted.items():
            if (operator.lower(), key.lower()) != ("bool", "aws:securetransport"):
                return False
            if str(value).lower() != "true":
                return False
    return True
