"""The command line: `patisserie`."""

from __future__ import annotations

from patisserie.cli.app import app, main

__all__ = ["app", "main"]
