"""Thin shells around tested functions, for notebooks that a person looks at."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

UNATTENDED_VARIABLE = "PATISSERIE_UNATTENDED"


class ProgressBar:
    """A bar that fills while orders come to their end, and goes when the last one has.

    Args:
        label: what is measured.
        show: displays a widget.
    """

    def __init__(self, label: str, show: Callable[[Any], Any]) -> None:
        self._label, self._show = label, show
        self._bar: Any = None
        self._step = 1

    def __call__(self, done: int, of: int) -> None:
        """Say how far it is; redrawn at most a hundred times."""
        if self._bar is None:
            from ipywidgets import IntProgress

            self._step = max(1, of // 100)
            self._bar = IntProgress(value=0, max=of, description=self._label, style={"description_width": "initial"})
            self._show(self._bar)
        if done % self._step == 0 or done == of:
            self._bar.value = done
        if done == of:
            self.close()

    def close(self) -> None:
        """Take the bar away: also when what it shows was interrupted."""
        if self._bar is not None:
            self._bar.close()


def progress_bar(label: str) -> ProgressBar | None:
    """A bar in a notebook that somebody looks at; None in a script and in an unattended run."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel") or os.environ.get(UNATTENDED_VARIABLE) == "1":
        return None
    from IPython.display import display

    return ProgressBar(label, display)
