"""The local cloud reached from outside: AWS's wire protocols on loopback.

Only this package knows the wall clock; the simulation behind it stays as deterministic as the order in which
requests come in.
"""

from __future__ import annotations

from localcloud.server.server import Server

__all__ = ["Server"]
