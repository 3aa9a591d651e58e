"""Stages serve what was deployed to them. Source: the API Gateway developer guide on stages of HTTP APIs."""

from __future__ import annotations

import pytest

from localcloud.net import HttpRequest

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:shop"


@pytest.fixture
def gateway(cloud, function):
    function("shop", "def handler(event, context): return event['routeKey']")
    cloud.client("lambda").add_permission(
        FunctionName="shop", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    return cloud.client("apigatewayv2")


@pytest.fixture
def api(gateway):
    """An API with one route and no stage."""
    identifier = gateway.create_api(Name="shop", ProtocolType="HTTP")["ApiId"]
    add_route(gateway, identifier, "GET /cakes")
    return identifier


def add_route(gateway, api, key):
    made = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=FUNCTION, PayloadFormatVersion="2.0"
    )
    return gateway.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{made['IntegrationId']}")["RouteId"]


@pytest.fixture
def get(cloud, api):
    def call(path):
        url = f"https://{api}.execute-api.us-east-1.amazonaws.com{path}"
        answer = cloud.kernel.call(cloud.http.request, HttpRequest("GET", url))
        return answer.status, answer.body.decode()

    return call


def test_a_stage_serves_what_was_deployed_to_it(gateway, api, get):
    gateway.create_stage(ApiId=api, StageName="live")
    assert get("/live/cakes") == (404, '{"message":"Not Found"}')
    first = gateway.create_deployment(ApiId=api, StageName="live", Description="cakes")
    assert first["DeploymentStatus"] == "DEPLOYED"
    assert get("/live/cakes") == (200, "GET /cakes")
    route = add_route(gateway, api, "GET /breads")
    assert get("/live/breads")[0] == 404
    second = gateway.create_deployment(ApiId=api)
    assert get("/live/breads")[0] == 404
    gateway.update_stage(ApiId=api, StageName="live", DeploymentId=second["DeploymentId"])
    assert get("/live/breads") == (200, "GET /breads")
    gateway.update_route(ApiId=api, RouteId=route, RouteKey="GET /loaves")
    gateway.delete_route(ApiId=api, RouteId=gateway.get_routes(ApiId=api)["Items"][0]["RouteId"])
    assert [get(f"/live/{path}")[0] for path in ("breads", "cakes", "loaves")] == [200, 200, 404]
    gateway.create_stage(ApiId=api, StageName="old", DeploymentId=first["DeploymentId"])
    assert [get(f"/old/{path}")[0] for path in ("breads", "cakes")] == [404, 200]


def test_a_stage_that_deploys_itself_serves_what_there_is(gateway, api, get):
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    assert get("/cakes") == (200, "GET /cakes")
    add_route(gateway, api, "GET /breads")
    assert get("/breads") == (200, "GET /breads")


def test_deployments_are_listed_and_deleted_unless_a_stage_serves_them(gateway, api):
    gateway.create_stage(ApiId=api, StageName="live")
    used, spare = (gateway.create_deployment(ApiId=api, **more) for more in ({"StageName": "live"}, {}))
    listed = [one["DeploymentId"] for one in gateway.get_deployments(ApiId=api)["Items"]]
    assert listed == [used["DeploymentId"], spare["DeploymentId"]]
    gateway.delete_deployment(ApiId=api, DeploymentId=spare["DeploymentId"])
    with pytest.raises(gateway.exceptions.NotFoundException):
        gateway.get_deployment(ApiId=api, DeploymentId=spare["DeploymentId"])
    with pytest.raises(gateway.exceptions.BadRequestException, match="Active stages"):
        gateway.delete_deployment(ApiId=api, DeploymentId=used["DeploymentId"])


def test_what_cannot_be_deployed_is_refused(gateway, api):
    empty = gateway.create_api(Name="empty", ProtocolType="HTTP")["ApiId"]
    with pytest.raises(gateway.exceptions.BadRequestException, match="At least one route is required"):
        gateway.create_deployment(ApiId=empty)
    with pytest.raises(gateway.exceptions.NotFoundException, match="Invalid stage identifier"):
        gateway.create_deployment(ApiId=api, StageName="nowhere")
    with pytest.raises(gateway.exceptions.NotFoundException):
        gateway.create_stage(ApiId=api, StageName="live", DeploymentId="nothing")


@pytest.mark.parametrize("key", ["cakes", "GET cakes", "FETCH /cakes", "get /cakes", "/cakes"])
def test_a_route_is_a_method_and_a_path(gateway, api, key):
    with pytest.raises(gateway.exceptions.BadRequestException, match="route key is not formatted properly"):
        gateway.create_route(ApiId=api, RouteKey=key)


def test_there_is_one_route_of_a_key_and_one_stage_of_a_name(gateway, api):
    with pytest.raises(gateway.exceptions.ConflictException, match="Route with key GET /cakes already exists"):
        gateway.create_route(ApiId=api, RouteKey="GET /cakes")
    other = gateway.create_route(ApiId=api, RouteKey="ANY /cakes")["RouteId"]
    with pytest.raises(gateway.exceptions.ConflictException):
        gateway.update_route(ApiId=api, RouteId=other, RouteKey="GET /cakes")
    gateway.update_route(ApiId=api, RouteId=other, RouteKey="ANY /cakes", OperationName="same")
    gateway.create_stage(ApiId=api, StageName="live")
    with pytest.raises(gateway.exceptions.ConflictException, match="Stage already exists"):
        gateway.create_stage(ApiId=api, StageName="live")
