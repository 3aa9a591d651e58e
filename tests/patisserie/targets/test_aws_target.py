"""The AWS target without AWS: its account is simulated, its HTTP server is on loopback, its clock is given."""

from __future__ import annotations

import http.server
import threading

import boto3
import pytest
from typer.testing import CliRunner

from localcloud import Cloud
from localcloud.facts import Facts
from patisserie.cli import app
from patisserie.session import open_lab
from patisserie.targets import DeployedStack, PatienceExhausted, TargetError
from patisserie.targets.aws import AwsTarget, reachable
from patisserie.targets.aws_cleanup import bucket_name, clean_up, find_stacks
from patisserie.targets.base import StackResource
from patisserie.targets.opt_in import cost_bound_usd

RUN = "02-0a1b2c3d"
TAGS = {"patisserie:lab": "02", "patisserie:run": RUN}
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Function:
    Type: AWS::Serverless::Function
    Properties: {Handler: app.handler, Runtime: python3.13, CodeUri: src/}
Outputs:
  Table: {Value: !Ref Table}
  Url: {Value: 'https://abcd1234.execute-api.us-east-1.amazonaws.com/orders'}
"""


@pytest.fixture
def no_credentials(monkeypatch, tmp_path):
    """A computer on which nobody has ever signed in to AWS, and no instance metadata either."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("PATISSERIE_AWS", raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def account():
    """Somebody's account, simulated."""
    with Cloud(seed=7) as cloud:
        yield cloud


@pytest.fixture
def target(account):
    keys = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    kernel = account.kernel
    return AwsTarget(7, TAGS, session=keys, endpoint="", sleep=account.wait, unix_s=lambda: kernel.unix_us / 1e6)


@pytest.fixture
def template(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text("def handler(event, context):\n    return event\n")
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    return tmp_path / "template.yaml"


@pytest.fixture
def server():
    """An HTTP server on loopback: /slow answers only when the test is over."""
    over = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/slow":
                over.wait()
                return
            self.send_response(503 if self.path == "/broken" else 201)
            self.end_headers()
            self.wfile.write(self.path.encode() + b" " + body)

        def log_message(self, *_):
            pass

    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}"
    over.set()
    made.shutdown()
    made.server_close()


# -- opting in ---------------------------------------------------------------------------------------


def test_a_lab_opens_on_aws_only_on_opt_in(no_credentials):
    with pytest.raises(TargetError, match="set PATISSERIE_AWS=1, or pass --target aws --yes"):
        open_lab("02", target="aws")


@pytest.mark.parametrize("value", ["0", "", "true"])
def test_only_the_documented_value_opts_in(no_credentials, monkeypatch, value):
    monkeypatch.setenv("PATISSERIE_AWS", value)
    with pytest.raises(TargetError, match="opt in"):
        open_lab("02", target="aws")


@pytest.mark.parametrize(
    "arguments", [("run", "02", "--target", "aws", "--yes"), ("cleanup", "--target", "aws", "--yes")]
)
def test_missing_credentials_are_said_in_one_sentence(no_credentials, arguments):
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 2
    assert "No AWS credentials were found" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("arguments", [("run", "02", "--target", "aws"), ("cleanup", "--target", "aws")])
def test_the_command_line_asks_for_the_opt_in(no_credentials, arguments):
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 2
    assert "PATISSERIE_AWS=1" in result.output


def test_who_does_not_confirm_has_nothing_done(no_credentials, monkeypatch, account):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    shown = []
    with pytest.raises(TargetError, match="Nothing was done on AWS"):
        open_lab("02", target="aws", opted_in=True, confirm=lambda text: bool(shown.append(text)))
    assert "Account 123456789012" in shown[0]
    assert "us-east-1" in shown[0]
    assert "at most" in shown[0]
    assert account.client("s3").list_buckets()["Buckets"] == []


