"""The mini course of this directory: built, executed, compared, and tested by nbval as the real one is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from patisserie.notebooks.__main__ import app
from patisserie.notebooks.execute import ExecutionFailed, executed
from patisserie.notebooks.source import Source, to_text
from patisserie.notebooks.sync import changed_by_running, out_of_sync, regenerate

FIXTURE = Path(__file__).parent / "fixture"
ROOT = Path(__file__).parents[3]
HEAD = "---\njupytext: {text_representation: {extension: .md, format_name: myst}}\n---\n\n"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A copy of the mini course. Kernels started by the test find its module and ours."""
    root = tmp_path / "course"
    shutil.copytree(FIXTURE, root, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), str(root)]))
    return root


@pytest.fixture
def nbval(course):
    """Run nbval's pytest on a directory of the course, with the repository's conftest: (passed?, output)."""
    shutil.copy(ROOT / "conftest.py", course / "conftest.py")
    (course / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n", encoding="utf-8")

    def run(directory, mode, *more):
        command = [sys.executable, "-m", "pytest", "-q", mode, "--nbval-current-env", "--nbval-cell-timeout", "120"]
        environ = {**os.environ, "PATISSERIE_STRICT": "1" if mode == "--nbval" else ""}
        for name in [name for name in environ if name.startswith("PYTEST_")]:  # this very test may run under xdist
            del environ[name]
        done = subprocess.run(
            [*command, *more, directory], cwd=course, env=environ, capture_output=True, text=True, check=False
        )
        return done.returncode == 0, done.stdout + done.stderr

    return run


@pytest.fixture
def notebook(tmp_path):
    """A solution notebook of these code cells, not executed."""

    def make(*cells):
        path = tmp_path / "09-made.md"
        body = "Text.\n\n".join(f"```{{code-cell}} ipython3\n{cell}\n```\n\n" for cell in cells)
        path.write_text(HEAD + body, encoding="utf-8")
        return Source(path).solution()

    return make


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_stored_notebooks_are_made_again_byte_for_byte(course):
    stored = {path.name: path.read_bytes() for path in course.rglob("*.ipynb")}
    assert len(list(course.rglob("*.ipynb"))) == 2
    assert regenerate(course) == []
    for path in course.rglob("*.ipynb"):
        path.unlink()
    assert [path.parent.name for path in regenerate(course)] == ["labs", "solutions"]
    assert {path.name: path.read_bytes() for path in course.rglob("*.ipynb")} == stored


def test_a_generated_notebook_says_nothing_about_the_machine(course):
    for path in course.rglob("*.ipynb"):
        text = path.read_text(encoding="utf-8")
        assert text.endswith("}\n")
        assert json.loads(text)["metadata"] == {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
        for trace in ("iopub", "/home", "/tmp", 'execution":'):
            assert trace not in text


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("labs/07-mini.ipynb", "Merci", "Danke", "labs/07-mini.ipynb is not what 07-mini.md generates"),
        ("labs/07-mini.ipynb", "\n", "\n\n", "labs/07-mini.ipynb is not what 07-mini.md generates"),
        ("solutions/07-mini.ipynb", "sum(basket)", "max(basket)", "differs from 07-mini.md"),
        ("solutions/07-mini.ipynb", '"execution_count": 1,', '"execution_count": null,', "were not executed"),
        ("solutions/07-mini.ipynb", "\n", "\n\n", "is not written the way it is generated"),
        ("solutions/07-mini.ipynb", "{", "", "is not a notebook"),
        ("solutions/07-mini.md", ":tags: [check]", ":tags: [chek]", "no tag is called 'chek'"),
    ],
)
def test_what_is_not_in_sync_is_said(course, name, old, new, said):
    edit(course / name, old, new)
    assert any(said in finding for finding in out_of_sync(course))


def test_missing_and_stray_notebooks_are_said(course):
    assert out_of_sync(course) == []
    (course / "labs" / "07-mini.ipynb").rename(course / "labs" / "08-stray.ipynb")
    (course / "solutions" / "07-mini.ipynb").unlink()
    assert out_of_sync(course) == [
        "labs/07-mini.ipynb is not what 07-mini.md generates; run make notebooks.",
        "solutions/07-mini.ipynb is missing; run make notebooks.",
        "labs/08-stray.ipynb has no source in solutions/.",
    ]


def test_a_stored_output_that_a_run_does_not_give_is_found_by_running(course):
    edit(course / "solutions" / "07-mini.ipynb", "measured 920", "measured 930")
    assert out_of_sync(course) == []
    assert changed_by_running(course) == ["solutions/07-mini.ipynb is not what a new run gives; run make notebooks."]


def test_a_wrong_solution_stops_the_build_and_names_the_cell(course):
    edit(course / "solutions" / "07-mini.md", "return sum(basket)", "return max(basket)")
    before = (course / "solutions" / "07-mini.ipynb").read_bytes()
    with pytest.raises(ExecutionFailed, match=r"^07-mini: cell \d+ \('lab.check\(\"sum\", price\)'\) raised CheckNot"):
        regenerate(course)
    assert (course / "solutions" / "07-mini.ipynb").read_bytes() == before


