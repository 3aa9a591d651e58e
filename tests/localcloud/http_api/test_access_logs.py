"""Access logs of the stages of HTTP APIs."""

from __future__ import annotations

import json

from localcloud.net import HttpRequest, HttpResponse


def test_a_stage_logs_each_request(cloud):
    cloud.http.serve("shop.example", lambda request: HttpResponse(200, {}, b"hello"))
    client = cloud.client("apigatewayv2")
    api = client.create_api(Name="shop", ProtocolType="HTTP")
    target = client.create_integration(
        ApiId=api["ApiId"],
        IntegrationType="HTTP_PROXY",
        IntegrationMethod="ANY",
        IntegrationUri="https://shop.example/",
        PayloadFormatVersion="1.0",
    )["IntegrationId"]
    client.create_route(ApiId=api["ApiId"], RouteKey="GET /orders/{id}", Target=f"integrations/{target}")
    form = {name: f"$context.{name}" for name in ("routeKey", "status", "path", "responseLength", "error.message")}
    client.create_stage(
        ApiId=api["ApiId"],
        StageName="$default",
        AutoDeploy=True,
        AccessLogSettings={
            "DestinationArn": "arn:aws:logs:us-east-1:123456789012:log-group:web",
            "Format": json.dumps(form),
        },
    )
    for path in ("/orders/7", "/cakes"):
        cloud.kernel.call(cloud.http.request, HttpRequest("GET", api["ApiEndpoint"] + path))
    events = cloud.client("logs").filter_log_events(logGroupName="web")["events"]
    rest = {"error.message": "-"}
    assert [json.loads(event["message"]) for event in events] == [
        {"routeKey": "GET /orders/{id}", "status": "200", "path": "/orders/7", "responseLength": "5", **rest},
        {"routeKey": "-", "status": "404", "path": "/cakes", "responseLength": "23", **rest},
    ]
