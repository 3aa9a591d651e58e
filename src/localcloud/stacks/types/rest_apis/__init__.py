"""AWS::ApiGateway::*: REST APIs and their parts."""

from __future__ import annotations

from localcloud.stacks.types.rest_apis.apis import Account, Method, Resource, RestApi
from localcloud.stacks.types.rest_apis.parts import Authorizer, GatewayResponse, Model, RequestValidator
from localcloud.stacks.types.rest_apis.plans import ApiKey, UsagePlan, UsagePlanKey
from localcloud.stacks.types.rest_apis.stages import Deployment, Stage

ALL = (
    RestApi(), Resource(), Method(), Deployment(), Stage(), Model(), RequestValidator(), Authorizer(),
    GatewayResponse(), ApiKey(), UsagePlan(), UsagePlanKey(), Account(),
)  # fmt: skip
