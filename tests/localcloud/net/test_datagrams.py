"""Datagrams and ports of simulated hosts."""

from __future__ import annotations

import socket

import pytest

from localcloud.errors import NetworkRefused
from localcloud.net import HttpRequest, HttpResponse, HttpUnreachable


def test_a_datagram_reaches_whoever_listens_on_its_port(cloud):
    heard = []
    cloud.http.receive("192.0.2.9", 53, heard.append)

    def send():
        with_address = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with_address.sendto(b"one", ("192.0.2.9", 53))
        connected = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        connected.connect(("192.0.2.9", 53))
        return connected.send(b"two"), connected.fileno()

    assert cloud.kernel.call(send) == (3, -1)
    assert heard == [b"one", b"two"]


def test_a_datagram_to_nobody_is_refused(cloud):
    def send():
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"hello", ("192.0.2.9", 53))

    with pytest.raises(NetworkRefused, match=r"192\.0\.2\.9"):
        cloud.kernel.call(send)


def test_outside_the_simulation_sockets_are_real(cloud):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        assert made.fileno() >= 0


def test_a_host_may_answer_on_one_port_only(cloud):
    cloud.http.serve("bakery.example:8080", lambda request: HttpResponse(200, {}, request.path.encode()))

    def get(url):
        return cloud.kernel.call(cloud.http.request, HttpRequest("GET", url)).body

    assert get("http://bakery.example:8080/oven") == b"/oven"
    with pytest.raises(HttpUnreachable):
        get("http://bakery.example/oven")


def test_requests_to_hosts_of_the_simulation_pass_moto_by(cloud, function, invoke):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="bakery")
    s3.put_object(Bucket="bakery", Key="list", Body=b"flour")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "bakery", "Key": "list"})
    cloud.http.serve("thing.us-east-1.amazonaws.com", lambda request: HttpResponse(200, {}, b"ours"))
    source = """
        import requests
        def handler(event, context):
            return [requests.get(url).text for url in event]
    """
    function("client", source)
    answer, _ = invoke("client", ["https://thing.us-east-1.amazonaws.com/", url])
    assert answer == ["ours", "flour"]  # what only moto knows is still moto's to answer
