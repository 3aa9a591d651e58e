"""What a learner writes in a cell is saved and deployed, or refused in a sentence; a refusal spoils nothing."""

from __future__ import annotations

import re

import pytest
from IPython.core.interactiveshell import InteractiveShell

from patisserie.magics import LabMagics
from patisserie.session import open_lab

WRONG_TEMPLATES = [
    ("PaymentQueue:\n  Properties:\n    VisiblityTimeout: 60\n", r"extraneous key \[VisiblityTimeout\]"),
    ("PaymentQueue:\n  VisibilityTimeout: 60\n", "Invalid template resource property 'VisibilityTimeout'"),
    ("PaymentQueue:\n", "references undefined resource PaymentQueue"),
    (
        "PaymentFunction:\n  Properties:\n    Events:\n      Placed: null\n"
        "      Queue: {Type: SQS, Properties: {Queue: !Ref PaymentQueue}}\n",
        "at 'eventSourceArn' failed to satisfy constraint",
    ),
]
RIGHT_TEMPLATE = "PaymentQueue:\n  Properties: {VisibilityTimeout: 60}\n"


@pytest.fixture
def lab(tmp_path):
    session = open_lab("02", workdir=tmp_path)
    yield session
    session.close()


@pytest.fixture
def cells(lab):
    return LabMagics(shell=None)


@pytest.mark.parametrize("standing", [False, True], ids=["first deployment", "update"])
@pytest.mark.parametrize(("fragment", "reason"), WRONG_TEMPLATES)
def test_a_refused_template_is_taken_back_and_the_next_cell_deploys(lab, cells, capsys, fragment, reason, standing):
    if standing:
        lab.deploy("mine")
    before = lab.workspace.template.read_text()
    cells.template("", fragment)
    said = capsys.readouterr().out
    assert said.startswith("Not deployed, and template.yaml is as it was before. ")
    assert re.search(reason, said)
    assert lab.workspace.template.read_text() == before
    cells.template("", RIGHT_TEMPLATE)
    assert capsys.readouterr().out == "Saved template.yaml and deployed your system.\n"
    assert lab.cleanup() == "Everything is cleaned up: nothing is left."


@pytest.mark.parametrize("magic", ["handler", "function"])
def test_a_cell_that_names_no_file_is_told_so(cells, capsys, magic):
    getattr(cells, magic)("", "def reply():\n    return 1\n")
    assert capsys.readouterr().out == f"Which file? Write %%{magic} order.py in the first line of the cell.\n"


def test_a_cell_writes_nowhere_but_in_the_working_copy(lab, cells, capsys, tmp_path):
    elsewhere = tmp_path / "precious.py"
    elsewhere.write_text("precious = 1\n")
    for name in (str(elsewhere), "../../precious.py", "../template.yaml"):
        cells.handler(name, "precious = 2\n")
        assert f"Not deployed. There is no file {name!r} in this system" in capsys.readouterr().out
    assert elsewhere.read_text() == "precious = 1\n"


def test_a_cell_for_aws_is_skipped_in_a_sentence_until_the_person_opts_in(capsys, monkeypatch):
    shell = InteractiveShell()
    shell.register_magics(LabMagics)
    monkeypatch.delenv("PATISSERIE_AWS", raising=False)
    shell.run_cell("%%aws\nfound = 1 + 1")
    assert capsys.readouterr().out.startswith("Skipped. Labs run on AWS only when you opt in: set PATISSERIE_AWS=1")
    assert "found" not in shell.user_ns
    monkeypatch.setenv("PATISSERIE_AWS", "1")
    shell.run_cell("%%aws\nfound = 1 + 1")
    assert shell.user_ns["found"] == 2
