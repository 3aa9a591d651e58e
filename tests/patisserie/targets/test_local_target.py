"""The local target: what people meet when their own code, or they themselves, break a run off."""

from __future__ import annotations

import pytest

from patisserie.load import Steady, run_load
from patisserie.story import Story
from patisserie.targets import DeployedStack, TargetError
from patisserie.targets.base import StackResource
from patisserie.targets.local import LocalTarget

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Shop:
    Type: AWS::Serverless::Function
    Properties:
      Handler: shop.handler
      Runtime: python3.13
      CodeUri: src/
      Events:
        Place: {Type: HttpApi, Properties: {Path: /orders, Method: POST}}
Outputs:
  Url: {Value: !Sub 'https://${ServerlessHttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/orders'}
"""
LOOP = """
def handler(event, context):
    while True:
        pass
"""
ANSWER = """
def handler(event, context):
    return {"statusCode": 201, "body": "{}"}
"""


@pytest.fixture
def target():
    made = LocalTarget(7, {})
    yield made
    made.close()


@pytest.fixture
def deploy(target, tmp_path):
    def deployed(source):
        (tmp_path / "src").mkdir(exist_ok=True)
        (tmp_path / "src" / "shop.py").write_text(source)
        (tmp_path / "template.yaml").write_text(TEMPLATE)
        return target.deploy("shop", tmp_path / "template.yaml").outputs["Url"]

    return deployed


def test_a_stack_at_the_end_of_a_cell_is_shown_by_its_outputs():
    orders = StackResource("Orders", "shop-Orders-1", "AWS::DynamoDB::Table")
    assert repr(DeployedStack("shop", {"OrdersUrl": "https://x/orders"}, (orders,))) == (
        "shop stands, with 1 resource.\n  OrdersUrl: https://x/orders"
    )


def test_an_endless_loop_is_said_once_and_ends_the_run(target, deploy):
    url = deploy(LOOP)
    patience_s, target.cloud.kernel.spin_limit_s = target.cloud.kernel.spin_limit_s, 0.2
    with pytest.raises(TargetError, match=r"Shop-.* never waited.* loop without an end"):
        run_load(target, url, Steady(1.0, 300.0), Story.load(), 7)
    placed = len(target.cloud.tracer.spans(service="apigateway"))
    target.wait(400)  # nobody comes any more
    assert len(target.cloud.tracer.spans(service="apigateway")) == placed < 10
    target.cloud.kernel.spin_limit_s = patience_s  # deploying computes, too
    url = deploy(ANSWER)
    assert [o.status for o in run_load(target, url, Steady(1.0, 5.0), Story.load(), 7)] == [201] * 5


def test_who_interrupts_a_run_meets_no_late_customers(target, deploy):
    url = deploy(ANSWER)

    def interrupt(done, of):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_load(target, url, Steady(1.0, 300.0), Story.load(), 7, interrupt)
    placed = len(target.cloud.tracer.spans(service="apigateway"))
    target.wait(400)
    assert len(target.cloud.tracer.spans(service="apigateway")) == placed < 10
    assert [o.status for o in run_load(target, url, Steady(1.0, 5.0), Story.load(), 7)] == [201] * 5


def test_a_deployment_that_fails_says_its_own_reason_and_not_that_of_an_earlier_one(target, tmp_path):
    path = tmp_path / "template.yaml"
    queue = "Resources: {Queue: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: %d}}%s}"
    path.write_text(queue % (30, ""))
    target.deploy("shop", path)
    for seconds, stream in ((99_999, ""), (30, ", Stream: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 0}}")):
        path.write_text(queue % (seconds, stream))
        with pytest.raises(TargetError, match="shop failed: ") as caught:
            target.deploy("shop", path)
        assert ("Stream (" in str(caught.value)) == bool(stream), caught.value
        assert ("Queue (" in str(caught.value)) != bool(stream), caught.value
