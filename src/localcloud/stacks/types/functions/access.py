"""Who may call a function: permissions and URLs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import Made, Making, ResourceType, Updatable, as_bool, chosen, names


class Permission(ResourceType):
    name = "AWS::Lambda::Permission"
    properties = names(
        "Action EventSourceToken FunctionName FunctionUrlAuthType InvokedViaFunctionUrl Principal PrincipalOrgID "
        "SourceAccount SourceArn"
    )
    required = names("Action FunctionName Principal")
    attributes = names("Id")

    def create(self, making: Making) -> Made:
        statement = making.generated_name(64)
        arguments = dict(making.properties)
        if "InvokedViaFunctionUrl" in arguments:
            arguments["InvokedViaFunctionUrl"] = as_bool(arguments["InvokedViaFunctionUrl"])
        making.client("lambda").add_permission(StatementId=statement, **arguments)
        return Made(statement, {"Id": statement})

    def delete(self, making: Making, made: Made) -> None:
        making.client("lambda").remove_permission(
            FunctionName=making.properties["FunctionName"], StatementId=made.physical_id
        )


class Url(Updatable):
    name = "AWS::Lambda::Url"
    properties = names("AuthType Cors InvokeMode Qualifier TargetFunctionArn")
    required = names("AuthType TargetFunctionArn")
    attributes = names("FunctionArn FunctionUrl")
    replacing = names("Qualifier TargetFunctionArn")

    def _arguments(self, making: Making) -> dict[str, Any]:
        arguments = chosen(making.properties, "AuthType Cors InvokeMode Qualifier")
        return {"FunctionName": making.properties["TargetFunctionArn"], **arguments}

    def create(self, making: Making) -> Made:
        answer = making.client("lambda").create_function_url_config(**self._arguments(making))
        attributes = {"FunctionUrl": answer["FunctionUrl"], "FunctionArn": answer["FunctionArn"]}
        return Made(answer["FunctionArn"], attributes)

    def update(self, making: Making, made: Made, old: Mapping[str, Any]) -> Made:
        making.client("lambda").update_function_url_config(**self._arguments(making))
        return made

    def delete(self, making: Making, made: Made) -> None:
        arguments = self._arguments(making)
        making.client("lambda").delete_function_url_config(**chosen(arguments, "FunctionName Qualifier"))
