"""httpx and httpx2 in simulated code."""

from __future__ import annotations

import pytest

from localcloud.net import HttpResponse

SYNC = """
import {package} as httpx
def handler(event, context):
    try:
        answer = httpx.post("https://shop.example/orders?x=1", json={{"cake": 1}}, timeout=5)
    except httpx.HTTPError as exc:
        return type(exc).__name__
    return [answer.status_code, answer.headers["x-from"], answer.json()]
"""
ASYNC = """
import asyncio, time
import {package} as httpx
async def ask(client, number):
    try:
        return (await client.get("https://shop.example/" + str(number))).json()
    except httpx.HTTPError as exc:
        return type(exc).__name__
async def main(count):
    async with httpx.AsyncClient(timeout=5) as client:
        return await asyncio.gather(*(ask(client, n) for n in range(count)))
def handler(event, context):
    started = time.time()
    return [asyncio.run(main(event["count"])), round(time.time() - started)]
"""


@pytest.fixture(params=["httpx", "httpx2"])
def package(request):
    return request.param


def serve(cloud, delay_s=0.0):
    def answer(request):
        cloud.kernel.sleep(round(delay_s * 1e6))
        body = b'{"path": "%s", "sent": %d}' % (request.path.encode(), len(request.body))
        return HttpResponse(200, {"content-type": "application/json", "x-from": request.host}, body)

    cloud.http.serve("shop.example", answer)


def test_a_handler_calls_a_simulated_host(cloud, function, invoke, package):
    serve(cloud)
    function("caller", SYNC.format(package=package), Timeout=30)
    assert invoke("caller")[0] == [200, "shop.example", {"path": "/orders", "sent": 10}]


def test_coroutines_wait_side_by_side_in_virtual_time(cloud, function, invoke, package):
    serve(cloud, delay_s=2)
    function("caller", ASYNC.format(package=package), Timeout=30)
    answer = [[{"path": f"/{number}", "sent": 0} for number in range(3)], 2]
    assert invoke("caller", {"count": 3})[0] == answer


def test_late_answers_and_unknown_hosts_are_the_librarys_own_errors(cloud, function, invoke, package):
    function("caller", SYNC.format(package=package), Timeout=30)
    function("many", ASYNC.format(package=package), Timeout=30)
    assert invoke("caller")[0] == "ConnectError"
    assert invoke("many", {"count": 1})[0][0] == ["ConnectError"]
    serve(cloud, delay_s=9)
    assert invoke("caller")[0] == "ReadTimeout"
    assert invoke("many", {"count": 2})[0] == [["ReadTimeout", "ReadTimeout"], 5]
