"""Faults of HTTP hosts, as a client library of a handler meets them."""

from __future__ import annotations

import json

import pytest

from localcloud.errors import KernelError
from localcloud.faults import Fault
from localcloud.net import HttpRefused, HttpRequest, HttpResponse, HttpTimeout

ASK = HttpRequest("POST", "https://pay.example/charges")


@pytest.fixture
def served(cloud):
    """Requests that the partner has really got."""
    got = []

    def answer(request):
        got.append(request.path)
        return HttpResponse(200, {}, b"{}")

    cloud.http.serve("pay.example", answer)
    return got


@pytest.mark.parametrize(("kind", "status"), [("outage", 503), ("error", 500), ("throttle", 429)])
def test_a_fault_answers_in_the_partners_place(cloud, served, kind, status):
    cloud.faults.add(Fault(kind, host="PAY.*"))
    response = cloud.kernel.call(cloud.http.request, ASK)
    assert response.status == status
    assert served == []
    (hit,) = cloud.faults.log
    assert (hit.kind, hit.host, hit.operation, hit.resource) == (kind, "pay.example", "POST", "/charges")


def test_the_answer_can_be_chosen(cloud, served):
    cloud.faults.add(Fault("error", host="pay.example", status=402, code="card_declined", message='"no"'))
    response = cloud.kernel.call(cloud.http.request, ASK)
    assert response.status == 402
    assert json.loads(response.body) == {"code": "card_declined", "message": '"no"'}


def test_a_host_that_never_answers_is_left_after_the_clients_timeout(cloud, served):
    cloud.faults.add(Fault("timeout", host="pay.example"))
    before = cloud.kernel.now_us
    with pytest.raises(HttpTimeout, match="within 3 s"):
        cloud.kernel.call(cloud.http.request, ASK, 3_000_000)
    assert cloud.kernel.now_us - before == 3_000_000
    with pytest.raises(KernelError):
        cloud.kernel.call(cloud.http.request, ASK)
    assert served == []


def test_a_refused_connection_fails_at_once(cloud, served):
    handle = cloud.faults.add(Fault("refused", host="pay.example"))
    with pytest.raises(HttpRefused):
        cloud.kernel.call(cloud.http.request, ASK)
    assert len(cloud.faults.log) == 1
    handle.remove()
    assert cloud.kernel.call(cloud.http.request, ASK).status == 200


CALLER = """
    import json, time, urllib.error, urllib.request
    import requests
    session = requests.Session()
    def handler(event, context):
        started = time.time()
        try:
            if event["by"] == "urllib":
                with urllib.request.urlopen("https://pay.example/charges", timeout=2) as answer:
                    found = answer.status
            else:
                found = session.get("https://pay.example/charges", timeout=2).status_code
        except urllib.error.HTTPError as exc:
            found = exc.code
        except (urllib.error.URLError, TimeoutError, requests.RequestException) as exc:
            found = type(exc).__name__ + " " + type(getattr(exc, "reason", None)).__name__
        return [found, round(time.time() - started)]
"""


@pytest.mark.parametrize(
    ("by", "kind", "expected"),
    [
        ("urllib", "outage", [503, 0]),
        ("urllib", "refused", ["URLError ConnectionRefusedError", 0]),
        ("urllib", "timeout", ["TimeoutError NoneType", 2]),
        ("requests", "outage", [503, 0]),
        ("requests", "refused", ["ConnectionError NoneType", 0]),
        ("requests", "timeout", ["ReadTimeout NoneType", 2]),
    ],
)
def test_client_libraries_of_a_handler_see_what_they_would_see(cloud, served, function, invoke, by, kind, expected):
    function("shop", CALLER, Timeout=20)
    assert invoke("shop", {"by": by})[0] == [200, 0]
    handle = cloud.faults.add(Fault(kind, host="pay.example"))
    assert invoke("shop", {"by": by})[0] == expected  # `requests` had kept its connection open
    handle.remove()
    assert invoke("shop", {"by": by})[0] == [200, 0]
    assert len(cloud.faults.log) == 1


def test_a_share_of_refusals_is_drawn_once_a_request(cloud, served, function, invoke):
    function("shop", CALLER, Timeout=20)
    cloud.faults.add(Fault("refused", host="pay.example", share=0.3))
    answers = [invoke("shop", {"by": by})[0][0] for by in ("urllib", "requests") for _ in range(50)]
    assert sum(answer != 200 for answer in answers) == len(cloud.faults.log)
    assert 18 < len(cloud.faults.log) < 42