def test_the_bound_counts_every_try_of_every_function_at_its_time_out():
    template = {
        "Resources": {
            "F": {"Type": "AWS::Serverless::Function", "Properties": {"Timeout": 10, "MemorySize": 1024}},
            "Q": {"Type": "AWS::SQS::Queue", "Properties": {"RedrivePolicy": {"maxReceiveCount": 5}}},
        }
    }
    facts = Facts.load()
    gb_second = facts.value("price.lambda.x86.gb_second")[0]["usd"]
    bound = cost_bound_usd([template], 1_000, facts)
    assert bound >= 1_000 * 5 * 10 * gb_second
    assert cost_bound_usd([template, template], 1_000, facts) > bound
    assert cost_bound_usd([template], 2_000, facts) > bound


def test_the_bound_counts_the_tries_of_a_streams_reader_and_a_day_of_its_shards():
    facts = Facts.load()

    def template(retries, shards):
        reader = {"Type": "Kinesis", "Properties": {"MaximumRetryAttempts": retries}}
        return {
            "Resources": {
                "F": {
                    "Type": "AWS::Serverless::Function",
                    "Properties": {"Timeout": 10, "MemorySize": 1024, "Events": {"Stream": reader}},
                },
                "S": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": shards}},
            }
        }

    gb_second = facts.value("price.lambda.x86.gb_second")[0]["usd"]
    few, many = (cost_bound_usd([template(retries, 1)], 1_000, facts) for retries in (8, 19))
    assert few >= 1_000 * 9 * 10 * gb_second
    assert many >= 1_000 * 20 * 10 * gb_second
    day = 24 * facts.value("price.kinesis.provisioned")["shard_hour"]
    assert cost_bound_usd([template(8, 3)], 1_000, facts) - few == pytest.approx(2 * day, abs=0.011)


def test_the_bound_takes_the_default_of_a_parameter():
    def template(memory):
        function = {"Type": "AWS::Serverless::Function", "Properties": {"MemorySize": memory, "Timeout": 10}}
        return {"Parameters": {"Memory": {"Type": "Number", "Default": 2048}}, "Resources": {"Shop": function}}

    facts = Facts.load()
    assert cost_bound_usd([template({"Ref": "Memory"})], 1_000, facts) == cost_bound_usd([template(2048)], 1_000, facts)


# -- stacks --------------------------------------------------------------------------------------------


def test_a_stack_carries_the_run_in_its_name_and_its_tags_and_is_found_by_it(target, template, account):
    stack = target.deploy("shop", template)
    assert stack.name == f"patisserie-{RUN}-shop"
    tags = account.client("cloudformation").describe_stacks(StackName=stack.name)["Stacks"][0]["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags}.items() >= TAGS.items()
    assert find_stacks(target.client, RUN) == (stack.name,)
    assert find_stacks(target.client, "02-ffffffff") == ()


def test_a_refused_template_is_said_in_one_sentence(target, template):
    template.write_text(TEMPLATE.replace("AWS::DynamoDB::Table", "AWS::Croissant::Oven"))
    with pytest.raises(TargetError, match=r"AWS::Croissant::Oven"):
        target.deploy("shop", template)


def test_clean_up_deletes_what_the_run_made_and_nothing_else(target, template, account):
    logs, s3 = account.client("logs"), account.client("s3")
    s3.create_bucket(Bucket="somebody-elses")
    s3.create_bucket(Bucket=bucket_name("123456789012", "02-ffffffff"))  # the right name, but no tag
    kept = ["/aws/lambda/patisserie-web", "/aws/lambda/patisserie-02-ffffffff-shop-F"]
    for group in (*kept, f"/aws/lambda/patisserie-{RUN}-shop-Function-X"):
        logs.create_log_group(logGroupName=group)
    stack = target.deploy("shop", template)
    found = clean_up(target.client, "123456789012", RUN, sleep=account.wait)
    assert (found.stacks, found.left) == ((stack.name,), ())
    assert found.buckets == (bucket_name("123456789012", RUN),)
    assert len(account.client("dynamodb").list_tables()["TableNames"]) == 0
    assert sorted(bucket["Name"] for bucket in s3.list_buckets()["Buckets"]) == [
        "patisserie-123456789012-02-ffffffff",
        "somebody-elses",
    ]
    assert {group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]} == set(kept)


