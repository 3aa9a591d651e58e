"""The progress bar fills, is redrawn sparingly, and is not there when nobody looks."""

from __future__ import annotations

from patisserie.widgets import ProgressBar, progress_bar


def test_the_bar_fills_and_goes_at_the_end():
    shown = []
    bar = ProgressBar("before", shown.append)
    for done in range(1, 501):
        bar(done, 500)
    (widget,) = shown
    assert (widget.value, widget.max, widget.description) == (500, 500, "before")
    assert widget.comm is None  # closed


def test_the_bar_is_redrawn_at_most_a_hundred_times():
    shown, changes = [], []

    def show(widget):
        shown.append(widget)
        widget.observe(lambda change: changes.append(change), names="value")

    bar = ProgressBar("before", show)
    for done in range(1, 5_001):
        bar(done, 5_000)
    assert len(changes) == 100


def test_a_script_has_no_bar():
    assert progress_bar("x") is None


def test_the_bar_is_there_before_the_first_order_and_goes_when_it_is_closed():
    shown = []
    bar = ProgressBar("before", shown.append)
    bar.close()  # nothing shown yet
    bar(0, 500)
    (widget,) = shown
    assert widget.value == 0
    bar.close()
    assert widget.comm is None
