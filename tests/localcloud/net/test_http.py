"""Handlers reach simulated hosts with the HTTP libraries they use in life."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request

import pytest
import requests
import urllib3

from localcloud.errors import NetworkRefused
from localcloud.net import HttpRequest, HttpResponse, HttpTimeout, HttpUnreachable


@pytest.fixture
def partner(cloud):
    """A host that echoes, after the seconds that the query asks for."""
    seen = []

    def answer(request):
        time.sleep(float(request.query or 0))
        seen.append(request)
        if request.path == "/moved":
            return HttpResponse(302, {"location": "https://partner.example/"})
        if request.path == "/down":
            return HttpResponse(503, {}, b"down")
        body = json.dumps({"got": request.body.decode()}).encode()
        return HttpResponse(200, {"content-type": "application/json"}, body)

    cloud.http.serve("partner.example", answer)
    return seen


def with_urllib(url, body, timeout):
    request = urllib.request.Request(url, data=body, headers={"x-key": "k"}, method="POST")
    with urllib.request.urlopen(request, timeout=timeout) as response:
        return json.load(response)


def with_urllib3(url, body, timeout):
    pool = urllib3.PoolManager(retries=False)
    return pool.request("POST", url, body=body, headers={"x-key": "k"}, timeout=timeout).json()


def with_requests(url, body, timeout):
    return requests.post(url, data=body, headers={"x-key": "k"}, timeout=timeout).json()


CLIENTS = [with_urllib, with_urllib3, with_requests]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_post_arrives_with_headers_and_body_and_its_answer_comes_back(cloud, partner, client, scheme):
    answer = cloud.kernel.call(client, f"{scheme}://partner.example/charges?2", b"croissant", 10)
    assert answer == {"got": "croissant"}
    assert (partner[0].method, partner[0].path, partner[0].headers["x-key"]) == ("POST", "/charges", "k")
    assert cloud.kernel.now_us == 2_000_000


@pytest.mark.parametrize(
    ("client", "error"), [(with_urllib, TimeoutError), (with_urllib3, urllib3.exceptions.ReadTimeoutError)]
)
def test_a_slow_host_ends_in_the_librarys_own_time_out_in_virtual_time(cloud, partner, client, error):
    with pytest.raises(error):
        cloud.kernel.call(client, "https://partner.example/?60", b"", 3)
    assert cloud.kernel.now_us == 3_000_000
    cloud.wait(100)
    assert len(partner) == 1  # the host finished its work all the same


def test_an_error_status_and_a_redirect_are_the_librarys_business(cloud, partner):
    with pytest.raises(urllib.error.HTTPError, match="503"):
        cloud.kernel.call(with_urllib, "https://partner.example/down", b"", 5)
    body = cloud.kernel.call(lambda: urllib.request.urlopen("https://partner.example/moved").read())
    assert json.loads(body) == {"got": ""}


def test_an_unknown_host_fails_as_name_resolution_does(cloud):
    with pytest.raises(urllib.error.URLError, match="no such host"):
        cloud.kernel.call(with_urllib, "https://nowhere.example/", b"", 5)
    with pytest.raises(HttpUnreachable, match=r"nowhere\.example"):
        cloud.kernel.call(cloud.http.request, HttpRequest("GET", "https://nowhere.example/"))


def test_the_plane_itself_times_out_in_virtual_time(cloud, partner):
    with pytest.raises(HttpTimeout, match="within 2 s"):
        cloud.kernel.call(cloud.http.request, HttpRequest("GET", "https://partner.example/?9"), 2_000_000)


def test_simulated_code_cannot_open_a_real_connection(cloud):
    def dial():
        socket.create_connection(("127.0.0.1", 9))

    def dial_by_hand():
        with socket.socket() as made:
            made.connect(("127.0.0.1", 9))

    for attempt in (dial, dial_by_hand, lambda: socket.getaddrinfo("localhost", 80)):
        with pytest.raises(NetworkRefused, match="no network in the local cloud"):
            cloud.kernel.call(attempt)
