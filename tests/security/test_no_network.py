"""Without opt-in nothing leaves the machine: a run is watched by a hook on every connection it opens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src"

# The interpreter's own audit events: they cannot be taken back, and no library can connect around them.
# 192.0.2.1 is an address kept for documentation: nobody has it. os._exit, so that no handler can swallow it.
WATCHED = """
import ipaddress, os, sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if not isinstance(address, tuple):
            return  # a Unix socket, or one that is connected already and was looked at then
        host = str(address[0])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
        host = host.decode() if isinstance(host, bytes) else host or "localhost"
    else:
        return
    try:
        inside = ipaddress.ip_address(host).is_loopback
    except ValueError:
        inside = host == "localhost"
    if not inside:
        sys.stderr.write(f"LEFT THE MACHINE: {event} {host}\\n")
        sys.stderr.flush()
        os._exit(97)

sys.addaudithook(watch)
"""
CAUGHT = 97
RUN = "from patisserie.cli import app\napp({arguments!r})\n"


def watched(program: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a program under the hook, without credentials, proxies or endpoints of the tests' own environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PATISSERIE_"))}
    kept = {name: value for name, value in kept.items() if not name.lower().endswith("_proxy")}
    return subprocess.run(
        [sys.executable, "-c", WATCHED + program],
        env={**kept, "PYTHONPATH": str(SOURCE), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_hook_catches_a_connection_that_leaves():
    found = watched("import socket\nsocket.socket().connect(('192.0.2.1', 443))\n")
    assert found.returncode == CAUGHT, found.stderr
    assert "socket.connect 192.0.2.1" in found.stderr


def test_the_hook_catches_a_name_that_is_looked_up():
    found = watched("import socket\nsocket.getaddrinfo('sts.amazonaws.com', 443)\n")
    assert found.returncode == CAUGHT, found.stderr
    assert "sts.amazonaws.com" in found.stderr


def test_the_hook_catches_a_datagram_that_leaves():
    found = watched("import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))\n")
    assert found.returncode == CAUGHT, found.stderr


def test_the_hook_catches_what_boto3_sends():
    found = watched(
        "import boto3\n"
        "keys = {'aws_access_key_id': 'a', 'aws_secret_access_key': 'b'}\n"
        "boto3.client('sts', region_name='us-east-1', **keys).get_caller_identity()\n"
    )
    assert found.returncode == CAUGHT, found.stderr


def test_the_hook_lets_loopback_through():
    found = watched(
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname()).close()\n"
        "print('through')\n"
    )
    assert (found.returncode, found.stdout.strip()) == (0, "through"), found.stderr


def test_a_local_run_never_leaves_the_machine_even_with_credentials_and_an_endpoint_at_hand():
    found = watched(
        RUN.format(arguments=["run", "00", "--json"]),
        AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE",
        AWS_SECRET_ACCESS_KEY="example",
        AWS_ENDPOINT_URL="http://192.0.2.1:4566",
        PATISSERIE_AWS="1",
    )
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["before"]["source"] == "simulated"


def test_asking_for_aws_without_opting_in_never_leaves_the_machine():
    found = watched(
        RUN.format(arguments=["run", "00", "--target", "aws"]),
        AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE",
        AWS_SECRET_ACCESS_KEY="example",
    )
    assert found.returncode == 2, found.stderr
    assert "PATISSERIE_AWS" in found.stderr
