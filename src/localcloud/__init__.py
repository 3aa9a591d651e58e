"""AWS in virtual time on moto."""

from __future__ import annotations

from localcloud.cloud import Cloud, active_cloud
from localcloud.kernel import Kernel

__all__ = ["Cloud", "Kernel", "active_cloud"]
