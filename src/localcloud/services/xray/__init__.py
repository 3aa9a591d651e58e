"""AWS X-Ray: traces of functions that have active tracing."""

from __future__ import annotations

from localcloud.services.xray.service import XRay

__all__ = ["XRay"]
