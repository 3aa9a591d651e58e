"""What an invocation answers and logs when its function is broken, as the Python runtime words it."""

from __future__ import annotations

import base64
import builtins
import json
import re
import signal

import pytest

from localcloud.net import HttpRequest

press = signal.raise_signal  # while a cloud is active, a handler's signals are its own


def report(lines):
    return next(line for line in lines if line.startswith("REPORT"))


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("import croissant_oven", "Runtime.ImportModuleError", "Unable to import module 'app': No module named"),
        ("def handler(e, c) return 1", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app': expected ':'"),
        ("x = 1", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
    ],
)
def test_a_module_that_cannot_be_loaded_fails_before_any_request(function, invoke, log_lines, source, kind, message):
    function("broken", source)
    answer, response = invoke("broken")
    assert response["FunctionError"] == "Unhandled"
    assert answer["errorType"] == kind
    assert answer["errorMessage"].startswith(message)
    assert answer["requestId"] == ""
    assert not any("in <module>" in frame for frame in answer["stackTrace"])
    assert report(log_lines("broken")).endswith(f"Status: error\tError Type: {kind}")


def test_a_syntax_error_names_its_line(function, invoke):
    function("broken", "\ndef handler(e, c) return 1")
    answer, _ = invoke("broken")
    assert answer["stackTrace"] == ['  File "/var/task/app.py" Line 2\n    def handler(e, c) return 1']


@pytest.mark.parametrize(
    ("handler", "kind"), [("handler", "Runtime.MalformedHandlerName"), ("sys.exit", "Runtime.BuiltInModuleConflict")]
)
def test_a_handler_setting_that_names_no_module_of_the_function(function, invoke, handler, kind):
    function("broken", "def handler(e, c): return 1", Handler=handler)
    assert invoke("broken")[0]["errorType"] == kind


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("sys.exit(0)", "without providing a reason"),
        ("sys.exit(3)", "with error: exit status 3"),
        ("sys.exit('out of flour')", "with error: exit status 1"),
        ("os._exit(1)", "with error: exit status 1"),
        ("os.abort()", "with error: signal: aborted"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "with error: signal: killed"),
        ("raise BaseException('flour')", "with error: exit status 1"),
        ("raise GeneratorExit", "with error: exit status 1"),
        ("raise asyncio.CancelledError", "with error: exit status 1"),
        ("raise KeyboardInterrupt", "with error: signal: interrupt"),
        ("signal.raise_signal(signal.SIGTERM)", "with error: signal: terminated"),
    ],
)
def test_a_handler_that_ends_its_process_fails_and_loses_its_environment(function, invoke, log_lines, body, reason):
    function("leaver", f"import asyncio, os, signal, sys\nstarts = []\ndef handler(e, c):\n    {body}\n")
    for _ in range(2):
        answer, _ = invoke("leaver")
        assert answer["errorType"] == "Runtime.ExitError"
        assert answer["errorMessage"].endswith(f"Error: Runtime exited {reason}")
    lines = log_lines("leaver")
    assert f"{answer['errorMessage']}\nRuntime.ExitError" in lines
    assert report(lines).endswith("Status: error\tError Type: Runtime.ExitError")


def test_a_module_that_ends_the_process_while_it_is_imported(function, invoke):
    function("leaver", "import sys\nsys.exit(2)\n")
    answer, _ = invoke("leaver")
    assert answer["errorMessage"].endswith("Runtime exited with error: exit status 2")


def test_a_signal_to_itself_is_a_handlers_own_business(function, invoke):
    function(
        "baker",
        """
        import os, signal
        seen = []
        def handler(event, context):
            signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
            os.kill(os.getpid(), signal.SIGUSR1)
            signal.raise_signal(signal.SIGCHLD)
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                return seen == [signal.SIGUSR1]
        """,
    )
    assert invoke("baker")[0] is True


