"""Notebooks under test (`pytest --nbval`, `--nbval-lax`): their kernels talk over unix sockets, not over TCP ports."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("PATISSERIE_UNATTENDED", "1")  # notebooks under test get a working copy of their own


def pytest_configure(config: pytest.Config) -> None:
    """Runs in every worker of pytest-xdist as well. Costs nothing when no notebook is tested."""
    if config.getoption("nbval", False) or config.getoption("nbval_lax", False):
        import nbval.kernel

        from patisserie.notebooks.kernels import UnixSocketKernelManager

        nbval.kernel.KernelManager = UnixSocketKernelManager
