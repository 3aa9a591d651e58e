"""AWS::StepFunctions::*."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from localcloud.stacks.types.base import Made, Making, ResourceType, Updatable, chosen, lower_first, names

_SUBSTITUTION = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


class StateMachine(Updatable):
    name = "AWS::StepFunctions::StateMachine"
    validated_early = False
    custom_name = "StateMachineName"
    properties = names(
        "Definition DefinitionS3Location DefinitionString DefinitionSubstitutions EncryptionConfiguration "
        "LoggingConfiguration RoleArn StateMachineName StateMachineType Tags TracingConfiguration"
    )
    required = names("RoleArn")
    attributes = names("Arn Name StateMachineRevisionId")
    replacing = names("StateMachineName StateMachineType")

    def _definition(self, making: Making) -> str:
        """The definition as text, wherever it stands, with its substitutions made."""
        properties = making.properties
        if "Definition" in properties:
            text = json.dumps(properties["Definition"])
        elif "DefinitionString" in properties:
            text = str(properties["DefinitionString"])
        elif "DefinitionS3Location" in properties:
            place = properties["DefinitionS3Location"]
            answer = making.client("s3").get_object(Bucket=place["Bucket"], Key=place["Key"])
            text = answer["Body"].read().decode()
        else:
            raise ValueError("A state machine needs Definition, DefinitionString or DefinitionS3Location")
        values = properties.get("DefinitionSubstitutions") or {}

        def value(match: re.Match[str]) -> str:
            found = values.get(match[1])
            return match[0] if found is None else str(found)

        return _SUBSTITUTION.sub(value, text)

    def _settings(self, making: Making) -> dict[str, Any]:
        return lower_first(chosen(making.properties, "LoggingConfiguration RoleArn TracingConfiguration"))  # type: ignore[no-any-return]

    def create(self, making: Making) -> Made:
        name = making.name("StateMachineName", 80)
        tags = [{"key": tag["Key"], "value": tag["Value"]} for tag in making.tag_list()]
        arn = making.client("stepfunctions").create_state_machine(
            name=name,
            definition=self._definition(making),
            type=making.properties.get("StateMachineType", "STANDARD"),
            tags=tags,
            **self._settings(making),
        )["stateMachineArn"]
        return Made(arn, {"Arn": arn, "Name": name, "StateMachineRevisionId": "INITIAL"})

    def _revision(self, making: Making) -> str:
        """An id of what makes a revision: definition, role and settings. The same ones make no new revision."""
        content = json.dumps([self._definition(making), self._settings(making)], sort_keys=True)
        return str(UUID(bytes=hashlib.sha256(content.encode()).digest()[:16]))

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        making.client("stepfunctions").update_state_machine(
            stateMachineArn=made.physical_id, definition=self._definition(making), **self._settings(making)
        )
        revision = self._revision(making)
        if revision == self._revision(replace(making, properties=old)):
            return made
        return replace(made, attributes={**made.attributes, "StateMachineRevisionId": revision})

    def delete(self, making: Making, made: Made) -> None:
        making.client("stepfunctions").delete_state_machine(stateMachineArn=made.physical_id)


class StateMachineVersion(ResourceType):
    name = "AWS::StepFunctions::StateMachineVersion"
    properties = names("Description StateMachineArn StateMachineRevisionId")
    required = names("StateMachineArn")
    attributes = names("Arn")

    def create(self, making: Making) -> Made:
        arn = making.client("stepfunctions").publish_state_machine_version(
            **lower_first(chosen(making.properties, "Description StateMachineArn"))
        )["stateMachineVersionArn"]
        return Made(arn, {"Arn": arn})

    def delete(self, making: Making, made: Made) -> None:
        making.client("stepfunctions").delete_state_machine_version(stateMachineVersionArn=made.physical_id)


class StateMachineAlias(Updatable):
    """Routes are set at once; a deployment preference that shifts them bit by bit is not simulated."""

    name = "AWS::StepFunctions::StateMachineAlias"
    custom_name = "Name"
    properties = names("DeploymentPreference Description Name RoutingConfiguration")
    required = frozenset()
    attributes = names("Arn")
    replacing = names("Name")

    def _routes(self, making: Making) -> list[dict[str, Any]]:
        preference = making.properties.get("DeploymentPreference")
        if preference is None:
            routes = making.properties.get("RoutingConfiguration") or []
            return [
                {"stateMachineVersionArn": route["StateMachineVersionArn"], "weight": int(route["Weight"])}
                for route in routes
            ]
        if preference.get("Type") != "ALL_AT_ONCE":
            raise ValueError("The local cloud simulates the deployment preference ALL_AT_ONCE only")
        return [{"stateMachineVersionArn": preference["StateMachineVersionArn"], "weight": 100}]

    def create(self, making: Making) -> Made:
        routes = self._routes(making)
        if not routes:
            raise ValueError("An alias needs RoutingConfiguration or DeploymentPreference")
        arn = making.client("stepfunctions").create_state_machine_alias(
            name=making.name("Name", 80),
            routingConfiguration=routes,
            **lower_first(chosen(making.properties, "Description")),
        )["stateMachineAliasArn"]
        return Made(arn, {"Arn": arn})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        making.client("stepfunctions").update_state_machine_alias(
            stateMachineAliasArn=made.physical_id,
            routingConfiguration=self._routes(making),
            **lower_first(chosen(making.properties, "Description")),
        )
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("stepfunctions").delete_state_machine_alias(stateMachineAliasArn=made.physical_id)


class Activity(ResourceType):
    name = "AWS::StepFunctions::Activity"
    custom_name = "Name"
    properties = names("EncryptionConfiguration Name Tags")
    required = names("Name")
    attributes = names("Arn Name")

    def create(self, making: Making) -> Made:
        name = making.name("Name", 80)
        tags = [{"key": tag["Key"], "value": tag["Value"]} for tag in making.tag_list()]
        arn = making.client("stepfunctions").create_activity(name=name, tags=tags)["activityArn"]
        return Made(arn, {"Arn": arn, "Name": name})

    def delete(self, making: Making, made: Made) -> None:
        making.client("stepfunctions").delete_activity(activityArn=made.physical_id)


ALL = (StateMachine(), StateMachineVersion(), StateMachineAlias(), Activity())
