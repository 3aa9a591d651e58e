"""IAM's names of what calls do.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# IAM's names of services where botocore has others
_PREFIXES = {
    "apigatewaymanagementapi": "execute-api", "apigatewayv2": "apigateway", "bedrock-agentcore-control":
    "bedrock-agentcore", "bedrock-runtime": "bedrock", "dynamodbstreams": "dynamodb", "resourcegroupstaggingapi": "tag",
    "stepfunctions": "states",
}  # fmt: skip
# actions that are not called as the operation is
_ACTIONS: Mapping[tuple[str, str], str] = {
    ("apigatewaymanagementapi", "DeleteConnection"): "ManageConnections",
    ("apigatewaymanagementapi", "GetConnection"): "ManageConnections",
    ("apigatewaymanagementapi", "PostToConnection"): "ManageConnections",
    ("bedrock-runtime", "Converse"): "InvokeModel",
    ("bedrock-runtime", "ConverseStream"): "InvokeModelWithResponseStream",
    ("lambda", "GetLayerVersionByArn"): "GetLayerVersion",
    ("lambda", "Invoke"): "InvokeFunction",
    ("lambda", "InvokeWithResponseStream"): "InvokeFunction",
    ("s3", "CompleteMultipartUpload"): "PutObject",
    ("s3", "CopyObject"): "PutObject",
    ("s3", "CreateMultipartUpload"): "PutObject",
    ("s3", "DeleteBucketCors"): "PutBucketCORS",
    ("s3", "DeleteBucketEncryption"): "PutEncryptionConfiguration",
    ("s3", "DeleteBucketLifecycle"): "PutLifecycleConfiguration",
    ("s3", "DeleteBucketOwnershipControls"): "PutBucketOwnershipControls",
    ("s3", "DeleteBucketReplication"): "PutReplicationConfiguration",
    ("s3", "DeleteBucketTagging"): "PutBucketTagging",
    ("s3", "DeleteObjects"): "DeleteObject",
    ("s3", "DeletePublicAccessBlock"): "PutBucketPublicAccessBlock",
    ("s3", "GetBucketAccelerateConfiguration"): "GetAccelerateConfiguration",
    ("s3", "GetBucketEncryption"): "GetEncryptionConfiguration",
    ("s3", "GetBucketLifecycle"): "GetLifecycleConfiguration",
    ("s3", "GetBucketLifecycleConfiguration"): "GetLifecycleConfiguration",
    ("s3", "GetBucketNotificationConfiguration"): "GetBucketNotification",
    ("s3", "GetBucketReplication"): "GetReplicationConfiguration",
    ("s3", "GetObjectLockConfiguration"): "GetBucketObjectLockConfiguration",
    ("s3", "GetPublicAccessBlock"): "GetBucketPublicAccessBlock",
    ("s3", "HeadBucket"): "ListBucket",
    ("s3", "HeadObject"): "GetObject",
    ("s3", "ListBuckets"): "ListAllMyBuckets",
    ("s3", "ListMultipartUploads"): "ListBucketMultipartUploads",
    ("s3", "ListObjectVersions"): "ListBucketVersions",
    ("s3", "ListObjects"): "ListBucket",
    ("s3", "ListObjectsV2"): "ListBucket",
    ("s3", "ListParts"): "ListMultipartUploadParts",
    ("s3", "PutBucketAccelerateConfiguration"): "PutAccelerateConfiguration",
    ("s3", "PutBucketEncryption"): "PutEncryptionConfiguration",
    ("s3", "PutBucketLifecycle"): "PutLifecycleConfiguration",
    ("s3", "PutBucketLifecycleConfiguration"): "PutLifecycleConfiguration",
    ("s3", "PutBucketNotificationConfiguration"): "PutBucketNotification",
    ("s3", "PutBucketReplication"): "PutReplicationConfiguration",
    ("s3", "PutObjectLockConfiguration"): "PutBucketObjectLockConfiguration",
    ("s3", "PutPublicAccessBlock"): "PutBucketPublicAccessBlock",
    ("s3", "SelectObjectContent"): "GetObject",
    ("s3", "UploadPart"): "PutObject",
    ("sns", "PublishBatch"): "Publish",
    ("sqs", "ChangeMessageVisibilityBatch"): "ChangeMessageVisibility",
    ("sqs", "DeleteMessageBatch"): "DeleteMessage",
    ("sqs", "SendMessageBatch"): "SendMessage",
}
# of one version of an object, not of the newest
_OF_VERSIONS = {
    "DeleteObject": "DeleteObjectVersion", "DeleteObjectTagging": "DeleteObjectVersionTagging",
    "GetObject": "GetObjectVersion", "GetObjectAcl": "GetObjectVersionAcl", "GetObjectAttributes":
    "GetObjectVersionAttributes", "GetObjectTagging": "GetObjectVersionTagging", "HeadObject": "GetObjectVersion",
    "PutObjectAcl": "PutObjectVersionAcl", "PutObjectTagging": "PutObjectVersionTagging",
}  # fmt: skip
# API Gateway is asked for the HTTP method; by how operations begin
_METHODS = {
    "Create": "POST", "Delete": "DELETE", "Export": "GET", "Flush": "DELETE", "Generate": "POST", "Get": "GET",
    "Import": "POST", "Put": "PUT", "Reimport": "PUT", "Reset": "DELETE", "Tag": "PUT", "Test": "POST",
    "Untag": "DELETE", "Update": "PATCH",
}  # fmt: skip


def action_of(service: str, operation: str, params: Mapping[str, Any]) -> str:
    """The action that a call by botocore's names of a service and an operation needs: "lambda:InvokeFunction"."""
    prefix = _PREFIXES.get(service, service)
    if prefix == "apigateway":
        found = next((method for verb, method in _METHODS.items() if operation.startswith(verb)), operation)
    elif service == "budgets" and not operation.endswith(("Resource", "Action", "Actions")):
        found = "ViewBudget" if operation.startswith("Describe") else "ModifyBudget"
    elif service == "s3" and params.get("VersionId") and operation in _OF_VERSIONS:
        found = _OF_VERSIONS[operation]
    else:
        found = _ACTIONS.get((service, operation), operation)
    return f"{prefix}:{found}"