def test_a_log_that_comes_late_is_deleted_too(target, template, account):
    logs = account.client("logs")
    late = f"/aws/lambda/patisserie-{RUN}-shop-Function-X"
    target.deploy("shop", template)
    target.delete("shop")
    kernel = account.kernel
    kernel.spawn(lambda: logs.create_log_group(logGroupName=late), delay_us=12_000_000)
    began_us = kernel.now_us
    assert target.delete_rest() == ()
    assert logs.describe_log_groups()["logGroups"] == []
    assert kernel.now_us - began_us >= (12 + 15) * 1_000_000  # quiet for a while after the last
    began_us = kernel.now_us
    assert target.delete_rest() == ()
    assert kernel.now_us - began_us < 1_000_000  # nothing was deployed since: nothing to wait for


def test_an_emulator_gets_the_requests_that_templates_address_to_aws():
    url, endpoint = "https://abcd1234.execute-api.us-east-1.amazonaws.com/orders", "http://127.0.0.1:4566"
    assert reachable(url, "") == url
    assert reachable(url, endpoint) == "http://127.0.0.1:4566/_aws/execute-api/abcd1234/$default/orders"
    assert reachable("a table's name", endpoint) == "a table's name"


# -- HTTP, time, metering --------------------------------------------------------------------------------


def test_a_request_is_answered_with_status_body_and_time(target, server):
    reply = target.http("POST", f"{server}/orders", json={"a": 1}, timeout_s=60)
    assert (reply.status, reply.body) == (201, '/orders {"a": 1}')
    assert reply.elapsed_ms > 0
    assert target.http("POST", f"{server}/broken", json={}).status == 503


def test_patience_ends_while_a_server_says_nothing(target, server):
    with pytest.raises(PatienceExhausted, match=r"within 0\.05 s"):
        target.http("POST", f"{server}/slow", json={}, timeout_s=0.05)


def test_an_endpoint_that_is_not_there_is_a_reply_without_status(target, server):
    assert target.http("POST", "http://127.0.0.1:1/orders", json={}, timeout_s=60).status == 0


def test_what_a_customer_raises_is_raised_where_they_are_joined(account):
    keys = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")
    target = AwsTarget(7, TAGS, session=keys, endpoint="", sleep=lambda _: None)

    def fail():
        raise ValueError("no croissants")

    seen = []
    started = [target.spawn_at(0, lambda: seen.append(1)), target.spawn_at(0, fail)]
    with pytest.raises(ValueError, match="no croissants"):
        target.join_all(started)
    assert seen == [1]


def test_listening_is_refused_in_one_sentence(target):
    with pytest.raises(TargetError, match="On AWS there is no listening on an AppSync Events channel"):
        target.subscribe("api", "/orders/1")


def test_metering_prices_the_report_lines_since_it_began(target, template, account):
    deployed = target.deploy("shop", template)
    name = deployed.physical_ids("AWS::Lambda::Function")[0]
    stack = DeployedStack("s", {}, (StackResource("Function", name, "AWS::Lambda::Function"),))
    logs, group = account.client("logs"), f"/aws/lambda/{name}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="1")
    report = "REPORT RequestId: 1\tDuration: 1500.20 ms\tBilled Duration: 1501 ms\tMemory Size: 512 MB\t"
    early = account.kernel.unix_us // 1_000
    account.wait(60)
    meter = target.start_metering()
    account.wait(60)
    late = account.kernel.unix_us // 1_000
    logs.put_log_events(
        logGroupName=group,
        logStreamName="1",
        logEvents=[{"timestamp": at, "message": report} for at in (early, late, late)],
    )
    used = meter(stack)
    facts = Facts.load()
    requests = 2 * facts.value("price.lambda.request") / 1e6
    compute = 2 * 1.501 * 0.5 * facts.value("price.lambda.x86.gb_second")[0]["usd"]
    assert used.invocations == 2
    assert used.cost_usd == pytest.approx(requests + compute)
