"""A private importer: an execution environment's own modules, fresh, beside the shared ones.

The function's code, its layers and packages that keep state per process are executed anew in
every environment, from cached code objects; everything else is imported once and shared.
"""

from __future__ import annotations

import builtins
import importlib.machinery
import importlib.util
import random
import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

# Packages whose modules keep state per process: shared, they would leak between environments.
ISOLATED = frozenset({
    "aws_lambda_powertools", "aws_xray_sdk", "aws_durable_execution_sdk_python", "opentelemetry", "snapshot_restore_py",
})  # fmt: skip
_SHARED = "opentelemetry.proto"  # generated message classes: no state, and protobuf wants one of each


class CodeCache:
    """Specs and code objects, shared by all environments of one cloud: compile once, execute often."""

    def __init__(self) -> None:
        self._specs: dict[tuple[str, tuple[str, ...]], importlib.machinery.ModuleSpec | None] = {}
        self._code: dict[str, types.CodeType | None] = {}
        self._sizes: dict[str, int] = {}

    def spec(self, name: str, path: Sequence[str]) -> importlib.machinery.ModuleSpec | None:
        key = (name, tuple(path))
        if key not in self._specs:
            self._specs[key] = importlib.machinery.PathFinder.find_spec(name, list(path))
        return self._specs[key]

    def code(self, name: str, spec: importlib.machinery.ModuleSpec) -> types.CodeType | None:
        origin = spec.origin or name
        if origin not in self._code:
            loader: Any = spec.loader
            writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # /var/task is read-only
            try:
                self._code[origin] = loader.get_code(name)
            finally:
                sys.dont_write_bytecode = writes
        return self._code[origin]

    def size(self, spec: importlib.machinery.ModuleSpec) -> int:
        """How many bytes of source a module has; 0 for a package without a file."""
        origin, loader = spec.origin, spec.loader
        if origin is None or not isinstance(loader, importlib.machinery.SourceFileLoader):
            return 0
        if origin not in self._sizes:
            # importlib's own look at the file: the running environment has a /tmp of its own
            self._sizes[origin] = int(loader.path_stats(origin)["size"])
        return self._sizes[origin]


class ModuleSpace:
    """The modules of one execution environment.

    `path` are the directories of its own code; `seed_random` seeds its own `random` module. `executed` modules with
    `executed_bytes` of source have been executed in it so far; `on_executed` hears of each one.
    """

    def __init__(
        self,
        path: Sequence[str],
        cache: CodeCache,
        import_shared: Callable[..., Any],
        seed_random: Callable[[], int],
    ) -> None:
        self.path = list(path)
        self.modules: dict[str, types.ModuleType] = {}
        self.own: dict[str, types.ModuleType] = {}  # shown in sys.modules while this environment runs
        self._cache = cache
        self._import_shared = import_shared
        self._seed_random = seed_random
        self.requested: set[str] = set()  # shared packages that own code asked for
        self.executed = 0
        self.executed_bytes = 0
        self.on_executed: Callable[[], None] | None = None
        self._owned: dict[str, bool] = {}
        self._builtins = dict(vars(builtins), __import__=self._import)

    def owns(self, name: str) -> bool:
        """Whether this environment has a module of its own by that name."""
        top = name.partition(".")[0]
        if name.startswith(_SHARED):
            return False
        owned = self._owned.get(top)
        if owned is None:
            if top in self.modules or top in ISOLATED or name == "random":
                owned = True
            elif top in sys.builtin_module_names or top in sys.stdlib_module_names:
                owned = False
            else:
                owned = bool(self.path) and self._cache.spec(top, self.path) is not None
            self._owned[top] = owned
        return owned

    def show(self) -> None:
        """Put the own modules into sys.modules, where dataclasses and pickle look them up."""
        sys.modules.update(self.own)

    def hide(self) -> None:
        """Take the own modules out of sys.modules again."""
        for name, module in self.own.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]

    def load(self, name: str) -> types.ModuleType:
        """The environment's own module `name`, executed on first use. Raises ModuleNotFoundError."""
        module = self.modules.get(name)
        if module is not None:
            return module
        if name == "random":
            module = self.modules[name] = _own_random(self._seed_random())
            return module
        top = name.partition(".")[0]
        parent, _, leaf = name.rpartition(".")
        path: Sequence[str] = sys.path if top in ISOLATED else self.path
        if parent:
            package = self.load(parent)
            path = getattr(package, "__path__", ())
            if name in self.modules:
                return self.modules[name]
        spec = self._cache.spec(name, path)
        if spec is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if spec.loader is not None and not isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            shared: types.ModuleType = self._import_shared(name)  # C extensions cannot be loaded twice
            return shared
        module = self._execute(name, spec, isolated=top in ISOLATED)
        if parent:
            setattr(self.modules[parent], leaf, module)
        return module

    def _execute(self, name: str, spec: importlib.machinery.ModuleSpec, isolated: bool) -> types.ModuleType:
        if isolated and name not in sys.modules:
            builtins.__import__(name)  # a shared twin stays in sys.modules, for dataclasses and typing
        module = types.ModuleType(name)
        module.__spec__, module.__loader__ = spec, spec.loader
        module.__file__ = spec.origin
        package = spec.submodule_search_locations is not None
        module.__package__ = name if package else name.rpartition(".")[0]
        if spec.submodule_search_locations is not None:
            module.__path__ = list(spec.submodule_search_locations)
        vars(module)["__builtins__"] = self._builtins
        self.modules[name] = module
        if not isolated:
            self.own[name] = sys.modules[name] = module
        code = self._cache.code(name, spec) if spec.loader is not None else None
        if code is not None:
            try:
                exec(code, vars(module))  # noqa: S102 - this is what importing a module is
            except BaseException:
                self.modules.pop(name, None)
                if self.own.pop(name, None) is not None:
                    sys.modules.pop(name, None)
                raise
            self.executed += 1
            self.executed_bytes += self._cache.size(spec)
            if self.on_executed is not None:
                self.on_executed()
        return module

    def _import(self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        full = name
        if level:
            package = globals.get("__package__") or globals["__name__"].rpartition(".")[0]
            full = importlib.util.resolve_name("." * level + name, package)
        if not self.owns(full):
            self.requested.add(full.partition(".")[0])
            return builtins.__import__(name, globals, locals, fromlist, level)
        module = self.load(full)
        if not fromlist:
            return module if level else self.modules[full.partition(".")[0]]
        if hasattr(module, "__path__"):
            names = getattr(module, "__all__", ()) if "*" in fromlist else fromlist
            for leaf in names:
                if not hasattr(module, leaf) and self._cache.spec(f"{full}.{leaf}", module.__path__) is not None:
                    self.load(f"{full}.{leaf}")
        return module


def _own_random(seed: int) -> types.ModuleType:
    """A `random` module with a generator of its own: its functions are methods of a fresh instance."""
    generator = random.Random(seed)
    module = types.ModuleType("random")
    shared: Any = random._inst
    for name, value in vars(random).items():
        own = getattr(value, "__self__", None) is shared
        setattr(module, name, getattr(generator, value.__name__) if own else value)
    vars(module)["_inst"] = generator
    return module
