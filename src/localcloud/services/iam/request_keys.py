"""The condition keys that services add to a request out of its parameters, in small letters.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.services.iam.conditions import Context

# by service and operation ("" for all): condition keys, and the parameters whose texts they have
_KEYS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("cloudwatch", "PutMetricData"): {"cloudwatch:namespace": "Namespace"},
    ("dynamodb", ""): {
        "dynamodb:returnconsumedcapacity": "ReturnConsumedCapacity", "dynamodb:returnvalues": "ReturnValues",
        "dynamodb:select": "Select",
    },
    ("lambda", "CreateEventSourceMapping"): {"lambda:functionarn": "FunctionName"},
    ("lambda", "CreateFunctionUrlConfig"): {"lambda:functionurlauthtype": "AuthType"},
    ("s3", ""): {
        "s3:delimiter": "Delimiter", "s3:max-keys": "MaxKeys", "s3:prefix": "Prefix", "s3:versionid": "VersionId",
        "s3:x-amz-acl": "ACL", "s3:x-amz-server-side-encryption": "ServerSideEncryption",
        "s3:x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId", "s3:x-amz-storage-class": "StorageClass",
    },
    ("secretsmanager", "GetSecretValue"): {"secretsmanager:versionstage": "VersionStage"},
    ("sts", "AssumeRole"): {"sts:externalid": "ExternalId", "sts:rolesessionname": "RoleSessionName"},
    ("sns", "Subscribe"): {"sns:endpoint": "Endpoint", "sns:protocol": "Protocol"},
}  # fmt: skip


def request_keys(service: str, operation: str, params: Mapping[str, Any]) -> Context:
    """What the request has; a parameter that was not given leaves its key out."""
    found: dict[str, tuple[str, ...]] = {}
    for named in ((service, ""), (service, operation)):
        for key, name in _KEYS.get(named, {}).items():
            if params.get(name) is not None:
                found[key] = (str(params[name]),)
    return found
