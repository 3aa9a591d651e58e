"""A server in a process of its own, and clients that know nothing but its address."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from contextlib import contextmanager

import boto3
import pytest
from botocore.config import Config


@pytest.fixture(scope="session")
def endpoint():
    """The address of a server whose virtual time jumps. It is shared: name what you make after what you test."""
    with serving("max") as address:
        yield address


@contextmanager
def serving(speed, *more):
    """A server in a process of its own; its address."""
    command = [sys.executable, "-m", "localcloud.cli", "serve", "--port", "0", "--speed", speed, "--seed", "7", *more]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ)
    try:
        line = process.stdout.readline()
        assert "listens on" in line, line
        yield line.split()[-1]
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


@pytest.fixture(scope="session")
def client(endpoint):
    """client("sqs"): a boto3 client of the server."""
    return lambda service, **config: client_of(endpoint, service, **config)


@pytest.fixture(scope="session")
def serving_at():
    """serving_at("60"): a context in which a server of that speed runs; its address."""
    return serving


@pytest.fixture(scope="session")
def client_at():
    """client_at(address, "sqs")."""
    return client_of


@pytest.fixture(scope="session")
def zipped():
    """zipped(source): a function's code, as it is uploaded."""

    def pack(source):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(zipfile.ZipInfo("app.py"), source)
        return buffer.getvalue()

    return pack


@pytest.fixture(scope="session")
def send(endpoint):
    """send("POST", "/", "sqs", headers, body): status, headers and body of the answer to a request signed for it."""

    def request(method, path, service, headers, body):
        if service is not None:
            scope = f"Credential=test/20250106/us-east-1/{service}/aws4_request"
            headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0", **headers}
        sent = urllib.request.Request(f"{endpoint}{path}", body, headers, method=method)
        try:
            answer = urllib.request.urlopen(sent, timeout=10)
        except urllib.error.HTTPError as exc:
            answer = exc
        with answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()

    return request


@pytest.fixture
def scripted_client(tmp_path):
    """scripted_client({model: rules}): a client of Bedrock's models, which answer by these rules."""
    with contextlib.ExitStack() as stack:

        def start(scripts):
            file = tmp_path / "models.json"
            file.write_text(json.dumps(scripts))
            address = stack.enter_context(serving("max", "--models", str(file)))
            return client_of(address, "bedrock-runtime")

        yield start


def client_of(address, service, **config):
    return boto3.client(
        service,
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, **config),
    )
