"""One source, two notebooks: what is cut, what stays, and the same bytes every time."""

from __future__ import annotations

import textwrap

import pytest

from patisserie.notebooks.anatomy import anatomy
from patisserie.notebooks.source import Source, SourceError, to_text
from patisserie.notebooks.stubs import strange_lines

HEAD = """\
---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

# A lab

"""


@pytest.fixture
def source(tmp_path):
    """A source with these code cells: source("x = 1", ("y = 2", "solution-only")) -> Source."""

    def write(*cells, text=""):
        body = HEAD + text
        for number, cell in enumerate(cells):
            code, tags = (cell, "") if isinstance(cell, str) else cell
            marks = f":tags: [{tags}]\n" if tags else ""
            body += f"Cell {number}.\n\n```{{code-cell}} ipython3\n{marks}{textwrap.dedent(code)}\n```\n\n"
        path = tmp_path / "07-test.md"
        path.write_text(body, encoding="utf-8")
        return Source(path)

    return write


def code(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


CUT = """
    def price(order):
        # BEGIN SOLUTION: Exercise 1: add the prices up
        total = sum(order)
        return total
        # END SOLUTION
"""


def test_a_region_that_returns_becomes_a_line_that_raises(source):
    lab, solution = source(CUT).lab(), source(CUT).solution()
    assert code(lab) == ['def price(order):\n    raise NotImplementedError("Exercise 1: add the prices up")']
    assert code(solution) == ["def price(order):\n    total = sum(order)\n    return total"]


def test_any_other_region_becomes_a_gap_that_runs(source):
    cell = "%%handler progress.py\ndef tell(x):\n    # BEGIN SOLUTION: tell it\n    send(x)\n    # END SOLUTION"
    assert code(source(cell).lab()) == ["%%handler progress.py\ndef tell(x):\n    # tell it\n    ..."]
    whole = "%%template\n# BEGIN SOLUTION: set the queue\nQueue: {}\n# END SOLUTION"
    assert code(source(whole).lab()) == ["%%template\n# set the queue"]


def test_tags_keep_cells_out_of_one_notebook(source):
    made = source("a = 1", ("b = 2", "solution-only"), ("c = 3", "lab-only"))
    assert code(made.lab()) == ["a = 1", "c = 3"]
    assert code(made.solution()) == ["a = 1", "b = 2"]


def test_the_same_source_gives_the_same_bytes_and_other_cells_other_ids(source):
    made = source(CUT, "x = 1")
    assert to_text(made.lab()) == to_text(made.lab())
    ids = [cell["id"] for cell in made.lab().cells]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("# BEGIN SOLUTION: x\ny = 1", "needs its # END SOLUTION"),
        ("# BEGIN SOLUTION\ny = 1\n# END SOLUTION", "must say what is to be done"),
    ],
)
def test_marks_that_do_not_match_are_named_with_their_cell(source, cell, message):
    with pytest.raises(SourceError, match=message):
        source(cell).lab()


def test_a_lab_must_not_give_lines_that_have_to_be_deleted_again(source):
    assert strange_lines(source(CUT)) == []
    assert strange_lines(source(("trap = 1", "lab-only"))) == [
        "07-test: 'trap = 1' is in the lab but not in the solution."
    ]


def test_the_anatomy_names_what_is_missing_too_long_or_out_of_place(source):
    long_cell = "\n".join(f"x{n} = {n}" for n in range(9))
    findings = {
        f"{f.where} {f.message}" for f in anatomy(source(long_cell, text="## You will\n\n## Something else\n\n"))
    }
    assert "Something else is not a heading of the anatomy" in findings
    assert "Quiz is missing" in findings
    assert any("has 9 lines; at most 8 are easy to read" in finding for finding in findings)
    assert "Clean up the last code cell must clean up" in findings
    assert "exercises there are 0; two to four fit a lab" in findings
