"""Hosts that answer HTTP requests in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

from localcloud.errors import LocalCloudError
from localcloud.kernel import Kernel, TaskGroup

Handler = Callable[["HttpRequest"], "HttpResponse"]
Interceptor = Callable[["HttpRequest"], "HttpResponse | None"]


class HttpUnreachable(LocalCloudError):
    """No host of that name answers in the simulation."""


class HttpRefused(HttpUnreachable):
    """The host is there and does not let the connection in."""


class HttpTimeout(LocalCloudError):
    """The answer did not come in time. What was started goes on without its caller."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request. Header names are lower case; `url` has scheme, host, path and query."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def host(self) -> str:
        """The host's name, without a port."""
        return _parts(self.url)[0]

    @property
    def port(self) -> int | None:
        """The port that the URL names; None for its scheme's own."""
        return _parts(self.url)[3]

    @property
    def path(self) -> str:
        """The path as it was sent, "/" when there is none."""
        return _parts(self.url)[1]

    @property
    def query(self) -> str:
        """The query string without its question mark; "" when there is none."""
        return _parts(self.url)[2]


@lru_cache(maxsize=1_024)
def _parts(url: str) -> tuple[str, str, str, int | None]:
    """Host, path, query and port. Raises ValueError for a port that is none."""
    found = urlsplit(url)
    return found.hostname or "", found.path or "/", found.query, found.port


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One response. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class HttpPlane:
    """Routes requests to hosts by name."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._hosts: dict[str, Handler] = {}
        self._suffixes: dict[str, Handler] = {}
        self._interceptors: list[Interceptor] = []
        self._doors: list[Callable[[str], None]] = []
        self._datagrams: dict[tuple[str, int], Callable[[bytes], None]] = {}
        # for who answers a request: the group of the task that has sent it; None for somebody outside
        self.sender: ContextVar[TaskGroup | None] = ContextVar("sender", default=None)

    def serve(self, host: str, handler: Handler) -> None:
        """Answer requests to `host` with `handler`, which runs in a task of its own; "host:4318" is one port of it."""
        self._hosts[host.lower()] = handler

    def receive(self, host: str, port: int, receiver: Callable[[bytes], None]) -> None:
        """Hand datagrams for a port of `host` to `receiver`, in the sender's task."""
        self._datagrams[host, port] = receiver

    def send(self, data: bytes, host: str, port: int) -> bool:
        """Send a datagram; False when nobody listens there."""
        receiver = self._datagrams.get((host, port))
        if receiver is not None:
            receiver(data)
        return receiver is not None

    def serve_suffix(self, suffix: str, handler: Handler) -> None:
        """Answer for every host whose name ends with `suffix` and that has no handler of its own."""
        self._suffixes[suffix.lower()] = handler

    def _handler(self, host: str, port: int | None = None) -> Handler | None:
        found = self._hosts.get(host)
        if found is None and port is not None:
            found = self._hosts.get(f"{host}:{port}")
        if found is not None:
            return found
        return next((handler for suffix, handler in self._suffixes.items() if host.endswith(suffix)), None)

    def withdraw(self, host: str) -> None:
        """Stop answering for `host`; unknown hosts are ignored."""
        self._hosts.pop(host.lower(), None)

    def knows(self, host: str, port: int | None = None) -> bool:
        """Whether somebody answers for `host`, or on one `port` of it."""
        return self._handler(host.lower(), port) is not None

    def before_request(self, interceptor: Interceptor) -> None:
        """Ask `interceptor(request)` first; a response from it is the answer (faults do that)."""
        self._interceptors.append(interceptor)

    def before_connect(self, door: Callable[[str], None]) -> None:
        """Ask `door(host)` before each connection; it may raise HttpRefused (faults do that)."""
        self._doors.append(door)

    def connect(self, host: str) -> None:
        """Ask whether a connection to `host` comes about. Raises HttpRefused."""
        for door in self._doors:
            door(host)

    def request(self, request: HttpRequest, timeout_us: int | None = None, connected: bool = False) -> HttpResponse:
        """Send a request and wait for the answer in virtual time; `connected`: over a connection that stands.

        Raises HttpUnreachable for an unknown host, HttpRefused when it lets no connection in, and HttpTimeout
        when `timeout_us` passes first.
        """
        handler = self._handler(request.host.lower(), request.port)
        if handler is None:
            raise HttpUnreachable(
                f"{request.host} does not answer: the simulation has no such host and never opens a real connection."
            )
        if not connected:
            self.connect(request.host)

        def answer() -> HttpResponse:
            for interceptor in self._interceptors:
                early = interceptor(request)
                if early is not None:
                    return early
            return handler(request)

        # A task of its own: the server's work goes on when the client has given up.
        kernel, name = self._kernel, f"{request.method} {request.host}{request.path}"
        caller = kernel.current()
        if caller is not None:
            token = self.sender.set(caller.group)
            try:
                task, in_time = kernel.run_task(answer, name=name, timeout_us=timeout_us)
            finally:
                self.sender.reset(token)
        else:  # from a test or a notebook's cell: the clock has to be driven
            task = kernel.spawn(answer, name=name)
            in_time = kernel.call(task.join, timeout_us)
        if not in_time:
            raise HttpTimeout(f"{request.host} did not answer within {(timeout_us or 0) / 1e6:g} s.")
        response: HttpResponse = task.result()
        return response
