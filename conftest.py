"""nbval's kernels talk over unix sockets: TCP ports are raced for when several start at once."""

from __future__ import annotations

import os
import sys
import tempfile
import uuid

os.environ.setdefault("PATISSERIE_UNATTENDED", "1")  # notebooks under test get a working copy of their own

if sys.platform != "win32":
    import nbval.kernel
    from jupyter_client.manager import KernelManager

    class UnixSocketKernelManager(KernelManager):
        """As nbval's, with the transport changed for manager and client alike."""

        def __init__(self, **settings):
            settings.setdefault("transport", "ipc")
            settings.setdefault("ip", os.path.join(tempfile.gettempdir(), f"nbval-{uuid.uuid4().hex[:12]}"))
            super().__init__(**settings)

    nbval.kernel.KernelManager = UnixSocketKernelManager
