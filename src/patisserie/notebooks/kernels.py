"""Kernels that talk over unix sockets.

TCP ports are raced for when several kernels start at once, and ipykernel warns about every connection over TCP that
is not encrypted. Windows has no unix sockets here: there the transport stays as it is.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager, KernelManager

HAS_UNIX_SOCKETS = os.name == "posix"


def socket_settings() -> dict[str, str]:
    """Constructor settings of a kernel manager, with a name of its own for this kernel's sockets.

    The name is absolute: manager and client resolve a relative one against different directories, and wait for ever.
    It is short: a socket's path may have 104 characters on macOS.
    """
    if not HAS_UNIX_SOCKETS:
        return {}
    return {"transport": "ipc", "ip": str(Path(tempfile.gettempdir()) / f"nb-{uuid.uuid4().hex[:12]}")}


class UnixSocketKernelManager(KernelManager):
    """For nbval, which makes its manager without settings."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{**socket_settings(), **settings})


class AsyncUnixSocketKernelManager(AsyncKernelManager):
    """For nbclient."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{**socket_settings(), **settings})
