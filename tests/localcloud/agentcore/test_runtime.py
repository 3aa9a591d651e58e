"""Agents in sessions of their own."""

from __future__ import annotations

import io
import json
import textwrap
import zipfile

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from localcloud.cost import cost_report

ANNE, BEN = "session-of-anne-" + "a" * 20, "session-of-ben--" + "b" * 20
ROLE = "arn:aws:iam::123456789012:role/agent"

COUNTING = """
import os
orders = []
def handler(payload, context):
    orders.append(payload["order"])
    print("took", payload["order"])
    return {"orders": orders, "session": context.session_id, "shop": os.environ["SHOP"]}
"""


@pytest.fixture
def deploy(cloud):
    """Deploy an agent: deploy("baker", SOURCE) -> its ARN. A second time makes a new version."""
    control, s3 = cloud.client("bedrock-agentcore-control"), cloud.client("s3")
    s3.create_bucket(Bucket="agents")
    ids = {}

    def create(name, source, entry="main.py", **settings):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(zipfile.ZipInfo("main.py"), textwrap.dedent(source))
        s3.put_object(Bucket="agents", Key=f"{name}.zip", Body=buffer.getvalue())
        code = {"s3": {"bucket": "agents", "prefix": f"{name}.zip"}}
        settings = {
            "agentRuntimeArtifact": {
                "codeConfiguration": {"code": code, "runtime": "PYTHON_3_13", "entryPoint": [entry]}
            },
            "roleArn": ROLE,
            "networkConfiguration": {"networkMode": "PUBLIC"},
            "environmentVariables": {"SHOP": "Amélie"},
            **settings,
        }
        if name in ids:
            return control.update_agent_runtime(agentRuntimeId=ids[name], **settings)["agentRuntimeArn"]
        made = control.create_agent_runtime(agentRuntimeName=name, **settings)
        ids[name] = made["agentRuntimeId"]
        return made["agentRuntimeArn"]

    return create


@pytest.fixture
def ask(cloud):
    """Invoke an agent: ask(arn, {"order": 1}, ANNE) -> its answer."""

    def call(arn, payload, session=ANNE, **more):
        answer = cloud.client("bedrock-agentcore").invoke_agent_runtime(
            agentRuntimeArn=arn, runtimeSessionId=session, payload=json.dumps(payload).encode(), **more
        )
        return json.loads(answer["response"].read())

    return call


def test_an_arn_has_the_form_that_aws_gives_it(cloud, deploy):
    arn = deploy("baker", COUNTING)
    assert arn.startswith("arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/baker-")
    control = cloud.client("bedrock-agentcore-control")
    found = control.get_agent_runtime(agentRuntimeId=arn.rsplit("/", 1)[-1])
    assert (found["agentRuntimeArn"], found["status"]) == (arn, "READY")
    assert deploy("baker", COUNTING) == arn
    versions = control.list_agent_runtime_versions(agentRuntimeId=arn.rsplit("/", 1)[-1])["agentRuntimes"]
    assert [(v["agentRuntimeArn"], v["agentRuntimeVersion"]) for v in versions] == [(arn, "2"), (arn, "1")]


def test_a_session_keeps_its_memory_and_shares_it_with_nobody(cloud, deploy, ask):
    arn = deploy("baker", COUNTING)
    ask(arn, {"order": 1})
    assert ask(arn, {"order": 2}) == {"orders": [1, 2], "session": ANNE, "shop": "Amélie"}
    assert ask(arn, {"order": 3}, BEN)["orders"] == [3]
    assert cloud.agentcore.runtimes.sessions() == (ANNE, BEN)


def test_requests_at_once_share_the_start_of_their_session(cloud, deploy, ask):
    source = """
        import time
        time.sleep(3)
        running = most = 0
        def handler(payload):
            global running, most
            running += 1
            most = max(most, running)
            time.sleep(5)
            running -= 1
            return most
    """
    arn, answers = deploy("baker", source), []
    for _ in range(3):
        cloud.kernel.spawn(lambda: answers.append(ask(arn, {})))
    cloud.wait(20)
    assert answers == [3, 3, 3]
    assert cloud.agentcore.runtimes.sessions() == (ANNE,)


def test_requests_at_once_share_the_failure_of_their_session(cloud, deploy, ask):
    arn, errors = deploy("baker", "import nothing_of_that_name"), []

    def call():
        try:
            ask(arn, {})
        except ClientError as exc:
            errors.append(exc.response["Error"]["Code"])

    for _ in range(2):
        cloud.kernel.spawn(call)
    cloud.wait(20)
    assert errors == ["RuntimeClientError"] * 2


