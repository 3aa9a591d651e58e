"""`{{resolve:ssm:name}}` and `{{resolve:secretsmanager:id:SecretString:key}}` in properties.

They are looked up when a resource is made.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from localcloud.stacks.parsing import TemplateError

_REFERENCE = re.compile(r"\{\{resolve:([a-z-]+):([^{}]+)\}\}")


class DynamicReferences:
    """Looks them up with boto3 clients. `resolve` raises TemplateError, worded as CloudFormation words it."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self._client = client

    def resolve(self, value: Any, where: str) -> Any:
        """`value` with every reference replaced, at any depth; `where` is "AWS::Type/Properties" for messages."""
        if isinstance(value, dict):
            return {key: self.resolve(inner, f"{where}/{key}") for key, inner in value.items()}
        if isinstance(value, list):
            return [self.resolve(inner, where) for inner in value]
        if not isinstance(value, str) or "{{resolve:" not in value:
            return value
        return _REFERENCE.sub(lambda match: self._one(match[1], match[2], where), value)

    def _one(self, service: str, key: str, where: str) -> str:
        if service == "ssm":
            return self._parameter(key)
        if service == "secretsmanager":
            return self._secret(key)
        if service == "ssm-secure":  # only passwords of a few resource types take them, none of which is simulated
            raise TemplateError(f"SSM Secure reference is not supported in: [{where}]")
        raise TemplateError(f"Invalid dynamic reference: there is no service {service!r} to resolve from.")

    def _parameter(self, key: str) -> str:
        try:
            found = self._client("ssm").get_parameter(Name=key)["Parameter"]  # "name" or "name:version"
        except ClientError as exc:
            raise TemplateError(f"Parameters: [ssm:{key}] cannot be found.") from exc
        if found["Type"] == "SecureString":
            raise TemplateError(f"Non-secure reference was used for secure parameter: [ssm:{key}]")
        return str(found["Value"])

    def _secret(self, key: str) -> str:
        parts = key.split(":")
        if key.startswith("arn:"):  # an ARN has six colons of its own
            parts = [":".join(parts[:7]), *parts[7:]]
        name, what, member, stage, version = [*parts, "", "", "", ""][:5]
        if what not in ("", "SecretString"):
            raise TemplateError(f"Invalid dynamic reference: expected SecretString, found {what!r}.")
        asked = {"VersionStage": stage} if stage else {"VersionId": version} if version else {}
        try:
            text = str(self._client("secretsmanager").get_secret_value(SecretId=name, **asked)["SecretString"])
        except ClientError as exc:
            raise TemplateError(exc.response["Error"].get("Message", str(exc))) from exc
        if not member:
            return text
        try:
            return str(json.loads(text)[member])
        except (ValueError, KeyError, TypeError):
            raise TemplateError(f"Could not find a value associated with JSONKey in SecretString: {member}") from None
