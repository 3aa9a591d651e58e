"""A check that fails tells what went wrong in the learner's own functions; mistakes are answered in a sentence."""

from __future__ import annotations

import pytest

from patisserie.labs.lab02.attempts import PROGRESS_RIGHT
from patisserie.session import open_lab
from patisserie.targets import TargetError


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    session = open_lab("02", workdir=tmp_path_factory.mktemp("work"))
    session.lab.exercise("outage").right.prepare(session)
    yield session
    session.close()


@pytest.mark.parametrize(
    ("line", "log"),
    [
        ('    raise ValueError("oh no")\n', "Function: ValueError: oh no (progress.py, line 5)"),
        (
            '    send("/orders/{order_id}", {"orderId": order_id, "status": status})\n',
            "Function: /orders/{order_id}: HTTP Error 400",
        ),
        (
            "    pass\nfrom nowhere import order\n",
            "ImportModuleError: Unable to import module 'payment': No module named 'nowhere'",
        ),
        (
            "    pass\nfrom channel import nothing\n",
            "Unable to import module 'payment': cannot import name 'nothing' from 'channel' (channel.py)",
        ),
        ("    import time; time.sleep(60)\n", "Function: Task timed out after 10.00 seconds"),
        ("    import nope\n", "Function: ModuleNotFoundError: No module named 'nope' (progress.py, line 5)"),
    ],
)
def test_a_failed_check_says_what_the_functions_complained_about(solved, line, log):
    head = PROGRESS_RIGHT[: PROGRESS_RIGHT.index("    send(")]
    solved.workspace.write_handler("progress.py", head + line)
    result = solved.check("progress")
    assert result.state == "not yet"
    assert log in result.log
    assert f"log:      {result.log}" in repr(result)
    assert "<br>log: " in result._repr_html_()


def test_a_pass_and_an_open_exercise_say_nothing_of_logs(solved):
    solved.workspace.write_handler("progress.py", PROGRESS_RIGHT)
    result = solved.check("progress")
    assert (result.state, result.log) == ("pass", "")
    assert "log:" not in repr(result)


@pytest.mark.parametrize("message", ["status", "[order_id, status]", '{"status": status}'])
def test_a_message_that_names_no_order_is_a_finding(solved, message):
    solved.workspace.write_handler(
        "progress.py", PROGRESS_RIGHT.replace('{"orderId": order_id, "status": status}', message)
    )
    assert "messages that do not name this customer's order 10" in solved.check("progress").measured


def test_what_is_not_deployed_is_named_as_a_notebook_would_deploy_it(solved):
    with pytest.raises(TargetError, match=r"run lab.deploy\('chain'\) first"):
        solved.measure("chain")


def test_a_template_without_the_orders_address_is_told_in_a_sentence(solved):
    text = solved.workspace.template.read_text()
    solved.workspace.restore_template(text.replace("OrdersUrl:", "Other:"))
    try:
        assert "has no output OrdersUrl" in solved.check("outage").measured
    finally:
        solved.workspace.restore_template(text)


def test_a_lab_that_another_one_closed_says_so(tmp_path):
    first = open_lab("02", workdir=tmp_path)
    open_lab("00", workdir=tmp_path).close()
    with pytest.raises(TargetError, match="This lab was closed"):
        first.measure("mine")
