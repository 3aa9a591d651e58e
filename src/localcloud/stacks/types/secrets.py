"""AWS::SecretsManager::Secret, AWS::KMS::Key and AWS::KMS::Alias."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import Made, Making, ResourceFailed, Updatable, as_bool, chosen, names

_PASSWORD = (
    "ExcludeCharacters ExcludeLowercase ExcludeNumbers ExcludePunctuation ExcludeUppercase IncludeSpace PasswordLength "
    "RequireEachIncludedType"
)


class Secret(Updatable):
    name = "AWS::SecretsManager::Secret"
    custom_name = "Name"
    properties = names("Description GenerateSecretString KmsKeyId Name SecretString Tags")
    attributes = names("Id")
    replacing = names("Name")

    def create(self, making: Making) -> Made:
        properties = making.properties
        if "SecretString" in properties and "GenerateSecretString" in properties:
            raise ResourceFailed("You can't specify both SecretString and GenerateSecretString.")
        arguments = {"Name": making.name("Name", 512), **chosen(properties, "Description KmsKeyId")}
        content = self._content(making)
        if content is not None:
            arguments["SecretString"] = content
        arn = making.client("secretsmanager").create_secret(Tags=making.tag_list(), **arguments)["ARN"]
        return Made(arn, {"Id": arn})

    @staticmethod
    def _content(making: Making) -> str | None:
        """What is given, or a password, alone or as a member of a JSON template."""
        if "GenerateSecretString" not in making.properties:
            found: str | None = making.properties.get("SecretString")
            return found
        wanted = making.properties["GenerateSecretString"]
        options = {name: int(v) if name == "PasswordLength" else as_bool(v) if not name.endswith("Characters") else v
                   for name, v in chosen(wanted, _PASSWORD).items()}  # fmt: skip
        password = str(making.client("secretsmanager").get_random_password(**options)["RandomPassword"])
        key, template = wanted.get("GenerateStringKey"), wanted.get("SecretStringTemplate")
        if (key is None) != (template is None):
            raise ResourceFailed("SecretStringTemplate and GenerateStringKey go together.")
        return password if key is None else json.dumps({**json.loads(template), key: password})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        """A password is generated anew only when what is wanted of it changes."""
        arguments = chosen(making.properties, "Description KmsKeyId")
        changed = any(making.properties.get(name) != old.get(name) for name in ("SecretString", "GenerateSecretString"))
        content = self._content(making) if changed else None
        if content is not None:
            arguments["SecretString"] = content
        making.client("secretsmanager").update_secret(SecretId=made.physical_id, **arguments)
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("secretsmanager").delete_secret(SecretId=made.physical_id, ForceDeleteWithoutRecovery=True)


class Key(Updatable):
    name = "AWS::KMS::Key"
    validated_early = False
    properties = names(
        "BypassPolicyLockoutSafetyCheck Description Enabled EnableKeyRotation KeyPolicy KeySpec KeyUsage MultiRegion "
        "Origin PendingWindowInDays RotationPeriodInDays Tags"
    )
    attributes = names("Arn KeyId")
    replacing = names("KeySpec KeyUsage MultiRegion Origin")

    def create(self, making: Making) -> Made:
        client, properties = making.client("kms"), making.properties
        arguments = chosen(properties, "Description KeySpec KeyUsage Origin")
        if "KeyPolicy" in properties:
            arguments["Policy"] = json.dumps(properties["KeyPolicy"])
        tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in making.tag_list()]
        made = client.create_key(Tags=tags, **arguments)["KeyMetadata"]
        self._set(making, made["KeyId"], {})
        return Made(made["KeyId"], {"Arn": made["Arn"], "KeyId": made["KeyId"]})

    @staticmethod
    def _set(making: Making, key_id: str, old: Mapping[str, Any]) -> None:
        client, new = making.client("kms"), making.properties
        for name, on, off in (
            ("EnableKeyRotation", client.enable_key_rotation, client.disable_key_rotation),
            ("Enabled", client.enable_key, client.disable_key),
        ):
            usual = name == "Enabled"
            before, after = as_bool(old.get(name, usual)), as_bool(new.get(name, usual))
            if before != after:
                (on if after else off)(KeyId=key_id)

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        client, new = making.client("kms"), making.properties
        self._set(making, made.physical_id, old)
        if new.get("KeyPolicy") != old.get("KeyPolicy") and "KeyPolicy" in new:
            client.put_key_policy(KeyId=made.physical_id, PolicyName="default", Policy=json.dumps(new["KeyPolicy"]))
        if new.get("Description") != old.get("Description"):
            client.update_key_description(KeyId=made.physical_id, Description=new.get("Description", ""))
        return made

    def delete(self, making: Making, made: Made) -> None:
        """A key is deleted some days later."""
        days = int(making.properties.get("PendingWindowInDays", 30))
        making.client("kms").schedule_key_deletion(KeyId=made.physical_id, PendingWindowInDays=days)


class Alias(Updatable):
    name = "AWS::KMS::Alias"
    validated_early = False
    custom_name = "AliasName"
    properties = names("AliasName TargetKeyId")
    required = names("AliasName TargetKeyId")
    replacing = names("AliasName")

    def create(self, making: Making) -> Made:
        given = chosen(making.properties, "AliasName TargetKeyId")
        making.client("kms").create_alias(**given)
        return Made(given["AliasName"])

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        making.client("kms").update_alias(**chosen(making.properties, "AliasName TargetKeyId"))
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("kms").delete_alias(AliasName=made.physical_id)


ALL = (Secret(), Key(), Alias())
