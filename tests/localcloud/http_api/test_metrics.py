"""AWS/ApiGateway metrics of HTTP APIs, by API, by stage, and by route where the stage asks for them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from localcloud.net import HttpRequest, HttpResponse


@pytest.fixture
def shop(cloud):
    """An API with one route to a host that takes two seconds; paths that end in `broken` answer 500."""

    def answer(request):
        cloud.kernel.sleep(2_000_000)
        return HttpResponse(500 if request.path.endswith("broken") else 200, {}, b"hello")

    cloud.http.serve("shop.example", answer)
    client = cloud.client("apigatewayv2")
    api = client.create_api(Name="shop", ProtocolType="HTTP")
    target = client.create_integration(
        ApiId=api["ApiId"], IntegrationType="HTTP_PROXY", IntegrationMethod="ANY",
        IntegrationUri="https://shop.example/{id}", PayloadFormatVersion="1.0",
    )["IntegrationId"]  # fmt: skip
    client.create_route(ApiId=api["ApiId"], RouteKey="POST /orders/{id}", Target=f"integrations/{target}")
    client.create_stage(
        ApiId=api["ApiId"], StageName="$default", AutoDeploy=True,
        RouteSettings={"POST /orders/{id}": {"DetailedMetricsEnabled": True}},
    )  # fmt: skip
    for path, body in (("/orders/7", b"cake"), ("/orders/broken", b""), ("/cakes", b"")):
        cloud.kernel.call(cloud.http.request, HttpRequest("POST", api["ApiEndpoint"] + path, {}, body))
    return api["ApiId"]


@pytest.fixture
def statistic(cloud, shop):
    """statistic("Count", "Sum", Stage="$default"): over all requests."""

    def read(metric, name, **dimensions):
        found = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/ApiGateway",
            MetricName=metric,
            Dimensions=[{"Name": key, "Value": value} for key, value in {"ApiId": shop, **dimensions}.items()],
            StartTime=cloud.now - timedelta(hours=1),
            EndTime=cloud.now + timedelta(hours=1),
            Period=7_200,
            Statistics=[name],
        )["Datapoints"]
        return sum(point[name] for point in found) if found else None

    return read


def test_requests_and_errors_are_counted(statistic):
    for where in ({}, {"Stage": "$default"}):
        assert statistic("Count", "Sum", **where) == 3
        assert statistic("4xx", "Sum", **where) == 1
        assert statistic("5xx", "Sum", **where) == 1


def test_what_the_integration_took_is_a_part_of_the_latency(statistic):
    assert statistic("IntegrationLatency", "Minimum") >= 2_000
    assert statistic("IntegrationLatency", "SampleCount") == 2  # no route, no integration
    assert statistic("Latency", "Maximum") > statistic("IntegrationLatency", "Maximum")


def test_data_processed_are_the_bodies_of_requests_and_answers(statistic):
    assert statistic("DataProcessed", "Sum") == len(b"cake") + 2 * len(b"hello") + len('{"message":"Not Found"}')


def test_a_route_has_metrics_of_its_own_when_the_stage_asks_for_them(cloud, statistic):
    assert statistic("Count", "Sum", Stage="$default", Method="POST", Resource="/orders/{id}") == 2
    listed = cloud.client("cloudwatch").list_metrics(Namespace="AWS/ApiGateway", MetricName="Count")["Metrics"]
    assert sorted(len(metric["Dimensions"]) for metric in listed) == [1, 2, 4]
