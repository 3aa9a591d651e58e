"""Lambda behaves as AWS documents it. Each test names the behaviours it proves."""

from __future__ import annotations

import io
import re
import textwrap
import zipfile

import pytest
from botocore.exceptions import ClientError

from localcloud import Cloud

COUNTER = """
    import time, uuid
    calls, identity = 0, str(uuid.uuid4())
    def handler(event, context):
        global calls
        calls += 1
        time.sleep(event.get("sleep", 0) if event else 0)
        return [identity, calls]
    """


def reports(lines):
    return [line for line in lines if line.startswith("REPORT")]


def field(report, name):
    found = re.search(rf"(?:^|\t){name}: ([\d.]+) ms", report)
    return float(found[1]) if found else None


def together(cloud, count, call):
    """Run `call(number)` in `count` tasks at once and return what each returned or raised."""

    def guarded(number):
        try:
            return call(number)
        except ClientError as exc:
            return exc.response

    tasks = [cloud.kernel.spawn(guarded, number) for number in range(count)]
    cloud.kernel.run()
    return [task.result() for task in tasks]


@pytest.mark.behaviour("LAM-01")
def test_an_environment_serves_one_request_at_a_time(cloud, function, invoke):
    function("shop", COUNTER)
    answers = together(cloud, 3, lambda _: invoke("shop", {"sleep": 1})[0])
    assert len({identity for identity, _ in answers}) == 3


@pytest.mark.behaviour("LAM-02")
def test_module_state_survives_in_a_warm_environment_and_is_absent_in_a_new_one(cloud, function, invoke):
    function("shop", COUNTER)
    first, second = invoke("shop")[0], invoke("shop")[0]
    assert (second[0], second[1]) == (first[0], first[1] + 1)
    cloud.wait(3_600)
    assert invoke("shop")[0] != [first[0], 3]


