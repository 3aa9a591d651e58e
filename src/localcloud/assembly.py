"""Puts the parts of a cloud together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


def assemble(cloud: Cloud) -> None:
    """Give `cloud` its services, in the order in which they need each other."""
