"""One execution environment: a Lambda sandbox inside this process."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from localcloud.kernel import Kernel, TaskGroup
from localcloud.principals import Principal
from localcloud.runtime.alarms import Signals
from localcloud.runtime.files import TmpDirectory
from localcloud.runtime.modules import CodeCache, ModuleSpace
from localcloud.runtime.surroundings import LoggerTree
from localcloud.runtime.tape import Tape


class ExecutionEnvironment(TaskGroup):
    """Own modules, environment variables, output, loggers, randomness and files.

    `name` also names its random stream, so give every environment its own. `write_line` receives
    each finished line of output. `cpu_share` is the part of one vCPU its memory buys (at most 1).
    """

    def __init__(
        self,
        kernel: Kernel,
        name: str,
        code_dirs: Sequence[Path],
        environ: Mapping[str, str],
        write_line: Callable[[str], None],
        *,
        cpu_share: float = 1.0,
        code_cache: CodeCache | None = None,
    ) -> None:
        super().__init__(kernel)
        self.name = name
        self.principal: Principal | None = None  # whose calls are those of the code in it
        self.entropy_name = name
        self.environ = dict(environ)
        self.write_line = write_line
        self.loggers = LoggerTree()
        self.code_dirs = list(code_dirs)
        self.layers_root: Path | None = None  # /opt
        self.tmp = TmpDirectory()
        self.working_directory = "/var/task"
        self.signals = Signals()
        self.cpu_share = cpu_share
        self.cpu_us = 0
        self.use_shared_cpu: Callable[[int], None] | None = None  # for a process that shares its processor
        self.lineage: Mapping[str, int] = {}  # the chain of requests it works on: invocations by function
        self.tape: Tape | None = None  # while module code runs for a snapshot, or again out of one
        self.wrappers: dict[tuple[Any, str], list[Callable[..., Any]]] = {}  # of shared functions: instrumentation
        self.flags: set[str] = set()  # what its libraries believe to have left in shared modules
        self.retry_state: dict[Any, Any] = {}  # what SDKs keep per process, such as retry quotas
        self.modules = ModuleSpace(
            [str(directory) for directory in code_dirs],
            code_cache or CodeCache(),
            importlib.import_module,
            self._module_seed,
        )
        self._partial_line = ""

    def _module_seed(self) -> int:
        if self.tape is not None:
            return self.tape.module_seed()
        return self.kernel.streams[f"random/{self.name}"].getrandbits(64)

    def use_cpu(self, cpu_us: int) -> None:
        """Pass this much CPU time."""
        if self.use_shared_cpu is not None:
            self.use_shared_cpu(cpu_us)
        else:
            self.kernel.sleep(round(cpu_us / self.cpu_share))

    def activate(self) -> None:
        self.modules.show()

    def write(self, text: str) -> None:
        """Take output; whole lines go on to `write_line`."""
        self._partial_line += text
        if "\n" in self._partial_line:
            *lines, self._partial_line = self._partial_line.split("\n")
            for line in lines:
                self.write_line(line)

    def flush(self) -> None:
        """Pass on a last line that has no line break."""
        if self._partial_line:
            line, self._partial_line = self._partial_line, ""
            self.write_line(line)

    def handler(self, dotted: str) -> Callable[..., Any]:
        """Import "package/module.function" and return the function. Call it inside a task of this group.

        Raises what the import raises; AttributeError when the module has no such function.
        """
        module_name, _, function = dotted.rpartition(".")
        found: Callable[..., Any] = getattr(self.modules.load(module_name.replace("/", ".")), function)
        return found

    def kill(self) -> None:
        super().kill()
        self.modules.hide()


def current_environment(kernel: Kernel) -> ExecutionEnvironment | None:
    """The environment of the running task, or None."""
    task = kernel.current()
    group = task.group if task is not None else None
    return group if isinstance(group, ExecutionEnvironment) else None