@pytest.mark.behaviour("LAM-03", "LAM-04")
def test_init_is_reported_and_billed_once_per_environment(function, invoke, log_lines):
    function("shop", COUNTER)
    invoke("shop")
    invoke("shop")
    cold, warm = reports(log_lines("shop"))
    assert field(cold, "Billed Duration") == -(-(field(cold, "Duration") + field(cold, "Init Duration")) // 1)
    assert field(warm, "Init Duration") is None
    assert field(warm, "Billed Duration") == -(-field(warm, "Duration") // 1)


@pytest.mark.behaviour("LAM-05")
def test_an_init_beyond_ten_seconds_runs_again_under_the_functions_timeout(function, invoke, log_lines):
    function("slow", "import time\ntime.sleep(12)\ndef handler(e, c):\n    return 'ready'\n", Timeout=30)
    assert invoke("slow")[0] == "ready"
    (report,) = reports(log_lines("slow"))
    assert field(report, "Init Duration") == pytest.approx(10_000, abs=1)
    assert field(report, "Duration") > 12_000


CPU_AT_IMPORT = """
    import time
    end = time.thread_time() + 1
    while time.thread_time() < end:
        pass
    def handler(event, context):
        pass
    """
CPU = """
    import time
    def handler(event, context):
        end = time.thread_time() + 0.2
        while time.thread_time() < end:
            pass
    """


@pytest.mark.behaviour("LAM-07", "LAM-08")
def test_memory_buys_cpu_up_to_one_vcpu_and_does_not_change_init(function, invoke, log_lines):
    duration, init = {}, {}
    for memory in (128, 1_769, 3_538):
        name = function(f"cpu-{memory}", CPU, MemorySize=memory, Timeout=30)
        invoke(name)
        (report,) = reports(log_lines(name))
        duration[memory], init[memory] = field(report, "Duration"), field(report, "Init Duration")
    assert duration[128] / duration[1_769] == pytest.approx(1_769 / 128, rel=0.1)
    assert duration[3_538] == pytest.approx(duration[1_769], rel=0.05)
    assert init[128] == pytest.approx(init[1_769], rel=0.6)


@pytest.mark.behaviour("LAM-07")
def test_what_a_module_computes_when_it_is_imported_takes_as_long_with_little_memory(function, invoke, log_lines):
    init = {}
    for memory in (128, 1_769):
        name = function(f"import-{memory}", CPU_AT_IMPORT, MemorySize=memory)
        invoke(name)
        init[memory] = field(reports(log_lines(name))[0], "Init Duration")
    assert init[128] > 1_000
    assert init[128] == pytest.approx(init[1_769], rel=0.15)


@pytest.mark.behaviour("LAM-09", "LAM-14")
def test_a_timeout_is_reported_and_the_next_invocation_runs_init_inside_its_duration(function, invoke, log_lines):
    function("shop", COUNTER, Timeout=2)
    first, _ = invoke("shop")
    answer, response = invoke("shop", {"sleep": 60})
    assert response["StatusCode"] == 200
    assert response["FunctionError"] == "Unhandled"
    assert answer["errorMessage"].endswith("Error: Task timed out after 2.00 seconds")
    after, _ = invoke("shop")
    assert after[0] != first[0]
    assert after[1] == 1
    _, timed_out, suppressed = reports(log_lines("shop"))
    assert field(timed_out, "Duration") == 2_000
    assert field(timed_out, "Billed Duration") == 2_000
    assert timed_out.endswith("Status: timeout")
    assert field(suppressed, "Init Duration") is None
    assert field(suppressed, "Duration") > 50


def test_the_default_timeout_is_three_seconds(cloud, function):
    function("shop", COUNTER)
    assert cloud.client("lambda").get_function_configuration(FunctionName="shop")["Timeout"] == 3


@pytest.mark.behaviour("LAM-11")
def test_a_handler_that_raises_keeps_its_environment(function, invoke):
    function(
        "shop",
        """
        calls = 0
        def handler(event, context):
            global calls
            calls += 1
            if event == "fail":
                raise KeyError("croissant")
            return calls
        """,
    )
    answer, response = invoke("shop", "fail")
    assert response["FunctionError"] == "Unhandled"
    assert (answer["errorType"], answer["errorMessage"]) == ("KeyError", "'croissant'")
    assert answer["stackTrace"] == ['  File "/var/task/app.py", line 7, in handler\n    raise KeyError("croissant")\n']
    assert invoke("shop")[0] == 2


@pytest.mark.behaviour("LAM-12")
def test_background_work_is_frozen_and_goes_on_with_the_next_invocation(cloud, function, invoke):
    function(
        "shop",
        """
        import threading, time
        done = []
        def background():
            time.sleep(1)
            done.append(time.time())
        def handler(event, context):
            if event == "start":
                threading.Thread(target=background).start()
            else:
                time.sleep(0.1)
            return list(done)
        """,
    )
    assert invoke("shop", "start")[0] == []
    cloud.wait(60)
    before = cloud.kernel.unix_us / 1e6
    (finished,) = invoke("shop", "look")[0]
    assert finished >= before


@pytest.mark.behaviour("LAM-13")
def test_an_environment_ends_within_hours_even_when_it_is_always_used(cloud, function, invoke):
    function("shop", COUNTER)
    identities = []
    for _ in range(180):
        identities.append(invoke("shop")[0][0])
        cloud.wait(60)
    assert len(set(identities)) > 1


@pytest.mark.behaviour("LAM-15", "LAM-16", "LAM-19", "LAM-20")
@pytest.mark.parametrize(
    ("reserved", "reason"),
    [
        (None, "ConcurrentInvocationLimitExceeded"),
        (2, "ReservedFunctionConcurrentInvocationLimitExceeded"),
        (0, "ReservedFunctionConcurrentInvocationLimitExceeded"),
    ],
)
def test_beyond_a_limit_requests_are_throttled_with_the_reason(cloud, function, invoke, reserved, reason):
    function("shop", COUNTER, Timeout=60)
    limit = 4 if reserved is None else reserved
    if reserved is None:
        cloud.lambda_.concurrency.account_limit = limit
    else:
        cloud.client("lambda").put_function_concurrency(FunctionName="shop", ReservedConcurrentExecutions=reserved)
    client = cloud.client("lambda")

    def call(_):
        # past the SDK's own retries
        return client.invoke(FunctionName="shop", Payload=b'{"sleep": 50}')

    answers = together(cloud, limit + 3, call)
    throttled = [a for a in answers if "Error" in a]
    assert len(throttled) == 3
    for answer in throttled:
        assert answer["Error"]["Code"] == "TooManyRequestsException"
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429
        assert answer["Reason"] == reason


@pytest.mark.behaviour("LAM-19")
def test_reserved_concurrency_is_taken_from_everybody_else(cloud, function, invoke):
    function("kept", COUNTER)
    function("other", COUNTER, Timeout=60)
    cloud.lambda_.concurrency.account_limit = 105
    cloud.client("lambda").put_function_concurrency(FunctionName="kept", ReservedConcurrentExecutions=5)
    client = cloud.client("lambda")
    answers = together(cloud, 102, lambda _: client.invoke(FunctionName="other", Payload=b'{"sleep": 50}'))
    assert sum("Error" in answer for answer in answers) == 2
    assert invoke("kept")[0][1] == 1


@pytest.mark.behaviour("LAM-21")
def test_a_reservation_must_leave_a_hundred_unreserved(cloud, function):
    function("shop", COUNTER)
    client = cloud.client("lambda")
    client.put_function_concurrency(FunctionName="shop", ReservedConcurrentExecutions=900)
    with pytest.raises(client.exceptions.InvalidParameterValueException, match=r"below its minimum value of \[100\]"):
        client.put_function_concurrency(FunctionName="shop", ReservedConcurrentExecutions=901)


@pytest.mark.behaviour("LAM-22")
@pytest.mark.parametrize(("kind", "megabytes"), [("RequestResponse", 6), ("Event", 1)])
def test_a_payload_beyond_the_limit_is_refused(cloud, function, kind, megabytes):
    function("shop", COUNTER)
    client = cloud.client("lambda")
    with pytest.raises(client.exceptions.RequestTooLargeException) as caught:
        client.invoke(FunctionName="shop", InvocationType=kind, Payload=b'"' + b"x" * (megabytes * 1024 * 1024) + b'"')
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_an_unknown_function_is_named_in_the_error(cloud):
    client = cloud.client("lambda")
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="Function not found: arn:aws:lambda"):
        client.invoke(FunctionName="nowhere")


@pytest.mark.parametrize(
    ("source", "error_type", "message"),
    [
        ("import croissant_oven\n", "Runtime.ImportModuleError", "Unable to import module 'app'"),
        ("x = 1\n", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("def handler(e, c):\n    return {1, 2}\n", "Runtime.MarshalError", "Unable to marshal response"),
        ("import sys\ndef handler(e, c):\n    sys.exit(1)\n", "Runtime.ExitError", "Runtime exited"),
    ],
)
def test_a_broken_function_gets_the_runtimes_own_error(function, invoke, source, error_type, message):
    function("broken", source)
    answer, response = invoke("broken")
    assert response["FunctionError"] == "Unhandled"
    assert answer["errorType"] == error_type
    assert message in answer["errorMessage"]


def test_output_and_start_end_report_lines_are_in_the_log_group(function, invoke, log_lines):
    function("shop", "def handler(e, c):\n    print('bonjour', c.aws_request_id)\n    return c.log_group_name\n")
    answer, _ = invoke("shop")
    assert answer == "/aws/lambda/shop"
    init, start, hello, end, report = log_lines("shop")
    assert init.startswith("INIT_START Runtime Version: python:3.13.v")
    assert start.startswith("START RequestId: ")
    assert hello.startswith("bonjour ")
    assert end.startswith("END RequestId: ")
    assert report.startswith("REPORT RequestId: ")


def test_a_published_version_keeps_its_code_and_an_alias_points_to_it(cloud, function, invoke):
    function("shop", "import os\ndef handler(e, c):\n    return [os.environ['YEAR'], c.function_version]\n",
             Environment={"Variables": {"YEAR": "2020"}})  # fmt: skip
    client = cloud.client("lambda")
    version = client.publish_version(FunctionName="shop")["Version"]
    client.create_alias(FunctionName="shop", Name="live", FunctionVersion=version)
    client.update_function_configuration(FunctionName="shop", Environment={"Variables": {"YEAR": "2022"}})
    assert invoke("shop")[0] == ["2022", "$LATEST"]
    assert invoke("shop", Qualifier="live")[0] == ["2020", version]
    assert invoke("shop:live")[1]["ExecutedVersion"] == version


@pytest.mark.behaviour("LAM-23")
def test_the_status_tells_the_kind_of_invocation(function, invoke):
    function("shop", COUNTER)
    answer, response = invoke("shop", InvocationType="Event")
    assert answer is None
    assert response["StatusCode"] == response["ResponseMetadata"]["HTTPStatusCode"] == 202
    function("fails", "def handler(e, c):\n    raise ValueError('burnt')\n")
    failed = invoke("fails")[1]
    assert (failed["StatusCode"], failed["FunctionError"]) == (200, "Unhandled")
    function("shop2", COUNTER)
    assert invoke("shop2")[1]["ResponseMetadata"]["HTTPStatusCode"] == 200
    answer, response = invoke("shop2", InvocationType="DryRun")
    assert answer is None
    assert response["StatusCode"] == response["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert invoke("shop2")[0][1] == 2  # the dry run ran nothing


def test_the_same_seed_gives_the_same_log_to_the_last_byte():
    def run():
        with Cloud(seed=11) as cloud:
            lambda_ = cloud.client("lambda")
            role = cloud.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w") as archive:
                archive.writestr(zipfile.ZipInfo("app.py"), textwrap.dedent(COUNTER).replace("import", "import boto3,"))
            lambda_.create_function(
                FunctionName="shop", Code={"ZipFile": buffer.getvalue()}, Handler="app.handler", Runtime="python3.13",
                Role=role,
            )  # fmt: skip
            together(cloud, 20, lambda n: lambda_.invoke(FunctionName="shop", Payload=b'{"sleep": %d}' % (n % 2)))
            events = cloud.client("logs").filter_log_events(logGroupName="/aws/lambda/shop")["events"]
            return [(e["timestamp"], e["logStreamName"], e["message"]) for e in events]

    assert run() == run()
