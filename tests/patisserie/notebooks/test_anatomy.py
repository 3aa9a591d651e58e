"""The lint of a lab's anatomy: each rule is broken once in a lab that is otherwise right."""

from __future__ import annotations

from pathlib import Path

import pytest

from patisserie.notebooks.anatomy import anatomy
from patisserie.notebooks.source import Source

MINI = Path(__file__).parent / "fixture" / "solutions" / "07-mini.md"
LONG = "\n".join(f"x{n} = {n}" for n in range(9))
OPENED = "from minilab import Lab, compare, figures\n"


def test_a_lab_with_the_whole_anatomy_has_no_findings():
    assert anatomy(Source(MINI)) == []


@pytest.fixture
def broken(tmp_path):
    """The rules found after `old` became `new` in the mini lab."""

    def judge(old, new):
        text = MINI.read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / "07-mini.md"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return anatomy(Source(path))

    return judge


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("# Add up a basket", "Add up a basket", "title"),
        ("*4 minutes", "*quickly", "fact-line"),
        ("## Explore", "## Look around", "heading"),
        ("## Explore\n", "", "missing"),
        ("## Explore", "## Why\n\n## Explore", "repeated"),
        ("## Why", "## Explore\n\n## Why", "order"),
        ("lab = Lab()\n", LONG + "\nlab = Lab()\n", "long-cell"),
        ("sum(before.cents)}.\")", "sum(before.cents)}.\");", "semicolon"),
        ("Is it right?\n", "", "no-prose"),
        ("One function.", ":::{note}\nOne function.\n:::", "directive"),
        ("One function.", "> [!NOTE]\n> One function.", "directive"),
        ("One function.", "Before, we measured 920 cents.", "typed-measurement"),
        ("One function.", "There were 920 cents, measured at noon.", "typed-measurement"),
        ("my_guess_cents = 900", "my_guess_cents", "predict"),
        ("my_guess_cents = 900", "my_guess_cents = ...", "predict"),
        ("lab.measure(first_only", "lab.look(first_only", "measure"),
        ("lab.baseline(before)", "before", "baseline"),
        ("compare(before, after)", "after", "compare"),
        ("figures.bars(after)", "print(after)", "same-axes"),
        ("The till looks at the first item only.", "word " * 151, "long-why"),
        ("## Exercise 2: say thank you", "## Extra", "exercises"),
        ("## Exercise 2: say", "## Exercise 3: say", "exercise-number"),
        ("Hint 2: what", "Help: what", "hints"),
        ("Hint 2: what", "Hint 1: what", "hints"),
        ("*2 minutes.* ", "", "minutes"),
        ("**Goal:** ", "", "goal"),
        (":tags: [exercise]\n", "", "no-task"),
        (":tags: [check]\n", "", "no-check"),
        ("<details><summary>What is the sum", "<p>What is the sum", "questions"),
        ("Because it was written when every customer bought exactly one thing, a baguette.", "Because.", "explanation"),
        ("lab.cleanup()", "lab.close()", "clean-up"),
        ("Try it; before", "+++ {\"tags\": [\"lab-only\"]}\n\n## Try it\n\nTry it; before", "tagged-heading"),
        ("# END SOLUTION", "", "source"),
        (":tags: [check]", ":tags: [ckeck]", "source"),
    ],
)  # fmt: skip
def test_each_rule_finds_its_fault(broken, old, new, rule):
    assert rule in {finding.rule for finding in broken(old, new)}


def test_a_finding_names_the_line_of_the_source(broken):
    (finding,) = broken("## Explore", "## Look around")[1:]
    lines = MINI.read_text(encoding="utf-8").splitlines()
    assert (finding.line, finding.rule) == (lines.index("## Explore") + 1, "heading")
    assert str(finding) == f"line {finding.line}: 'Look around' is not a heading of the anatomy. [heading]"


def test_numbers_that_were_not_measured_may_be_typed(broken):
    assert broken("One function.", "It opens at 8. Later the till is measured. There are 3 baskets.") == []


def test_long_cells_may_be_hidden(broken):
    hidden = ":tags: [hide-input]\n" + LONG + "\n" + OPENED
    assert broken(OPENED, hidden) == []


@pytest.mark.parametrize("text", ["", "no title", "---\nx: [\n---\n", "# Only a title"])
def test_any_text_gives_findings_and_never_a_traceback(tmp_path, text):
    path = tmp_path / "07-x.md"
    path.write_text(text, encoding="utf-8")
    assert anatomy(Source(path))
    assert anatomy(Source(tmp_path / "missing.md"))[0].rule == "source"
