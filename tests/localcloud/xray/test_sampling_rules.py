"""Sampling rules of one's own: which requests they are for, in which order, and how many they let through."""

from __future__ import annotations

import json

import pytest

from localcloud.net import HttpRequest
from localcloud.services.xray.rules import Request, Rule

RULE = {
    "RuleName": "orders", "ResourceARN": "*", "Priority": 100, "FixedRate": 0.0, "ReservoirSize": 0, "ServiceName": "*",
    "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*", "Version": 1,
}  # fmt: skip


@pytest.fixture
def xray(cloud):
    return cloud.client("xray")


@pytest.fixture
def rule(xray):
    """Create a rule that samples nothing, but for what is given."""
    return lambda **settings: xray.create_sampling_rule(SamplingRule={**RULE, **settings})["SamplingRuleRecord"]


@pytest.fixture
def shop(cloud):
    """A traced stage of a REST API; shop(path, method, count) sends requests at once and gives how many are traced."""
    client = cloud.client("apigateway")
    api = client.create_rest_api(name="shop")["id"]
    (root,) = client.get_resources(restApiId=api)["items"]
    for part in ("orders", "menu"):
        resource = client.create_resource(restApiId=api, parentId=root["id"], pathPart=part)["id"]
        where = {"restApiId": api, "resourceId": resource, "httpMethod": "ANY"}
        client.put_method(**where, authorizationType="NONE")
        client.put_integration(**where, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
        client.put_method_response(**where, statusCode="200")
        client.put_integration_response(**where, statusCode="200")
    client.create_deployment(restApiId=api, stageName="live")
    client.update_stage(
        restApiId=api, stageName="live",
        patchOperations=[{"op": "replace", "path": "/tracingEnabled", "value": "true"}],
    )  # fmt: skip
    url = f"https://{api}.execute-api.us-east-1.amazonaws.com/live"

    def send(path="/orders", method="GET", count=50, **headers):
        before = cloud.meter.snapshot()
        for _ in range(count):
            request = HttpRequest(method, url + path, headers)
            cloud.kernel.spawn(cloud.http.request, request)
        cloud.wait(5)
        return cloud.meter.since(before).total("xray.traces")

    return send


def test_a_rule_decides_instead_of_the_default_one(shop, rule):
    assert 1 <= shop() <= 12  # one, and five in a hundred
    rule(FixedRate=1.0)
    assert shop() == 50


def test_the_reservoir_comes_before_the_rate(shop, rule):
    rule(ReservoirSize=7)
    assert shop() == 7


def test_the_rate_is_a_share_of_what_the_reservoir_left(shop, rule):
    rule(ReservoirSize=10, FixedRate=0.5)
    assert 100 <= shop(count=200) <= 125


@pytest.mark.parametrize(
    ("matched", "request_", "sampled"),
    [
        ({"URLPath": "/live/orders*"}, {"path": "/orders"}, True),
        ({"URLPath": "/live/orders*"}, {"path": "/menu"}, False),
        ({"HTTPMethod": "POST"}, {"method": "POST"}, True),
        ({"HTTPMethod": "POST"}, {"method": "GET"}, False),
        ({"ServiceName": "shop/live"}, {}, True),
        ({"ServiceName": "shop/test"}, {}, False),
        ({"ServiceType": "AWS::ApiGateway::*"}, {}, True),
        ({"ServiceType": "AWS::ECS::Container"}, {}, False),
        ({"Host": "*.execute-api.us-east-1.amazonaws.com"}, {}, True),
        ({"ResourceARN": "arn:aws:apigateway:us-east-1::/restapis/*/stages/live"}, {}, True),
        ({"Attributes": {"X-Baker": "am?lie"}}, {"x-baker": "amelie"}, True),
        ({"Attributes": {"X-Baker": "am?lie"}}, {}, False),
    ],
)
def test_a_rule_looks_at_what_it_names(shop, rule, matched, request_, sampled):
    rule(RuleName="rest", Priority=9_999)  # nothing else
    rule(RuleName="wanted", FixedRate=1.0, **matched)
    assert shop(count=20, **request_) == (20 if sampled else 0)


def test_rules_are_asked_by_priority(shop, rule):
    rule(RuleName="late", Priority=200)
    rule(RuleName="early", Priority=10, FixedRate=1.0)
    assert shop() == 50


def test_a_rule_is_changed_and_deleted_while_requests_come(xray, shop, rule):
    rule()
    assert shop() == 0
    xray.update_sampling_rule(SamplingRuleUpdate={"RuleName": "orders", "FixedRate": 1.0})
    assert shop() == 50
    xray.delete_sampling_rule(RuleName="orders")
    assert 1 <= shop() <= 12
    xray.update_sampling_rule(SamplingRuleUpdate={"RuleName": "Default", "ReservoirSize": 0, "FixedRate": 0.0})
    assert shop() == 0


def test_functions_know_the_default_rule_only(cloud, function, invoke, rule):
    """https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html"""
    function("shop", "def handler(event, context): pass", TracingConfig={"Mode": "Active"})
    rule()
    invoke("shop")
    assert cloud.meter.snapshot().total("xray.traces") == 1


def test_rules_are_listed_in_their_order_with_the_default_one_last(xray, rule):
    made = rule(Priority=20)
    rule(RuleName="first", Priority=10)
    assert made["SamplingRule"]["RuleARN"].endswith(":sampling-rule/orders")
    records = xray.get_sampling_rules()["SamplingRuleRecords"]
    assert [record["SamplingRule"]["RuleName"] for record in records] == ["first", "orders", "Default"]


@pytest.mark.parametrize(
    "wrong",
    [{"RuleName": "Default"}, {"Priority": 10_000}, {"FixedRate": 1.5}, {"Version": 2}],
)
def test_a_wrong_rule_is_refused(xray, rule, wrong):
    with pytest.raises(xray.exceptions.ClientError):
        rule(**wrong)


def test_an_account_has_so_many_rules_and_each_name_once(xray, rule):
    for number in range(25):
        rule(RuleName=f"rule-{number}")
    with pytest.raises(xray.exceptions.InvalidRequestException, match="already exists"):
        rule(RuleName="rule-0")
    with pytest.raises(xray.exceptions.RuleLimitExceededException):
        rule(RuleName="one too many")
    with pytest.raises(xray.exceptions.InvalidRequestException, match="cannot be deleted"):
        xray.delete_sampling_rule(RuleName="Default")


def test_an_sdk_gets_the_targets_of_the_rules_it_asks_for(cloud, xray, rule):
    rule(ReservoirSize=3, FixedRate=0.25)
    report = {"ClientID": "c" * 24, "Timestamp": cloud.now, "RequestCount": 9, "SampledCount": 3, "BorrowCount": 0}
    answer = xray.get_sampling_targets(
        SamplingStatisticsDocuments=[{"RuleName": name, **report} for name in ("orders", "gone")]
    )
    (target,) = answer["SamplingTargetDocuments"]
    assert (target["ReservoirQuota"], target["FixedRate"], target["Interval"]) == (3, 0.25, 10)
    assert [missing["RuleName"] for missing in answer["UnprocessedStatistics"]] == ["gone"]


def test_only_stars_and_question_marks_are_wild(cloud):
    rule = Rule({**RULE, "URLPath": "/a[bc]?"}, cloud.now, cloud.now)
    assert rule.matches(Request("x", path="/a[bc]d"))
    assert not rule.matches(Request("x", path="/abd"))


def test_a_template_makes_changes_and_deletes_a_rule(cloud, xray):
    stacks = cloud.client("cloudformation")
    settings = {name: value for name, value in RULE.items() if name != "RuleName"}

    def body(**more):
        rule = {"Type": "AWS::XRay::SamplingRule", "Properties": {"SamplingRule": {**settings, **more}}}
        return json.dumps({"Resources": {"Orders": rule}})

    def rates():
        return [found["SamplingRule"]["FixedRate"] for found in xray.get_sampling_rules()["SamplingRuleRecords"]]

    stacks.create_stack(StackName="shop", TemplateBody=body())
    cloud.wait(60)
    assert rates() == [0.0, 0.05]
    stacks.update_stack(StackName="shop", TemplateBody=body(FixedRate=0.5))
    cloud.wait(60)
    assert rates() == [0.5, 0.05]
    stacks.delete_stack(StackName="shop")
    cloud.wait(60)
    assert rates() == [0.05]
