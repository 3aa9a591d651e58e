"""What an emulator at AWS_ENDPOINT_URL cannot do: some of it made up for, all of it said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from patisserie.targets.base import DeployedStack
from patisserie.targets.packaging import load_template

NOT_ON_STAND_IN = (
    "routes of an HTTP API out of the template (the emulator leaves them out; the course adds them by API calls)",
    "AppSync Events (the emulator refuses it; the course leaves it out there, and customers see no progress)",
    "throttling: API rate limits and Lambda's concurrency and scaling limits do not hold customers back",
    "Lambda's memory setting: it does not change how fast a function computes, and there is no Init Duration",
    "permissions: policies are not enforced, so a missing one is not noticed",
    "AWS's latencies: times are those of this computer, and costs follow from them",
)


_REFUSED = "AWS::AppSync::"
_NOWHERE = "http://127.0.0.1:9/"  # the discard port: nobody listens, and a connection is refused at once


def without_refused(template: dict[str, Any]) -> dict[str, Any]:
    """The template without the resources that the emulator refuses, for templates that can do without them.

    A function's environment variable that needs one of them gets an address at which nobody answers; an output that
    needs one is left out.
    """
    resources: dict[str, Any] = template["Resources"]
    gone = {name for name, resource in resources.items() if resource.get("Type", "").startswith(_REFUSED)}
    if not gone:
        return template
    kept = {name: _without(resource, gone) for name, resource in resources.items() if name not in gone}
    outputs = {name: output for name, output in (template.get("Outputs") or {}).items() if not _needs(output, gone)}
    return {**template, "Resources": kept, "Outputs": outputs}


def _without(resource: dict[str, Any], gone: set[str]) -> dict[str, Any]:
    properties = resource.get("Properties") or {}
    variables = (properties.get("Environment") or {}).get("Variables") or {}
    if not _needs(variables, gone):
        return resource
    known = {name: _NOWHERE if _needs(value, gone) else value for name, value in variables.items()}
    environment = {**properties["Environment"], "Variables": known}
    return {**resource, "Properties": {**properties, "Environment": environment}}


def _needs(value: Any, gone: set[str]) -> bool:
    """Whether a part of a template refers to one of the resources `gone`."""
    if isinstance(value, dict):
        target = value.get("Ref", value.get("Fn::GetAtt"))
        if target is not None:
            return (target if isinstance(target, str) else str(target[0])).split(".")[0] in gone
        return any(_needs(inner, gone) for inner in value.values())
    if isinstance(value, list):
        return any(_needs(inner, gone) for inner in value)
    return isinstance(value, str) and any(f"${{{name}." in value or f"${{{name}}}" in value for name in gone)


def add_routes(client: Callable[[str], Any], stack: DeployedStack, template: Path) -> None:
    """Give the stack's HTTP APIs the routes that the template declares and the emulator has left out."""
    gateway = client("apigatewayv2")
    physical = {resource.logical_id: resource.physical_id for resource in stack.resources}
    for api_id in stack.physical_ids("AWS::ApiGatewayV2::Api"):
        if gateway.get_routes(ApiId=api_id)["Items"]:
            continue
        for name, resource in load_template(template)["Resources"].items():
            events = (resource.get("Properties") or {}).get("Events", {})
            routes = [event["Properties"] for event in events.values() if event["Type"] == "HttpApi"]
            keys = [f"{r['Method'].upper()} {r['Path']}" for r in routes if physical.get(r["ApiId"]["Ref"]) == api_id]
            if not keys:
                continue
            function = client("lambda").get_function_configuration(FunctionName=physical[name])["FunctionArn"]
            integration = gateway.create_integration(
                ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
            )["IntegrationId"]
            for key in keys:
                gateway.create_route(ApiId=api_id, RouteKey=key, Target=f"integrations/{integration}")
