"""OpenTelemetry's SDK in handlers, as it is: spans exported over OTLP, the context from X-Ray's header."""

from __future__ import annotations

import pytest

pytest.importorskip("opentelemetry.sdk.trace")
pytest.importorskip("opentelemetry.exporter.otlp.proto.http.trace_exporter")
pytest.importorskip("opentelemetry.propagators.aws")

SETUP = """
    import os
    import boto3
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.propagators.aws import AwsXRayPropagator
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "bakery"}))
    provider.add_span_processor(PROCESSOR)
    trace.set_tracer_provider(provider)
    tracer = trace.get_tracer("app")

    def handler(event, context):
        header = os.environ["_X_AMZN_TRACE_ID"]
        parent = AwsXRayPropagator().extract({"X-Amzn-Trace-Id": header})
        with tracer.start_as_current_span("bake", context=parent, kind=trace.SpanKind.SERVER) as span:
            span.set_attribute("order.id", event["order"])
            span.set_attribute("loaves", 3)
            span.set_attribute("aws.xray.annotations", ["order.id"])
            with tracer.start_as_current_span("knead"):
                if event.get("fail"):
                    raise ValueError("sticky")
        provider.force_flush()
        return header
"""
COLLECTOR = SETUP.replace("PROCESSOR", "BatchSpanProcessor(OTLPSpanExporter())")
ENDPOINT = SETUP.replace(
    "PROCESSOR",
    'SimpleSpanProcessor(OTLPSpanExporter("https://xray.us-east-1.amazonaws.com/v1/traces", headers=HEADERS))',
)


def test_spans_reach_the_trace_of_the_invocation(function, invoke, summaries, documents):
    function("oven", COLLECTOR, TracingConfig={"Mode": "Active"})
    header, _ = invoke("oven", {"order": "o-1"})
    (summary,) = summaries('annotation.order_id = "o-1"')
    assert f"Root={summary['Id']}" in header
    found = documents(summary["Id"])
    invocation = found["oven", "AWS::Lambda::Function"]["subsegments"][-1]
    bake = found["bakery", None]
    assert bake["parent_id"] == invocation["id"]
    assert bake["metadata"]["default"]["loaves"] == 3
    assert [each["name"] for each in bake["subsegments"]] == ["knead"]
    assert invocation["start_time"] <= bake["start_time"] <= bake["end_time"] <= invocation["end_time"]


def test_an_exception_in_a_span_is_its_cause(function, invoke, summaries, documents):
    source = COLLECTOR.replace("BatchSpanProcessor", "SimpleSpanProcessor")
    function("oven", source, TracingConfig={"Mode": "Active"})
    invoke("oven", {"order": "o-1", "fail": True})
    (summary,) = summaries('annotation.order_id = "o-1"')
    bake = documents(summary["Id"])["bakery", None]
    (exception,) = bake["subsegments"][0]["cause"]["exceptions"]
    assert (exception["type"], exception["message"]) == ("ValueError", "sticky")
    assert bake["fault"] is True


def test_spans_that_stay_in_the_process_need_no_collector(function, invoke):
    source = COLLECTOR.replace("BatchSpanProcessor(OTLPSpanExporter())", "SimpleSpanProcessor(memory)").replace(
        "    provider = ",
        "    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter\n"
        "    memory = InMemorySpanExporter()\n    provider = ",
    ).replace("return header", "return [span.name for span in memory.get_finished_spans()]")  # fmt: skip
    function("oven", source)
    assert invoke("oven", {"order": "o-1"})[0] == []  # the caller did not sample, and the SDK follows its parent


def test_every_environment_has_a_provider_of_its_own(cloud, function, invoke):
    source = COLLECTOR.replace("return header", "return provider.resource.attributes['service.name']")
    function("one", source)
    function("two", source.replace('"service.name": "bakery"', '"service.name": "mill"'))
    assert (invoke("one", {"order": "1"})[0], invoke("two", {"order": "2"})[0]) == ("bakery", "mill")


def test_the_endpoint_of_xray_wants_signed_requests_and_transaction_search(cloud, function, invoke, summaries):
    def send(name, headers):
        function(name, ENDPOINT.replace("HEADERS", headers), TracingConfig={"Mode": "Active"})
        invoke(name, {"order": name})
        return len(summaries(f'annotation.order_id = "{name}"'))

    signed = '{"Authorization": "AWS4-HMAC-SHA256 Credential=testing/20250106/us-east-1/xray/aws4_request"}'
    assert send("unsigned", "{}") == 0
    assert send("too-early", signed) == 0
    cloud.client("xray").update_trace_segment_destination(Destination="CloudWatchLogs")
    assert cloud.client("xray").get_trace_segment_destination()["Destination"] == "CloudWatchLogs"
    assert send("ready", signed) == 1
