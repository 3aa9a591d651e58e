"""A pytest plugin: the fixture `localcloud` is a fresh simulated account for each test.

    def test_order(localcloud):
        queue = localcloud.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
        ...
        localcloud.wait(30)  # virtual seconds

Plain `boto3.client("sqs")` reaches the same account. `@pytest.mark.localcloud(seed=7)` decides the seed of one
test, `--localcloud-seed 7` that of all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--localcloud-seed`."""
    group = parser.getgroup("localcloud", "AWS in virtual time")
    group.addoption("--localcloud-seed", type=int, default=0, help="Seed of the `localcloud` fixture (default 0).")


def pytest_configure(config: pytest.Config) -> None:
    """The marker, so that strict markers know it."""
    config.addinivalue_line("markers", "localcloud(seed): the seed of the `localcloud` fixture in this test")


@pytest.fixture
def localcloud(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """A started `localcloud.Cloud`, which ends with the test."""
    from localcloud.cloud import Cloud

    marker = request.node.get_closest_marker("localcloud")
    seed = request.config.getoption("--localcloud-seed")
    if marker is not None:
        seed = marker.kwargs.get("seed", marker.args[0] if marker.args else seed)
    with Cloud(seed=seed) as cloud:
        yield cloud
