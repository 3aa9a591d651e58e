"""A pytest plugin: the fixture `localcloud` is a fresh simulated account for each test.

    def test_order(localcloud):
        queue = localcloud.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
        ...
        localcloud.wait(30)  # virtual seconds

Plain `boto3.client("sqs")` reaches the same account. `@pytest.mark.localcloud(seed=7)` decides the seed of one
test, `--localcloud-seed 7` that of all others. `@pytest.mark.localcloud(enforce_iam=True)` and
`--localcloud-enforce-iam` let the policies of roles decide what functions may do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--localcloud-seed` and `--localcloud-enforce-iam`."""
    group = parser.getgroup("localcloud", "AWS in virtual time")
    group.addoption("--localcloud-seed", type=int, default=0, help="Seed of the `localcloud` fixture (default 0).")
    group.addoption("--localcloud-enforce-iam", action="store_true", help="Let the policies of roles decide.")


def pytest_configure(config: pytest.Config) -> None:
    """The marker, so that strict markers know it."""
    marker = "localcloud(seed, enforce_iam): how the `localcloud` fixture is made for this test"
    config.addinivalue_line("markers", marker)


@pytest.fixture
def localcloud(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """A started `localcloud.Cloud`, which ends with the test."""
    from localcloud.cloud import Cloud

    marker = request.node.get_closest_marker("localcloud")
    seed = request.config.getoption("--localcloud-seed")
    enforce_iam = request.config.getoption("--localcloud-enforce-iam")
    if marker is not None:
        seed = marker.kwargs.get("seed", marker.args[0] if marker.args else seed)
        enforce_iam = marker.kwargs.get("enforce_iam", enforce_iam)
    with Cloud(seed=seed, enforce_iam=enforce_iam) as cloud:
        yield cloud
