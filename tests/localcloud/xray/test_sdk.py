"""X-Ray's SDK and Powertools' Tracer in handlers, as they are."""

from __future__ import annotations

import socket

import pytest

pytest.importorskip("aws_xray_sdk")

TRACER = """
    import time
    import boto3
    from aws_lambda_powertools import Tracer

    tracer = Tracer(service="bakery")
    table = boto3.client("dynamodb")

    @tracer.capture_method
    def bake(order):
        tracer.put_annotation("OrderId", order)
        tracer.put_metadata("oven", {"degrees": 240})
        table.put_item(TableName="orders", Item={"id": {"S": order}})
        if order == "burnt":
            raise ValueError("smoke")

    @tracer.capture_lambda_handler
    def handler(event, context):
        bake(event["order"])
        time.sleep(1)
        return "baked"
"""
RECORDER = """
    import boto3
    from aws_xray_sdk.core import patch_all, xray_recorder

    patch_all()

    def handler(event, context):
        with xray_recorder.in_subsegment("mix") as part:
            part.put_annotation("flour", 500)
            boto3.client("sqs").get_queue_url(QueueName="none")
"""
PLAIN = """
    import boto3
    def handler(event, context):
        boto3.client("dynamodb").put_item(TableName="orders", Item={"id": {"S": "1"}})
"""


def test_a_tracer_makes_subsegments_annotations_and_metadata(function, orders, invoke, summaries, documents):
    function("bakery", TRACER, TracingConfig={"Mode": "Active"})
    answer, _ = invoke("bakery", {"order": "o-1"})
    assert answer == "baked"
    (summary,) = summaries('annotation.OrderId = "o-1" AND service("bakery")')
    function_segment = documents(summary["Id"])["bakery", "AWS::Lambda::Function"]
    invocation = function_segment["subsegments"][-1]
    (handler,) = invocation["subsegments"]
    assert handler["name"] == "## handler"
    assert handler["annotations"] == {"ColdStart": True, "Service": "bakery"}
    (method,) = handler["subsegments"]
    assert method["name"] == "## app.bake"
    assert method["metadata"]["bakery"]["oven"] == {"degrees": 240}
    (call,) = method["subsegments"]
    assert (call["name"], call["namespace"]) == ("dynamodb", "aws")
    assert (call["aws"]["operation"], call["aws"]["table_name"]) == ("PutItem", "orders")
    assert method["start_time"] <= call["start_time"] < call["end_time"] <= method["end_time"]


def test_a_tracer_captures_the_exception(function, orders, invoke, summaries, documents):
    function("bakery", TRACER, TracingConfig={"Mode": "Active"})
    invoke("bakery", {"order": "burnt"})
    (summary,) = summaries("fault = true")
    invocation = documents(summary["Id"])["bakery", "AWS::Lambda::Function"]["subsegments"][-1]
    (handler,) = invocation["subsegments"]
    method = handler["subsegments"][0]
    assert method["fault"] is True
    assert method["cause"]["exceptions"][0]["message"] == "smoke"


def test_the_table_is_in_the_service_map(cloud, function, orders, invoke, window):
    function("bakery", TRACER, TracingConfig={"Mode": "Active"})
    invoke("bakery", {"order": "o-1"})
    services = {each["Type"]: each for each in cloud.client("xray").get_service_graph(**window())["Services"]}
    assert services["AWS::DynamoDB::Table"]["Name"] == "orders"
    (edge,) = services["AWS::Lambda::Function"]["Edges"]
    assert edge["ReferenceId"] == services["AWS::DynamoDB::Table"]["ReferenceId"]


def test_a_call_that_fails_is_marked_in_its_subsegment(function, invoke, summaries, documents):
    function("mixer", RECORDER, TracingConfig={"Mode": "Active"})
    invoke("mixer", {})
    (summary,) = summaries("annotation.flour = 500")
    invocation = documents(summary["Id"])["mixer", "AWS::Lambda::Function"]["subsegments"][-1]
    (mix,) = invocation["subsegments"]
    (call,) = mix["subsegments"]
    assert (call["name"], call["http"]["response"]["status"], call["error"]) == ("sqs", 400, True)


def test_every_environment_is_instrumented_once(cloud, function, orders, summaries, documents):
    function("bakery", TRACER, TracingConfig={"Mode": "Active"})
    tasks = [cloud.kernel.spawn(cloud.lambda_.invoke, "bakery", b'{"order": "o"}') for _ in range(3)]
    cloud.wait(30)
    assert [task.result().cold for task in tasks] == [True, True, True]
    for _ in range(3):
        cloud.wait(2)
        cloud.client("lambda").invoke(FunctionName="bakery", Payload=b'{"order": "again"}')
    for summary in summaries('annotation.OrderId = "again"'):
        invocation = documents(summary["Id"])["bakery", "AWS::Lambda::Function"]["subsegments"][-1]
        (method,) = invocation["subsegments"][0]["subsegments"]
        assert [call["name"] for call in method["subsegments"]] == ["dynamodb"]


def test_code_without_a_library_has_no_subsegments_of_its_own(function, orders, invoke, summaries, documents):
    function("bakery", TRACER, TracingConfig={"Mode": "Active"})
    function("plain", PLAIN, TracingConfig={"Mode": "Active"})
    invoke("bakery", {"order": "o-1"})
    invoke("plain", {})
    (summary,) = summaries('service("plain")')
    invocation = documents(summary["Id"])["plain", "AWS::Lambda::Function"]["subsegments"][-1]
    assert "subsegments" not in invocation


def test_the_next_service_stands_under_the_subsegment_that_called_it(function, invoke, summaries, documents):
    function("next", "def handler(event, context): pass", TracingConfig={"Mode": "Active"})
    source = RECORDER.replace('"sqs").get_queue_url(QueueName="none")', '"lambda").invoke(FunctionName="next")')
    function("mixer", source, TracingConfig={"Mode": "Active"})
    invoke("mixer", {})
    (summary,) = summaries('edge("mixer", "next")')
    found = documents(summary["Id"])
    (mix,) = found["mixer", "AWS::Lambda::Function"]["subsegments"][-1]["subsegments"]
    assert found["next", "AWS::Lambda"]["parent_id"] == mix["subsegments"][0]["id"]


def test_nothing_is_sent_of_a_trace_that_is_not_sampled(function, orders, invoke, summaries):
    function("bakery", TRACER)
    assert invoke("bakery", {"order": "o-1"})[0] == "baked"
    assert summaries() == []


def test_the_daemon_is_reached_without_a_socket(function, orders, invoke, summaries, monkeypatch):
    opened = []
    real = socket.socket.__init__

    def opening(self, *args, **kwargs):
        opened.append(args)
        real(self, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "__init__", opening)
    function("bakery", TRACER, TracingConfig={"Mode": "Active"})
    invoke("bakery", {"order": "o-1"})
    assert len(summaries()) == 1
    assert opened == []
