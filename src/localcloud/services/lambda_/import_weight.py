"""What a package weighs: the time that its imports and its download take.

Init executes a function's own modules. How long that takes on AWS is worked out from what was executed, so that it
is the same on every machine: the number of modules and the bytes of their source, of the package, its layers and the
libraries that keep state per process. The facts say how it was calibrated (model.lambda.import_weight).
"""

from __future__ import annotations

from localcloud.facts import Facts
from localcloud.runtime.modules import ModuleSpace

_KB, _MB = 1_024, 1_048_576


class ImportWeight:
    """Turns modules and bytes into microseconds. What a hello-world function has is in its own measured start."""

    def __init__(self, facts: Facts) -> None:
        weight = facts.value("model.lambda.import_weight")
        self._module_us = float(weight["ms_per_module"]) * 1_000
        self._byte_us = float(weight["ms_per_kb"]) * 1_000 / _KB
        self._free_modules, self._free_bytes = int(weight["free_modules"]), int(weight["free_kb"]) * _KB
        download = facts.value("model.lambda.package_download")
        self._download_us = float(download["ms_per_mb"]) * 1_000 / _MB
        self._free_download = round(float(download["free_mb"]) * _MB)

    def executed_us(self, modules: int, size_bytes: int) -> int:
        """CPU time at one vCPU for executing so many modules with so much source."""
        counted = max(0, modules - self._free_modules) * self._module_us
        return round(counted + max(0, size_bytes - self._free_bytes) * self._byte_us)

    def executed_in(self, space: ModuleSpace) -> int:
        """The same for all that an environment has executed so far."""
        return self.executed_us(space.executed, space.executed_bytes)

    def download_us(self, size_bytes: int) -> int:
        """How much longer the start of an environment takes with a package of this size (zipped, with layers)."""
        return round(max(0, size_bytes - self._free_download) * self._download_us)
