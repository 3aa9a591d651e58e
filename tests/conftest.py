"""Fixtures every test may use."""

from __future__ import annotations

import pytest

from localcloud import Cloud


@pytest.fixture
def cloud():
    """A fresh simulated account."""
    with Cloud(seed=7) as made:
        yield made
