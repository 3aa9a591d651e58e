"""What a function's logging comes to: the runtime's handler, the formats, the levels, the log group."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

TALKATIVE = """
    import json, logging
    log = logging.getLogger()

    def handler(event, context):
        log.debug("so small")
        log.info("took %s", event["cake"])
        log.warning("nearly gone", extra={"left": 2})
        logging.getLogger("oven").error("too hot")
        print("plain")
        print(json.dumps({"level": "debug", "timestamp": "2025-01-06T08:00:00Z", "message": "my own"}))
        if event.get("burn"):
            raise ValueError("burnt")
"""


@pytest.fixture
def logged(cloud):
    """The messages of a log group, those in JSON parsed."""

    def read(group):
        events = cloud.client("logs").filter_log_events(logGroupName=group)["events"]
        return [json.loads(e["message"]) if e["message"].startswith("{") else e["message"] for e in events]

    return read


def kinds(messages):
    return [message["type"] for message in messages if isinstance(message, dict) and "type" in message]


def said(messages):
    return [m["message"] if isinstance(m, dict) else m for m in messages if isinstance(m, str) or "message" in m]


def test_the_root_logger_has_a_handler_that_writes_level_time_and_request(function, invoke, log_lines):
    _, response = (function("till", TALKATIVE), invoke("till", {"cake": "opera"}))[1]
    request = response["ResponseMetadata"]["RequestId"]
    lines = [line for line in log_lines("till") if line.startswith("[")]
    assert [line.split("\t")[0] for line in lines] == ["[WARNING]", "[ERROR]"]  # WARNING is the root's own level
    assert lines[0].split("\t")[2:] == [request, "nearly gone"]


def test_a_handler_may_set_the_level_and_basic_config_changes_nothing(function, invoke, log_lines):
    function("till", """
        import logging
        logging.basicConfig(format="never seen", level=logging.DEBUG)
        logging.getLogger().setLevel(logging.INFO)
        def handler(event, context):
            logging.info("seen")
    """)  # fmt: skip
    invoke("till")
    (line,) = (line for line in log_lines("till") if "seen" in line)
    assert line.startswith("[INFO]\t2025-01-06T08:00:00.")
    assert line.endswith("\tseen")


def test_a_traceback_is_one_event_with_the_paths_of_lambda(function, invoke, log_lines):
    function("till", """
        import logging, traceback
        def handler(event, context):
            try:
                1 / 0
            except ZeroDivisionError:
                logging.exception("oops")
                print(traceback.format_exc())
    """)  # fmt: skip
    invoke("till")
    (event,) = (line for line in log_lines("till") if line.startswith("[ERROR]"))
    assert event.splitlines()[0].endswith("oops")
    assert '  File "/var/task/app.py", line 5, in handler' in event.splitlines()
    assert event.endswith("ZeroDivisionError: division by zero")
    assert sum('  File "/var/task/app.py", line 5, in handler' in line for line in log_lines("till")) == 2
    assert not any("localcloud-code-" in line for line in log_lines("till"))


def test_the_format_json_has_records_as_objects_and_lambdas_own_lines_too(function, invoke, logged):
    function("till", TALKATIVE, LoggingConfig={"LogFormat": "JSON"})
    _, response = invoke("till", {"cake": "opera"})
    messages = logged("/aws/lambda/till")
    assert kinds(messages) == ["platform.initStart", "platform.start", "platform.report"]
    assert said(messages) == ["took opera", "nearly gone", "too hot", "plain"]
    warned = next(m for m in messages if isinstance(m, dict) and m.get("message") == "nearly gone")
    assert warned.pop("timestamp").startswith("2025-01-06T08:00:00.")
    request = response["ResponseMetadata"]["RequestId"]
    assert warned == {
        "level": "WARNING", "message": "nearly gone", "logger": "root", "requestId": request, "left": 2,
    }  # fmt: skip
    metrics = messages[-1]["record"]["metrics"]
    assert set(metrics) == {"durationMs", "billedDurationMs", "memorySizeMB", "maxMemoryUsedMB", "initDurationMs"}
    assert messages[-1]["record"]["status"] == "success"


def test_an_error_is_an_object_too(function, invoke, logged):
    function("till", TALKATIVE, LoggingConfig={"LogFormat": "JSON"})
    invoke("till", {"cake": "opera", "burn": True})
    messages = logged("/aws/lambda/till")
    (error,) = (m for m in messages if isinstance(m, dict) and m.get("errorType") and "level" in m)
    assert (error["level"], error["errorType"], error["errorMessage"]) == ("ERROR", "ValueError", "burnt")
    assert kinds(messages)[-2:] == ["platform.runtimeDone", "platform.report"]  # what failed is a warning
    assert (messages[-1]["record"]["status"], messages[-1]["record"]["errorType"]) == ("error", "ValueError")


@pytest.mark.parametrize(
    ("application", "heard"),
    [
        ("TRACE", ["so small", "took opera", "nearly gone", "too hot", "plain", "my own"]),
        ("INFO", ["took opera", "nearly gone", "too hot", "plain"]),
        ("WARN", ["nearly gone", "too hot"]),  # what is printed without a level counts as INFO
        ("ERROR", ["too hot"]),
        ("FATAL", []),
    ],
)
def test_the_applications_level_filters_what_the_function_writes(function, invoke, logged, application, heard):
    function("till", TALKATIVE, LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": application})
    invoke("till", {"cake": "opera"})
    assert said(logged("/aws/lambda/till")) == heard


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        ("DEBUG", ["platform.initStart", "platform.start", "platform.runtimeDone", "platform.report"]),
        ("INFO", ["platform.initStart", "platform.start", "platform.report"]),
        ("WARN", []),
    ],
)
def test_the_systems_level_filters_lambdas_own_lines(function, invoke, logged, system, expected):
    function("till", TALKATIVE, LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": system})
    invoke("till", {"cake": "opera"})
    assert kinds(logged("/aws/lambda/till")) == expected


def test_functions_can_share_a_log_group_of_ones_own(cloud, function, invoke, logged):
    where = "import os\ndef handler(event, context): return context.log_group_name, os.environ['{}']"
    for name in ("till", "oven"):
        function(name, where.format("AWS_LAMBDA_LOG_GROUP_NAME"), LoggingConfig={"LogGroup": "shop"})
        assert invoke(name)[0] == ["shop", "shop"]
    assert sum(message.startswith("REPORT") for message in logged("shop")) == 2
    streams = cloud.client("logs").describe_log_streams(logGroupName="shop")["logStreams"]
    assert sorted(stream["logStreamName"].split("[")[0] for stream in streams) == ["2025/01/06/oven", "2025/01/06/till"]


def test_the_settings_take_effect_when_they_change(cloud, function, invoke, logged):
    function("till", TALKATIVE)
    invoke("till", {"cake": "opera"})
    change = {"LogFormat": "JSON", "ApplicationLogLevel": "ERROR", "SystemLogLevel": "WARN", "LogGroup": "quiet"}
    cloud.client("lambda").update_function_configuration(FunctionName="till", LoggingConfig=change)
    cloud.wait(10)
    invoke("till", {"cake": "opera"})
    assert said(logged("quiet")) == ["too hot"]


def test_levels_need_the_format_json(function):
    with pytest.raises(ClientError, match="ApplicationLogLevel isn't supported when LogFormat is set to TEXT"):
        function("till", TALKATIVE, LoggingConfig={"LogFormat": "Text", "ApplicationLogLevel": "INFO"})