@pytest.mark.parametrize("raised", ["BaseException", "GeneratorExit", "KeyboardInterrupt"])
def test_what_a_module_raises_never_stops_the_simulation(cloud, function, invoke, raised):
    function("broken", f"raise {raised}")
    function("works", "def handler(e, c): return 'bread'")
    answer, response = invoke("broken")
    assert (response["FunctionError"], answer["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert invoke("works")[0] == "bread"


@pytest.mark.parametrize("raised", ["GeneratorExit", "KeyboardInterrupt", "SystemExit"])
def test_what_a_threads_function_raises_ends_the_thread_alone(function, invoke, raised):
    function(
        "baker",
        f"""
        import threading
        def fails(): raise {raised}
        def handler(event, context):
            thread = threading.Thread(target=fails)
            thread.start()
            thread.join()
            return "bread"
        """,
    )
    assert invoke("baker")[0] == "bread"


def test_ctrl_c_while_a_handler_runs_stops_the_simulation(cloud, function, invoke, monkeypatch):
    """What the keyboard raises in a handler is not the handler's own."""
    function("baker", "import builtins\ndef handler(event, context): builtins.press()")
    monkeypatch.setattr(builtins, "press", lambda: press(signal.SIGINT), raising=False)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        invoke("baker")
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_function_may_not_signal_other_processes_or_copy_its_own(function, invoke):
    function("spy", "import os\ndef handler(e, c): os.kill(1, 0)")
    function("twin", "import os\ndef handler(e, c): os.fork()")
    assert invoke("spy")[0]["errorType"] == "ProcessLookupError"
    assert invoke("twin")[0]["errorType"] == "OSError"


def test_an_endless_loop_times_out(cloud, function, invoke, log_lines):
    cloud.kernel.spin_limit_s = 0.5
    function("spinner", "def handler(e, c):\n    while True: pass\n", Timeout=7)
    answer, _ = invoke("spinner")
    assert answer["errorType"] == "Sandbox.Timedout"
    assert answer["errorMessage"].endswith("Error: Task timed out after 7.00 seconds")
    assert "Duration: 7000.00 ms" in report(log_lines("spinner"))
    function("sound", "def handler(e, c): return 'bread'")
    assert invoke("sound")[0] == "bread"


def test_an_endless_loop_at_import_takes_the_time_of_init_and_then_that_of_the_function(
    cloud, function, invoke, log_lines
):
    cloud.kernel.spin_limit_s = 0.3
    function("spinner", "while True: pass\ndef handler(e, c): pass", Timeout=7)
    assert invoke("spinner")[0]["errorType"] == "Sandbox.Timedout"
    found = [line for line in log_lines("spinner") if line.startswith("INIT_REPORT")]
    assert found == [
        "INIT_REPORT Init Duration: 10000.00 ms\tPhase: init\tStatus: timeout",
        "INIT_REPORT Init Duration: 7000.00 ms\tPhase: invoke\tStatus: timeout",
    ]


GROWS = "for n in range(2_000): KEPT.append(bytes([n % 251]) * 1_000_000)"


@pytest.mark.parametrize(
    "source",
    [f"KEPT = []\ndef handler(e, c):\n    {GROWS}\n", f"KEPT = []\n{GROWS}\ndef handler(e, c): pass\n"],
    ids=["handler", "import"],
)
def test_a_function_that_takes_more_memory_than_it_has_is_killed(function, invoke, log_lines, source):
    function("hoarder", source, MemorySize=256)
    answer, response = invoke("hoarder")
    assert answer["errorType"] == "Runtime.ExitError"
    assert re.fullmatch(r"RequestId: \S+ Error: Runtime exited with error: signal: killed", answer["errorMessage"])
    assert response["FunctionError"] == "Unhandled"
    assert "Max Memory Used: 256 MB" in report(log_lines("hoarder"))
    function("sound", "def handler(e, c): return 'bread'")
    assert invoke("sound")[0] == "bread"


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("Decimal('1.50')", b"1.50"),
        ("{'price': Decimal('3'), 'name': 'brioche'}", b'{"price": 3, "name": "brioche"}'),
        ("'pâté'", '"pâté"'.encode()),
        ("b'raw'", b"raw"),
        ("{1: 'one', None: 'none'}", b'{"1": "one", "null": "none"}'),
    ],
)
def test_an_answer_is_sent_as_the_runtime_serialises_it(cloud, function, value, sent):
    function("baker", f"from decimal import Decimal\ndef handler(e, c): return {value}")
    assert cloud.client("lambda").invoke(FunctionName="baker")["Payload"].read() == sent


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return {1, 2}", "Object of type set is not JSON serializable"),
        ("a = []; a.append(a); return a", "Circular reference detected"),
        ("yield 1", "Object of type generator is not JSON serializable"),
        ("a = []\n    for _ in range(100_000): a = [a]\n    return a", "maximum recursion depth exceeded"),
    ],
)
def test_an_answer_that_json_cannot_carry_is_a_marshal_error(function, invoke, body, reason):
    function("baker", f"def handler(e, c):\n    {body}\n")
    answer, _ = invoke("baker")
    assert answer["errorType"] == "Runtime.MarshalError"
    assert answer["errorMessage"].startswith(f"Unable to marshal response: {reason}")


def test_an_answer_beyond_six_megabytes_is_refused(function, invoke):
    function("baker", "def handler(e, c): return 'x' * e")
    assert invoke("baker", 6 * 1024 * 1024)[0] == "x" * 6 * 1024 * 1024
    answer, response = invoke("baker", 6 * 1024 * 1024 + 100)
    assert response["FunctionError"] == "Unhandled"
    assert answer == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    }


def test_the_context_names_the_function_as_it_was_invoked(cloud, function, invoke):
    client = cloud.client("lambda")
    function("baker", "def handler(e, c): return [c.invoked_function_arn, c.function_version]", Publish=True)
    client.create_alias(FunctionName="baker", Name="live", FunctionVersion="1")
    arn = "arn:aws:lambda:us-east-1:123456789012:function:baker"
    assert invoke("baker")[0] == [arn, "$LATEST"]
    assert invoke("baker", Qualifier="$LATEST")[0] == [f"{arn}:$LATEST", "$LATEST"]
    assert invoke("baker", Qualifier="1")[0] == [f"{arn}:1", "1"]
    assert invoke("baker", Qualifier="live")[0] == [f"{arn}:live", "1"]
    assert invoke(f"{arn}:live")[0] == [f"{arn}:live", "1"]


