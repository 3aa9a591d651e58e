"""The two clouds that are compared, as the observations see them: clients, a deployed stack, and time that passes."""

from __future__ import annotations

import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.config import Config

from localcloud import Cloud
from localcloud.net import HttpRequest
from patisserie.targets.aws import reachable
from patisserie.targets.base import DeployedStack
from patisserie.targets.deployment import Deployer
from patisserie.targets.stand_in import add_routes
from tests.emulators import mini_stack

STACK = Path(__file__).parent / "stacks" / "app" / "template.yaml"
_SECONDS = 60


class World(Protocol):
    """What an observation may use."""

    stack: DeployedStack

    def client(self, service: str) -> Any:
        """A boto3 client that tries once."""

    def post(self, path: str, body: str) -> tuple[int, dict[str, str], str]:
        """Status, headers (lower case) and body of the API's answer."""

    def until(self, holds: Callable[[], bool]) -> bool:
        """Let time pass until it holds; False when it never did."""


_ONCE = Config(retries={"total_max_attempts": 1})


class LocalWorld:
    """The local cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.stack = Deployer(self.client, "code", {}).deploy("same", STACK)

    def client(self, service: str) -> Any:
        return self._cloud.client(service, config=_ONCE)

    def post(self, path: str, body: str) -> tuple[int, dict[str, str], str]:
        headers = {"content-type": "application/json", "user-agent": "comparison"}
        request = HttpRequest("POST", self.stack.outputs["Url"] + path, headers, body.encode())
        answer = self._cloud.kernel.call(self._cloud.http.request, request)
        return answer.status, dict(answer.headers), answer.body.decode()

    def until(self, holds: Callable[[], bool]) -> bool:
        return self._cloud.wait_until(holds, timeout_s=_SECONDS)


class EmulatorWorld:
    """An emulator over HTTP, in real time."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self.stack = Deployer(self.client, "code", {}, poll_s=0.5).deploy("same", STACK)
        add_routes(self.client, self.stack, STACK)

    def client(self, service: str) -> Any:
        return boto3.client(
            service, endpoint_url=self._endpoint, region_name="us-east-1", aws_access_key_id="test",
            aws_secret_access_key="test", config=_ONCE,
        )  # fmt: skip

    def post(self, path: str, body: str) -> tuple[int, dict[str, str], str]:
        url = reachable(self.stack.outputs["Url"] + path, self._endpoint)
        headers = {"content-type": "application/json", "user-agent": "comparison"}
        request = urllib.request.Request(url, body.encode(), headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, _lower(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, _lower(answer.headers), answer.read().decode()

    def until(self, holds: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            if holds():
                return True
            time.sleep(0.2)  # an emulator lives in real time
        return False


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@contextmanager
def local_world() -> Iterator[World]:
    """The local cloud with the stack deployed."""
    with Cloud(seed=7) as cloud:
        yield LocalWorld(cloud)


@contextmanager
def emulator_world() -> Iterator[World]:
    """A MiniStack of our own with the same stack deployed."""
    with tempfile.TemporaryDirectory() as scratch, mini_stack(Path(scratch)) as emulator:
        yield EmulatorWorld(emulator.endpoint)
