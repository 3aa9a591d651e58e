"""Tests that prove documented behaviours are where `localcloud conformance` runs them."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parents[1]
MARK = "@pytest.mark." + "behaviour("  # in two pieces, so that this file does not find itself


def test_every_proof_of_a_behaviour_is_a_conformance_test():
    elsewhere = [
        path.relative_to(TESTS).as_posix()
        for path in sorted(TESTS.rglob("test_*.py"))
        if "conformance" not in path.relative_to(TESTS).parts and MARK in path.read_text("utf-8")
    ]
    assert elsewhere == []