def test_the_context_has_an_identity_and_the_callers_app(function, invoke, log_lines):
    function(
        "reader",
        """
        def handler(event, context):
            context.log("by the context")
            return [context.identity.cognito_identity_id, context.client_context.client.app_title, context.tenant_id]
        """,
    )
    given = base64.b64encode(json.dumps({"client": {"app_title": "Bakery"}}).encode()).decode()
    assert invoke("reader", ClientContext=given)[0] == [None, "Bakery", None]
    assert "by the context" in log_lines("reader")


def test_the_environment_has_the_documented_variables(function, invoke):
    function("reader", "import os\ndef handler(e, c): return dict(os.environ)")
    found = invoke("reader")[0]
    for name in (
        "_HANDLER", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "LANG", "PATH", "LD_LIBRARY_PATH",
        "PYTHONPATH", "AWS_XRAY_CONTEXT_MISSING", "AWS_XRAY_DAEMON_ADDRESS", "TZ",
    ):  # fmt: skip
        assert found.get(name), name
    assert found["TZ"] == ":UTC"


def test_a_function_that_has_been_called_over_http_can_be_published(cloud, function, let_in):
    function("shop", "def handler(event, context): return 'hi'")
    client = cloud.client("lambda")
    url = client.create_function_url_config(FunctionName="shop", AuthType="NONE")["FunctionUrl"]
    let_in(client, "shop")
    for _ in range(3):
        assert cloud.kernel.call(cloud.http.request, HttpRequest("GET", url)).status == 200
    assert client.publish_version(FunctionName="shop")["Version"] == "1"


INIT_START = (
    r"INIT_START Runtime Version: python:3\.13\.v\d+\tRuntime Version ARN: "
    r"arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}"
)


def about_init(lines):
    """The lines in which Lambda tells of an Init, without how long it took."""
    return [re.sub(r"\d+\.\d\d ms", "_ ms", line) for line in lines if line.startswith("INIT_")]


def test_an_environments_log_begins_with_the_version_of_its_runtime(cloud, function, invoke, log_lines):
    function("baker", "def handler(e, c): pass")
    for _ in range(2):
        _, response = invoke("baker", LogType="Tail")
        assert base64.b64decode(response["LogResult"]).startswith(b"START RequestId")
    lines = log_lines("baker")
    assert re.fullmatch(INIT_START, lines[0])
    assert sum(line.startswith("INIT_START") for line in lines) == 1
    cloud.wait(3_600)  # the environment is gone
    invoke("baker")
    assert sum(line.startswith("INIT_START") for line in log_lines("baker")) == 2


@pytest.mark.behaviour("LAM-05")
def test_an_init_that_takes_too_long_is_reported_before_it_runs_again(function, invoke, log_lines):
    function("slow", "import time\ntime.sleep(11)\ndef handler(e, c): return 1\n", Timeout=30)
    assert invoke("slow")[0] == 1
    assert about_init(log_lines("slow"))[1:] == ["INIT_REPORT Init Duration: _ ms\tPhase: init\tStatus: timeout"]


@pytest.mark.parametrize(
    ("source", "kind"),
    [("import flour", "Runtime.ImportModuleError"), ("import sys; sys.exit(1)", "Runtime.ExitError")],
)
def test_an_init_that_fails_is_reported_in_both_phases(function, invoke, log_lines, source, kind):
    function("broken", source)
    invoke("broken")
    status = f"Status: error\tError Type: {kind}"
    assert about_init(log_lines("broken"))[1:] == [
        f"INIT_REPORT Init Duration: _ ms\tPhase: init\t{status}",
        f"INIT_REPORT Init Duration: _ ms\tPhase: invoke\t{status}",
    ]


def test_an_init_that_times_out_in_an_invocation_is_reported_too(function, invoke, log_lines):
    function("slow", "import time\ntime.sleep(20)\ndef handler(e, c): return 1\n", Timeout=5)
    assert invoke("slow")[0]["errorType"] == "Sandbox.Timedout"
    assert about_init(log_lines("slow"))[-1] == "INIT_REPORT Init Duration: _ ms\tPhase: invoke\tStatus: timeout"


def test_an_environment_provisioned_ahead_reports_its_init(cloud, function, invoke, log_lines):
    client = cloud.client("lambda")
    function("baker", "def handler(e, c): pass", Publish=True)
    client.put_provisioned_concurrency_config(FunctionName="baker", Qualifier="1", ProvisionedConcurrentExecutions=1)
    cloud.wait(600)
    invoke("baker", Qualifier="1")
    assert about_init(log_lines("baker"))[1:] == ["INIT_REPORT Init Duration: _ ms"]