def test_a_session_id_is_made_up_when_none_is_given_and_is_never_short(cloud, deploy):
    arn = deploy("baker", COUNTING)
    client = cloud.client("bedrock-agentcore")
    made = client.invoke_agent_runtime(agentRuntimeArn=arn, payload=b'{"order": 1}')
    assert len(made["runtimeSessionId"]) >= 33
    with pytest.raises(ParamValidationError, match="min length: 33"):
        client.invoke_agent_runtime(agentRuntimeArn=arn, runtimeSessionId="short", payload=b"{}")


def test_an_idle_session_ends_and_starts_anew(cloud, deploy, ask):
    arn = deploy("baker", COUNTING)
    ask(arn, {"order": 1})
    cloud.wait(800)
    assert ask(arn, {"order": 2})["orders"] == [1, 2]
    cloud.wait(800)
    assert cloud.agentcore.runtimes.sessions() == (ANNE,)  # the second request began the 15 minutes again
    cloud.wait(101)
    assert cloud.agentcore.runtimes.sessions() == ()
    assert ask(arn, {"order": 3})["orders"] == [3]


def test_a_session_ends_at_the_end_of_its_lifetime_even_while_it_works(cloud, deploy, ask):
    source = """
        import time
        def handler(payload, context):
            time.sleep(payload["seconds"])
            return "done"
    """
    arn = deploy("baker", source, lifecycleConfiguration={"maxLifetime": 120})
    assert ask(arn, {"seconds": 50}) == "done"
    with pytest.raises(ClientError) as caught:
        ask(arn, {"seconds": 100})
    assert caught.value.response["Error"]["Code"] == "RuntimeClientError"
    assert cloud.agentcore.runtimes.sessions() == ()


def test_a_session_can_be_stopped(cloud, deploy, ask):
    arn = deploy("baker", COUNTING)
    ask(arn, {"order": 1})
    client = cloud.client("bedrock-agentcore")
    client.stop_runtime_session(agentRuntimeArn=arn, runtimeSessionId=ANNE)
    assert ask(arn, {"order": 2})["orders"] == [2]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.stop_runtime_session(agentRuntimeArn=arn, runtimeSessionId=BEN)


def test_a_runtimes_sessions_end_with_it(cloud, deploy, ask):
    arn, other = deploy("baker", COUNTING), deploy("other", COUNTING)
    ask(arn, {"order": 1})
    ask(other, {"order": 1}, BEN)
    cloud.client("bedrock-agentcore-control").delete_agent_runtime(agentRuntimeId=arn.rsplit("/", 1)[-1])
    assert cloud.agentcore.runtimes.sessions() == (BEN,)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        ask(arn, {"order": 2})


def test_lifetimes_must_go_together(deploy):
    with pytest.raises(ClientError, match="less than or equal to maxLifetime"):
        deploy("baker", COUNTING, lifecycleConfiguration={"idleRuntimeSessionTimeout": 300, "maxLifetime": 120})
    with pytest.raises(ClientError, match="maxLifetime must be between 60 and 28800 seconds"):
        deploy("baker", COUNTING, lifecycleConfiguration={"maxLifetime": 30_000})


def test_an_endpoint_keeps_its_version_and_a_session_its_own(cloud, deploy, ask):
    version = "def handler(payload): return {}"
    arn = deploy("baker", version.format(1))
    cloud.client("bedrock-agentcore-control").create_agent_runtime_endpoint(
        agentRuntimeId=arn.rsplit("/", 1)[-1], name="stable", agentRuntimeVersion="1"
    )
    assert ask(arn, {}) == 1
    deploy("baker", version.format(2))
    assert ask(arn, {}) == 1  # under way before
    assert ask(arn, {}, BEN) == 2
    assert ask(arn, {}, BEN, qualifier="stable") == 1
    with pytest.raises(ClientError, match="No endpoint or agent found with qualifier 'gone'"):
        ask(arn, {}, qualifier="gone")


def test_what_an_agent_fails_of_stands_in_its_log(cloud, deploy, ask):
    source = """
        def handler(payload, context):
            print("before")
            raise KeyError("lemon")
    """
    arn = deploy("baker", source)
    with pytest.raises(ClientError) as caught:
        ask(arn, {})
    error = caught.value.response["Error"]
    assert error["Code"] == "RuntimeClientError"
    assert error["Message"].startswith("Received error (500) from runtime.")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 424
    group = f"/aws/bedrock-agentcore/runtimes/{arn.rsplit('/', 1)[-1]}-DEFAULT"
    lines = [e["message"] for e in cloud.client("logs").filter_log_events(logGroupName=group)["events"]]
    assert lines == ["before", 'File "/var/task/main.py", line 4, in handler', "[ERROR] KeyError: 'lemon'"]


@pytest.mark.parametrize("source", ["import nothing_of_that_name", "x = 1"])
def test_an_agent_that_cannot_start_leaves_no_session(cloud, deploy, ask, source):
    with pytest.raises(ClientError, match="RuntimeClientError"):
        ask(deploy("baker", source), {})
    assert cloud.agentcore.runtimes.sessions() == ()


