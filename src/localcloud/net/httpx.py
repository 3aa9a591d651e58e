"""httpx (and httpx2, which the MCP client brings along) on the simulated plane.

Their transports end in sockets and TLS of their own, so the transport classes are given the plane instead, as soon as
the package is imported; who does not use it does not pay for it. Outside tasks everything stays as it is.
"""

from __future__ import annotations

import asyncio
import importlib.machinery
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from localcloud.kernel import Kernel, microseconds
from localcloud.net.plane import HttpPlane, HttpRequest, HttpResponse, HttpTimeout, HttpUnreachable
from localcloud.patching import Patches

_PACKAGES = ("httpx", "httpx2")


def install(kernel: Kernel, plane: HttpPlane, patches: Patches) -> Callable[[], None]:
    """Take over the packages that are imported now or later. The result stops looking out for them."""
    finder = _Finder(lambda package: _take_over(package, kernel, plane, patches))
    for name in _PACKAGES:
        if name in sys.modules:
            _take_over(sys.modules[name], kernel, plane, patches)
    sys.meta_path.insert(0, finder)
    return lambda: sys.meta_path.remove(finder)


class _Finder:
    """Finds nothing itself: it has the packages found by the others and is told when they are there."""

    def __init__(self, imported: Callable[[ModuleType], None]) -> None:
        self._imported = imported

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in _PACKAGES:
            return None
        spec: Any = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._imported)
        found: importlib.machinery.ModuleSpec | None = spec
        return found


class _Loader:
    """A loader that tells when its module has been executed."""

    def __init__(self, real: Any, imported: Callable[[ModuleType], None]) -> None:
        self._real, self._imported = real, imported

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self._real.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        self._real.exec_module(module)
        self._imported(module)


def _take_over(package: Any, kernel: Kernel, plane: HttpPlane, patches: Patches) -> None:
    real_sync = package.HTTPTransport.handle_request
    real_async = package.AsyncHTTPTransport.handle_async_request

    def ask(method: str, url: str, headers: Any, body: bytes, timeout_s: float | None) -> HttpResponse:
        asked = HttpRequest(method, url, {name.lower(): value for name, value in headers.items()}, body)
        return plane.request(asked, None if timeout_s is None else microseconds(timeout_s))

    def handle_request(transport: Any, request: Any) -> Any:
        if kernel.current() is None:
            return real_sync(transport, request)
        body = request.read()
        try:
            answer = ask(request.method, str(request.url), request.headers, body, _timeout_s(request))
        except (HttpTimeout, HttpUnreachable) as exc:
            raise _failure(package, exc, request) from exc
        return _response(package, answer, request)

    async def handle_async_request(transport: Any, request: Any) -> Any:
        task = kernel.current()
        if task is None:
            return await real_async(transport, request)
        body = await request.aread()
        loop = asyncio.get_running_loop()
        answered = loop.create_future()

        def settle(answer: HttpResponse | None, failure: BaseException | None) -> None:
            if answered.done():  # cancelled meanwhile
                return
            if failure is None:
                answered.set_result(answer)
            else:
                answered.set_exception(failure)

        def work() -> None:
            answer, failure = None, None
            try:
                answer = ask(request.method, str(request.url), request.headers, body, _timeout_s(request))
            except (HttpTimeout, HttpUnreachable) as exc:
                failure = _failure(package, exc, request)
            loop.call_soon_threadsafe(settle, answer, failure)

        # a task of its own: the loop goes on with other coroutines while this one waits
        kernel.spawn(work, group=task.group, name=f"{request.method} {request.url.host}")
        return _response(package, await answered, request)

    for name in ("Client", "AsyncClient"):  # X-Ray's SDK puts its own in their place, which must end with the cloud
        for module in (package, getattr(package, "_api", None)):
            if hasattr(module, name):
                patches.set(module, name, getattr(module, name))
    patches.set(package.HTTPTransport, "handle_request", handle_request)
    patches.set(package.AsyncHTTPTransport, "handle_async_request", handle_async_request)


def _timeout_s(request: Any) -> float | None:
    found: float | None = (request.extensions.get("timeout") or {}).get("read")
    return found


def _response(package: Any, answer: HttpResponse, request: Any) -> Any:
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    return package.Response(answer.status, headers=headers, content=answer.body, request=request)


def _failure(package: Any, exc: HttpTimeout | HttpUnreachable, request: Any) -> BaseException:
    kind = package.ReadTimeout if isinstance(exc, HttpTimeout) else package.ConnectError
    made: BaseException = kind(str(exc), request=request)
    return made
