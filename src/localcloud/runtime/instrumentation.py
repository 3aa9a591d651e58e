"""Libraries that wrap other libraries' functions to trace them: in the environment that asked for it, and no other.

X-Ray's SDK and OpenTelemetry's instrumentation wrap functions of shared packages (botocore, requests) by wrapt, once
per process. Here a process is an execution environment: a shared function gets one dispatcher, which goes through
the wrappers of the environment whose code calls it.
"""

from __future__ import annotations

import atexit
import importlib
import importlib.util
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

from botocore.endpoint import Endpoint

from localcloud import trace_header
from localcloud.kernel import Kernel, Task
from localcloud.patching import Patches
from localcloud.runtime.environment import current_environment
from localcloud.trace_header import TraceHeader

Wrapper = Callable[[Any, Any, Any, Any], Any]

# What X-Ray's SDK leaves in a shared module to know that it has wrapped it.
_FLAGS = (("botocore.client", "_xray_enabled"), ("http.client", "__xray_patched"))


def install(kernel: Kernel, patches: Patches) -> None:
    """Keep wrappers and flags per environment until the patches are undone."""
    _install_exit(kernel, patches)
    if importlib.util.find_spec("wrapt") is None:
        return
    import wrapt

    real = wrapt.wrap_function_wrapper
    known: set[tuple[Any, str]] = set()

    def wrap_function_wrapper(target: Any, name: str, wrapper: Wrapper) -> Any:
        environment = current_environment(kernel)
        if environment is None:
            return real(target, name, wrapper)
        if isinstance(target, str) and environment.modules.owns(target):
            return real(environment.modules.load(target), name, wrapper)
        if isinstance(target, ModuleType) and environment.modules.modules.get(target.__name__) is target:
            return real(target, name, wrapper)
        owner, attribute, original = wrapt.resolve_path(target, name)
        key = owner, attribute
        if key not in known:
            known.add(key)
            patches.set(owner, attribute, wrapt.FunctionWrapper(original, _dispatcher(kernel, key)))
        environment.wrappers.setdefault(key, []).append(wrapper)
        return vars(owner)[attribute]

    for owner in (wrapt, importlib.import_module("wrapt.patches")):
        patches.set(owner, "wrap_function_wrapper", wrap_function_wrapper)
    for module, flag in _FLAGS:
        patches.set(importlib.import_module(module), "__class__", _flagged(kernel, f"{module}.{flag}", flag))


def _dispatcher(kernel: Kernel, key: tuple[Any, str]) -> Wrapper:
    def dispatch(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        environment = current_environment(kernel)
        chain = environment.wrappers.get(key) if environment is not None else None
        return _through(chain or [], wrapped, instance)(*args, **kwargs)

    return dispatch


def _through(chain: list[Wrapper], wrapped: Any, instance: Any) -> Any:
    """`wrapped` behind the wrappers, the last one outermost."""
    for wrapper in chain:
        wrapped = _bound(wrapper, wrapped, instance)
    return wrapped


def _bound(wrapper: Wrapper, inner: Any, instance: Any) -> Callable[..., Any]:
    return lambda *args, **kwargs: wrapper(inner, instance, args, kwargs)


def _flagged(kernel: Kernel, name: str, flag: str) -> type[ModuleType]:
    """A class for a module with one attribute that each environment sets for itself."""

    def get(module: Any) -> bool:
        environment = current_environment(kernel)
        if environment is None or name not in environment.flags:
            raise AttributeError(flag)
        return True

    def put(module: Any, value: bool) -> None:
        environment = current_environment(kernel)
        if environment is not None:
            environment.flags.add(name)

    return type("FlaggedModule", (ModuleType,), {flag: property(get, put)})


def _install_exit(kernel: Kernel, patches: Patches) -> None:
    """Lambda ends its processes without asking: what simulated code registers for the end never runs."""
    register = atexit.register

    def register_unless_simulated(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if kernel.current() is not None:
            return function
        return register(function, *args, **kwargs)

    patches.set(atexit, "register", register_unless_simulated)


_PREPARING: tuple[Any, str] = (Endpoint, "prepare_request")


def outgoing_header(task: Task | None, client: Any) -> TraceHeader | None:
    """The tracing header that the instrumentation of a task's environment would put on a client's request."""
    wrappers = getattr(task.group, "wrappers", None) if task is not None else None
    chain = wrappers.get(_PREPARING) if wrappers else None
    if not chain:
        return None
    request = SimpleNamespace(url=client.meta.endpoint_url, headers={})
    _through(chain, lambda found: found, client._endpoint)(request)
    return trace_header.of_request(request.headers)