def test_a_cell_that_does_not_end_is_stopped_and_named(notebook, tmp_path):
    with pytest.raises(ExecutionFailed, match=r"cell 3 \('while True:'\) took longer than 1 seconds"):
        executed(notebook("x = 1", "while True:\n    pass"), "09-made", tmp_path, cell_limit_s=1)


def test_a_kernel_that_dies_is_named_with_its_cell(notebook, tmp_path):
    with pytest.raises(ExecutionFailed, match=r"cell 1 .* ended its kernel"):
        executed(notebook("import os; os._exit(3)"), "09-made", tmp_path)


def test_what_differs_from_run_to_run_is_not_stored(notebook, tmp_path):
    made = notebook(
        "import sys\nprint('a', flush=True)\nprint('b', file=sys.stderr, flush=True)\nprint('c', flush=True)",
        "import ipywidgets\nipywidgets.IntSlider(3)",
        "{f'item {n}' for n in range(9)}, list({'x', 'y', 'z'})",
    )
    first, second = (to_text(executed(made, "09-made", tmp_path)) for _ in range(2))
    assert first == second
    assert "IntSlider(value=3)" in first
    assert "widget-view" not in first
    assert "application/vnd.jupyter.widget-state+json" not in first
    outputs = json.loads(first)["cells"][0]["outputs"]
    assert [output["text"] for output in outputs] == [["a\n", "c\n"], ["b\n"]]


def test_solutions_pass_nbval_strictly(nbval):
    passed, output = nbval("solutions", "--nbval")
    assert passed, output
    assert "15 passed, 1 skipped" in output  # the cell for an AWS account


def test_wrong_stored_text_and_figures_fail_strict_nbval(course, nbval):
    edit(course / "solutions" / "07-mini.ipynb", "measured 920", "measured 930")
    edit(course / "solutions" / "07-mini.ipynb", "▇▇▇ 320", "▇▇▇▇ 320")
    passed, output = nbval("solutions", "--nbval")
    assert not passed
    assert "measured 930" in output
    assert "▇▇▇▇ 320" in output
    assert "2 failed, 13 passed, 1 skipped" in output


def test_unsolved_labs_pass_lax_nbval_over_unix_sockets_in_parallel(course, nbval):
    (course / "probe.ipynb").write_text(
        to_text(Source(course / "solutions" / "07-mini.md").lab()).replace(
            "# your own tries",
            "from ipykernel.kernelapp import IPKernelApp\\nassert IPKernelApp.instance().transport == 'ipc'",
        ),
        encoding="utf-8",
    )
    shutil.move(course / "probe.ipynb", course / "labs" / "08-probe.ipynb")
    passed, output = nbval("labs", "--nbval-lax", "-n", "2", "--dist", "loadfile")
    assert passed, output
    assert "28 passed, 2 skipped" in output


def test_open_exercises_are_reported_as_open(course):
    """What a learner reads who runs every cell of the lab without solving anything."""
    environ = pytest.MonkeyPatch()
    lab = Source(course / "solutions" / "07-mini.md").lab()
    environ.setattr("patisserie.notebooks.execute._SETTINGS", {"PATISSERIE_STRICT": "", "PYTHONHASHSEED": "0"})
    try:
        run = executed(lab, "07-mini", course / "labs")
    finally:
        environ.undo()
    checks = [cell.outputs[0].data["text/plain"] for cell in run.cells if "check" in cell.metadata.get("tags", [])]
    assert [text.splitlines()[0] for text in checks] == ["○ Exercise: sum: to do", "○ Exercise: thanks: to do"]
    tried = next(cell for cell in run.cells if "raises-exception" in cell.metadata.get("tags", []))
    assert tried.outputs[0].traceback == ['NotImplementedError: Exercise 1: return the sum of the "basket"']


def test_the_command_line_builds_checks_and_lints(course):
    def call(*arguments):
        done = CliRunner().invoke(app, [*arguments, "--root", str(course)])
        return done.exit_code, done.output

    assert call("lint") == (0, "nothing to mend\n")
    assert call("check", "07") == (0, "in sync\n")
    (course / "labs" / "07-mini.ipynb").unlink()
    assert call("check")[0] == 1
    assert call("build", "07") == (0, "07-mini ...\nchanged labs/07-mini.ipynb\n1 written\n")
    assert call("check", "--run") == (0, "07-mini ...\nin sync\n")
    code, output = call("build", "99")
    assert (code, "No source starts with '99' in solutions/; there are: 07-mini." in output) == (1, True)
    edit(course / "solutions" / "07-mini.md", "## Explore", "## Look")
    code, output = call("lint")
    assert code == 1
    assert "solutions/07-mini.md, line 81: 'Look' is not a heading of the anatomy. [heading]" in output
