"""What an emulator at AWS_ENDPOINT_URL cannot do: some of it made up for, all of it said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from patisserie.targets.base import DeployedStack
from patisserie.targets.packaging import load_template

NOT_ON_STAND_IN = (
    "routes of an HTTP API out of the template (the emulator leaves them out; the course adds them by API calls)",
    "AppSync Events: the emulator refuses templates that have it, so lab 02 stops at its second half there",
    "throttling: API rate limits and Lambda's concurrency and scaling limits do not hold customers back",
    "Lambda's memory setting: it does not change how fast a function computes, and there is no Init Duration",
    "permissions: policies are not enforced, so a missing one is not noticed",
    "AWS's latencies: times are those of this computer, and costs follow from them",
)


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
