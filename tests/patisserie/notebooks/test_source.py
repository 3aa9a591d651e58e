"""One source, two notebooks: what is cut, what stays, and the same bytes every time."""

from __future__ import annotations

import ast
import textwrap

import pytest

from patisserie.notebooks.source import Source, SourceError, to_text

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


def test_quotes_in_what_is_to_be_done_are_kept(source):
    cell = 'def f():\n    # BEGIN SOLUTION: Exercise 1: say "no" or C:\\new\n    return 1\n    # END SOLUTION'
    stub = ast.parse(code(source(cell).lab())[0]).body[0].body[0]
    assert ast.literal_eval(stub.exc.args[0]) == 'Exercise 1: say "no" or C:\\new'


def test_cells_for_an_aws_account_are_skipped_by_every_unattended_run(source):
    cell = next(c for c in source(("deploy()", "aws")).solution().cells if c.cell_type == "code")
    assert {"nbval-skip", "skip-execution"} <= set(cell.metadata.tags)


def test_a_misspelt_tag_is_refused(source):
    with pytest.raises(SourceError, match="no tag is called 'solution_only'"):
        source(("x = 1", "solution_only")).lab()


def test_cells_know_the_line_they_start_in(source):
    made = source("x = 1", "y = 2")
    lines = made.path.read_text(encoding="utf-8").splitlines()
    assert [(c.line, lines[c.line - 1]) for c in made.cells() if c.kind == "code"] == [(12, "x = 1"), (18, "y = 2")]


def test_a_source_that_is_no_notebook_is_named(tmp_path):
    path = tmp_path / "07-test.md"
    path.write_text("```{code-cell} ipython3\n:tags: [a\nx = 1\n```\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"07-test\.md is not a MyST notebook"):
        Source(path).lab()
    with pytest.raises(SourceError, match="No source at"):
        Source(tmp_path / "08-none.md").lab()
