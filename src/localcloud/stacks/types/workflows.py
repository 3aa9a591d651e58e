"""AWS::StepFunctions::*."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import Made, Making, Updatable, chosen, lower_first, names

_SUBSTITUTION = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


class StateMachine(Updatable):
    name = "AWS::StepFunctions::StateMachine"
    custom_name = "StateMachineName"
    properties = names(
        "Definition DefinitionS3Location DefinitionString DefinitionSubstitutions EncryptionConfiguration "
        "LoggingConfiguration RoleArn StateMachineName StateMachineType Tags TracingConfiguration"
    )
    required = names("RoleArn")
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
        return Made(arn, {"Arn": arn, "Name": name})

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        making.client("stepfunctions").update_state_machine(
            stateMachineArn=made.physical_id, definition=self._definition(making), **self._settings(making)
        )
        return made

    def delete(self, making: Making, made: Made) -> None:
        making.client("stepfunctions").delete_state_machine(stateMachineArn=made.physical_id)


ALL = (StateMachine(),)
