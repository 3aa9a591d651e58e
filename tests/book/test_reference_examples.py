"""The examples of the reference pages run, and print what stands under them."""

from __future__ import annotations

import re
import shlex

import pytest
import typer

from localcloud.cli import app
from patisserie.course import course_root
from patisserie.examples import ExampleFailed, examples, reference_pages, rewritten, run

PAGES = reference_pages(course_root())
EXAMPLES = [example for page in PAGES for example in examples(page)]
LONGEST = 25
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_runs_and_prints_what_its_page_says(example):
    printed = run(example)
    if example.printed is not None:
        assert printed == example.printed, "if that is meant, run: python -m patisserie.examples"
    else:
        assert printed == "", "show what it prints in a ```text block under it"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_is_short_enough_to_read(example):
    assert example.lines <= LONGEST


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_of_code_is_one_that_a_test_looks_at(page):
    kinds = set(re.findall(r"^ *```+(\S*)$", page.read_text("utf-8"), re.MULTILINE))
    assert kinds <= {"", "python", "text", "sh"}


def commands():
    """Every use of `localcloud` in the pages' shell blocks, as a list of words."""
    for page in PAGES:
        for block in SHELL.findall(page.read_text("utf-8")):
            for line in block.splitlines():
                words = shlex.split(line)
                if words[:1] == ["localcloud"]:
                    yield pytest.param(words[1:], id=line)


@pytest.mark.parametrize("words", list(commands()))
def test_a_command_line_of_the_pages_is_one_that_the_program_takes(words):
    group = typer.main.get_command(app)
    with group.make_context("localcloud", words) as outer:
        name, command, rest = group.resolve_command(outer, words)
        with command.make_context(name, rest, parent=outer) as inner:
            assert inner.params


def test_an_example_that_raises_is_told_by_its_page_and_line(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A page\n\n```python\nprint(1 / 0)\n```\n")
    (example,) = examples(page)
    with pytest.raises(ExampleFailed, match=r"page:4 raised ZeroDivisionError"):
        run(example)


def test_tests_in_an_example_are_run_and_may_fail(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```python\ndef test_bread():\n    assert 'bread' == 'cake'\n```\n")
    (example,) = examples(page)
    with pytest.raises(ExampleFailed, match="did not pass"):
        run(example)


def test_a_page_is_rewritten_with_what_its_examples_print(tmp_path):
    page = tmp_path / "page.md"
    text = "```python\nprint('{}')\n```\n\n```text\n{}```\n\nmore\n\n"
    page.write_text(text.format("bread", "") + text.format("cake", "a tart\n") + "```python\nx = 1\n```\n")
    assert (
        rewritten(page) == text.format("bread", "bread\n") + text.format("cake", "cake\n") + "```python\nx = 1\n```\n"
    )
