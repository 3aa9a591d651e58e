"""API keys and usage plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.stacks.types.base import Made, Making, ResourceType, as_bool, chosen, lower_first, names
from localcloud.stacks.types.rest_apis.common import client_of, lower_names


class ApiKey(ResourceType):
    name = "AWS::ApiGateway::ApiKey"
    custom_name = "Name"
    properties = names("CustomerId Description Enabled GenerateDistinctId Name StageKeys Tags Value")
    attributes = names("APIKeyId")

    def create(self, making: Making) -> Made:
        answer = client_of(making).create_api_key(
            name=making.name("Name"),
            enabled=as_bool(making.properties.get("Enabled", False)),
            tags=making.all_tags(),
            **lower_names(chosen(making.properties, "CustomerId Description Value")),
        )
        return Made(answer["id"], {"APIKeyId": answer["id"]})

    def delete(self, making: Making, made: Made) -> None:
        client_of(making).delete_api_key(apiKey=made.physical_id)


class UsagePlan(ResourceType):
    name = "AWS::ApiGateway::UsagePlan"
    custom_name = "UsagePlanName"
    properties = names("ApiStages Description Quota Tags Throttle UsagePlanName")
    attributes = names("Id")

    def create(self, making: Making) -> Made:
        properties = making.properties
        arguments: dict[str, Any] = lower_names(chosen(properties, "Description"))
        arguments["apiStages"] = [lower_first(item) | _own_throttle(item) for item in properties.get("ApiStages") or ()]
        if "Throttle" in properties:
            arguments["throttle"] = _limits(properties["Throttle"])
        if "Quota" in properties:
            quota = properties["Quota"]
            arguments["quota"] = {"limit": int(quota["Limit"]), "period": quota["Period"]}
            if "Offset" in quota:
                arguments["quota"]["offset"] = int(quota["Offset"])
        answer = client_of(making).create_usage_plan(
            name=making.name("UsagePlanName"), tags=making.all_tags(), **arguments
        )
        return Made(answer["id"], {"Id": answer["id"]})

    def delete(self, making: Making, made: Made) -> None:
        client_of(making).delete_usage_plan(usagePlanId=made.physical_id)


def _limits(throttle: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "BurstLimit" in throttle:
        found["burstLimit"] = int(throttle["BurstLimit"])
    if "RateLimit" in throttle:
        found["rateLimit"] = float(throttle["RateLimit"])
    return found


def _own_throttle(stage: Mapping[str, Any]) -> dict[str, Any]:
    """Limits by method, whose keys are paths."""
    if "Throttle" not in stage:
        return {}
    return {"throttle": {path: _limits(limits) for path, limits in stage["Throttle"].items()}}


class UsagePlanKey(ResourceType):
    name = "AWS::ApiGateway::UsagePlanKey"
    properties = names("KeyId KeyType UsagePlanId")
    required = properties
    attributes = names("Id")

    def create(self, making: Making) -> Made:
        answer = client_of(making).create_usage_plan_key(
            **lower_names(chosen(making.properties, "KeyId KeyType UsagePlanId"))
        )
        return Made(f"{answer['id']}:{making.properties['UsagePlanId']}", {"Id": answer["id"]})

    def delete(self, making: Making, made: Made) -> None:
        client_of(making).delete_usage_plan_key(**lower_names(chosen(making.properties, "KeyId UsagePlanId")))