def test_an_agent_that_starts_too_slowly_is_given_up(deploy, ask):
    with pytest.raises(ClientError, match="Runtime initialization time exceeded"):
        ask(deploy("baker", "import time\ntime.sleep(60)\ndef handler(payload): return 1"), {})


def test_an_entry_point_may_be_an_app_as_the_sdk_makes_it(deploy, ask):
    source = """
        import asyncio

        class App:
            def __init__(self):
                self.handlers = {}
            def entrypoint(self, function):
                self.handlers["main"] = function
                return function

        app = App()

        @app.entrypoint
        async def answer(payload):
            await asyncio.sleep(1)
            return {"hello": payload["name"]}
    """
    assert ask(deploy("baker", source), {"name": "Amélie"}) == {"hello": "Amélie"}


STREAM = """
import time
def handler(payload, context):
    for word in ("one", "two", "three"):
        time.sleep(10)
        yield {"word": word}
    if payload.get("fails"):
        raise ValueError("four")
"""
ASYNC_STREAM = """
import asyncio
async def handler(payload, context):
    for word in ("one", "two", "three"):
        await asyncio.sleep(10)
        yield {"word": word}
    if payload.get("fails"):
        raise ValueError("four")
"""


@pytest.mark.parametrize("source", [STREAM, ASYNC_STREAM])
def test_what_an_agent_yields_is_streamed(cloud, deploy, source):
    arn = deploy("baker", source)
    answer = cloud.client("bedrock-agentcore").invoke_agent_runtime(
        agentRuntimeArn=arn, runtimeSessionId=ANNE, payload=b'{"fails": true}'
    )
    assert answer["contentType"] == "text/event-stream"
    started, seen = cloud.now, []
    for line in answer["response"].iter_lines():
        if line:
            seen.append((json.loads(line.removeprefix(b"data: ")), round((cloud.now - started).total_seconds())))
    assert seen == [
        ({"word": "one"}, 10),
        ({"word": "two"}, 20),
        ({"word": "three"}, 30),
        ({"error": "four", "error_type": "ValueError"}, 30),
    ]


def test_waiting_costs_memory_and_no_cpu(cloud, deploy, ask):
    arn = deploy("baker", "import time\ndef handler(payload): time.sleep(600)")
    before = cloud.meter.snapshot()
    ask(arn, {})
    cloud.wait(60)
    used = cloud.meter.since(before)
    assert used.total("agentcore.runtime_gb_hours") == pytest.approx(660 / 3600 * 128 / 1024, rel=0.01)
    assert 0 < used.total("agentcore.runtime_vcpu_hours") < 1 / 3600
    cloud.wait(3_600)  # it idles out after 15 minutes, and is billed until then
    used = cloud.meter.since(before)
    assert used.total("agentcore.runtime_gb_hours") == pytest.approx(1_500 / 3600 * 128 / 1024, rel=0.01)
    report = cost_report(used, cloud.facts)
    assert report.of("agentcore.runtime_gb") == pytest.approx(1_500 / 3600 / 8 * 0.00945, rel=0.01)


def test_an_agent_is_told_for_whom_it_works(cloud, deploy, ask):
    arn = deploy("baker", "def handler(payload, context): return context.request_headers")
    headers = ask(arn, {}, runtimeUserId="anne")
    assert headers["X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"] == ANNE
    assert headers["WorkloadAccessToken"]


def test_containers_and_missing_code_are_refused(cloud, deploy):
    with pytest.raises(ClientError, match="runs no container images"):
        cloud.client("bedrock-agentcore-control").create_agent_runtime(
            agentRuntimeName="image",
            agentRuntimeArtifact={
                "containerConfiguration": {"containerUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/baker:1"}
            },
            roleArn=ROLE,
            networkConfiguration={"networkMode": "PUBLIC"},
        )
    with pytest.raises(ClientError, match="No endpoint or agent found with qualifier 'DEFAULT'"):
        cloud.client("bedrock-agentcore").invoke_agent_runtime(agentRuntimeArn="arn:none", payload=b"{}")
    deploy("baker", COUNTING)
    with pytest.raises(ClientError, match="ConflictException"):
        cloud.client("bedrock-agentcore-control").create_agent_runtime(
            agentRuntimeName="baker",
            agentRuntimeArtifact={
                "codeConfiguration": {
                    "code": {"s3": {"bucket": "agents", "prefix": "baker.zip"}},
                    "runtime": "PYTHON_3_13",
                    "entryPoint": ["main.py"],
                }
            },
            roleArn=ROLE,
            networkConfiguration={"networkMode": "PUBLIC"},
        )
