"""AWS X-Ray: traces of functions, gateways and workflows, and of the code inside functions."""

from __future__ import annotations

from localcloud.services.xray.service import XRay

__all__ = ["XRay"]
