"""Fixtures every test may use."""

from __future__ import annotations

import io
import json
import textwrap
import zipfile

import pytest
from hypothesis import HealthCheck, Phase, settings

from localcloud import Cloud

# Hypothesis derives the examples from the test itself: the same on every machine. It does not explain failures, since
# it traces lines for that, and tracing goes on for ever where greenlets switch.
settings.register_profile(
    "localcloud",
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate, Phase.target, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("localcloud")


# What takes longest, first: no worker is to begin with one of these when the others have nothing left to do.
LONG = (
    "tests/patisserie/labs/", "tests/book/test_book.py", "tests/localcloud/server/", "tests/properties/",
    "tests/differential/", "tests/determinism/", "tests/security/", "tests/patisserie/",
)  # fmt: skip


# The tests of a file stay together, since they share what it made; those of these files share nothing.
SPREAD = (
    "tests/patisserie/labs/test_quality.py", "tests/patisserie/labs/test_runs.py", "tests/security/test_no_network.py",
    "tests/patisserie/targets/test_ministack.py",
)  # fmt: skip


def pytest_collection_modifyitems(items):
    def place(item):
        name = item.nodeid.partition("::")[0]
        return next((place for place, long in enumerate(LONG) if name.startswith(long)), len(LONG))

    items.sort(key=place)


def pytest_xdist_make_scheduler(config, log):
    """Asked by pytest-xdist for `--dist loadgroup`, whose own groups pytest 9.2 does not pass on."""
    if config.getoption("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            path = nodeid.partition("::")[0]
            return nodeid if path in SPREAD else path

    return Scheduling(config, log)


@pytest.fixture
def cloud():
    """A fresh simulated account."""
    with Cloud(seed=7) as made:
        yield made


@pytest.fixture
def function(cloud):
    """Create a function from source text: function("name", "def handler(event, context): ...", Timeout=5)."""
    role = cloud.client("iam").create_role(RoleName="test", AssumeRolePolicyDocument="{}")["Role"]["Arn"]

    def create(name, source, **settings):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(zipfile.ZipInfo("app.py"), textwrap.dedent(source))
        settings = {"Handler": "app.handler", "Runtime": "python3.13", "MemorySize": 1769, "Role": role, **settings}
        cloud.client("lambda").create_function(FunctionName=name, Code={"ZipFile": buffer.getvalue()}, **settings)
        return name

    return create


@pytest.fixture
def invoke(cloud):
    """Invoke a function and return (answer, response), with the payload parsed."""

    def call(name, event=None, **params):
        response = cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event), **params)
        body = response["Payload"].read()
        return (json.loads(body) if body else None), response

    return call


@pytest.fixture
def log_lines(cloud):
    """All log lines of a function, in order."""

    def read(name):
        events = cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        return [event["message"] for event in events]

    return read


@pytest.fixture(scope="session")
def let_in():
    """let_in(client of Lambda, "name", "NONE") lets everybody call a function's URL."""

    def permit(client, name, auth_type="NONE", **more):
        common = {"FunctionName": name, "Principal": "*", **more}
        client.add_permission(
            StatementId="url", Action="lambda:InvokeFunctionUrl", FunctionUrlAuthType=auth_type, **common
        )
        client.add_permission(
            StatementId="invoke", Action="lambda:InvokeFunction", InvokedViaFunctionUrl=True, **common
        )

    return permit
