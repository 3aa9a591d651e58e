"""Conditions under which checks look at a design, and not at luck."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from patisserie.session import LabSession

_RELIABLE = {"PaymentErrorPercent": "0", "OtherErrorPercent": "0"}


@contextmanager
def reliable_partners(session: LabSession, also: Mapping[str, str] | None = None) -> Iterator[None]:
    """Partners that take their time, but answer every call that is within their rate. `also`: further parameters."""
    session.partners({**_RELIABLE, **(also or {})})
    try:
        yield
    finally:
        session.partners({})
