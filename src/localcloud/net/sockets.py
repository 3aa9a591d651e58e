"""http.client, urllib, urllib3 and requests on the simulated plane.

All of them end in a connection object with a socket. Inside a task `connect` gives it a socket that
collects the request's bytes and makes the response's; the libraries' own parsing stays as it is.
Any other connection of simulated code is refused.
"""

from __future__ import annotations

import errno
import http.client
import io
import socket
import ssl
from collections.abc import Callable
from email.parser import BytesHeaderParser
from typing import Any
from urllib.parse import urlsplit

from localcloud.errors import NetworkRefused
from localcloud.kernel import Kernel, microseconds
from localcloud.net.plane import HttpPlane, HttpRefused, HttpRequest, HttpResponse, HttpTimeout, HttpUnreachable
from localcloud.patching import Patches

_PORTS = {"http": 80, "https": 443}


class PlaneSocket:
    """The client's end of a simulated connection."""

    def __init__(self, plane: HttpPlane, scheme: str, host: str, timeout_s: float | None) -> None:
        self._plane = plane
        self._base = f"{scheme}://{host}"
        self._timeout_s = timeout_s
        self._sent = bytearray()
        self._fresh = True

    def settimeout(self, timeout_s: float | None) -> None:
        self._timeout_s = timeout_s

    def gettimeout(self) -> float | None:
        return self._timeout_s

    def setsockopt(self, *_: Any) -> None:
        """Options of a real socket mean nothing here."""

    def sendall(self, data: Any) -> None:
        self._sent += bytes(data)

    def makefile(self, mode: str = "rb", *_: Any, **__: Any) -> io.BytesIO:
        """Called for the response: send what was collected and return the answer's bytes."""
        request = parse_request(bytes(self._sent), self._base)
        self._sent.clear()
        timeout_us = None if self._timeout_s is None else microseconds(self._timeout_s)
        try:
            response = self._plane.request(request, timeout_us, connected=self._fresh)
        except HttpRefused as exc:
            # the host went down while the connection was kept open for the next request
            raise ConnectionResetError(errno.ECONNRESET, str(exc)) from None
        except HttpTimeout:
            raise TimeoutError("timed out") from None  # what a real socket raises
        self._fresh = False
        return io.BytesIO(format_response(response, request.method))

    def shutdown(self, _: int) -> None:
        """Nothing is open."""

    def close(self) -> None:
        """Nothing is open."""

    def fileno(self) -> int:
        return -1


class DatagramSocket:
    """A socket for datagrams, of which the simulation knows one kind: those to X-Ray's daemon."""

    def __init__(self, plane: HttpPlane) -> None:
        self._plane = plane
        self._peer: tuple[str, int] | None = None

    def setblocking(self, flag: bool) -> None:
        """Sending never waits."""

    def settimeout(self, timeout_s: float | None) -> None:
        """Sending never waits."""

    def setsockopt(self, *_: Any) -> None:
        """Options of a real socket mean nothing here."""

    def connect(self, address: Any) -> None:
        self._peer = address[0], address[1]

    def send(self, data: Any) -> int:
        if self._peer is None:
            raise OSError(errno.EDESTADDRREQ, "Destination address required")
        return self.sendto(data, self._peer)

    def sendto(self, data: Any, *args: Any) -> int:
        """Send to the address, which is the last argument. Raises NetworkRefused where nobody listens."""
        host, port = args[-1][0], args[-1][1]
        if not self._plane.send(bytes(data), host, port):
            raise _refusal((host, port))
        return len(data)

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        """Nothing is open."""


def parse_request(raw: bytes, base: str) -> HttpRequest:
    """The request in the bytes that an HTTP/1.1 client wrote; a chunked body is put together."""
    head, _, body = raw.partition(b"\r\n\r\n")
    line, _, header_lines = head.partition(b"\r\n")
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers = {k.lower(): v for k, v in BytesHeaderParser().parsebytes(header_lines + b"\r\n\r\n").items()}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = _unchunk(body)
    url = target if "://" in target else base + target
    return HttpRequest(method, url, headers, body)


def _unchunk(body: bytes) -> bytes:
    joined, rest = b"", body
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size.split(b";")[0] or b"0", 16)
        if length == 0:
            break
        joined, rest = joined + rest[:length], rest[length + 2 :]
    return joined


def format_response(response: HttpResponse, method: str) -> bytes:
    """The bytes of an HTTP/1.1 response."""
    reason = http.client.responses.get(response.status, "")
    headers = {k: v for k, v in response.headers.items() if k.lower() not in ("content-length", "transfer-encoding")}
    lines = [f"HTTP/1.1 {response.status} {reason}", *(f"{k}: {v}" for k, v in headers.items())]
    lines.append(f"content-length: {len(response.body)}")
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return head if method == "HEAD" else head + response.body


def install(kernel: Kernel, plane: HttpPlane, patches: Patches) -> None:
    """Give connections made inside a task a socket of the plane; refuse every other one."""
    import urllib3.connection

    def connect_to_plane(connection: Any, scheme: str) -> None:
        # a plain connection to an unknown name fails as name resolution does on a real network
        if not plane.knows(connection.host, connection.port):
            message = str(HttpUnreachable(f"{connection.host} does not answer: the simulation has no such host"))
            raise socket.gaierror(socket.EAI_NONAME, message)
        try:
            plane.connect(connection.host)
        except HttpRefused as exc:
            raise ConnectionRefusedError(errno.ECONNREFUSED, str(exc)) from None
        timeout = connection.timeout
        timeout_s = float(timeout) if isinstance(timeout, int | float) else None
        usual = connection.port in (None, _PORTS[scheme])
        place = connection.host if usual else f"{connection.host}:{connection.port}"
        connection.sock = PlaneSocket(plane, scheme, place, timeout_s)

    def replace(owner: Any, scheme: str) -> None:
        real = owner.connect

        def connect(self: Any) -> None:
            if kernel.current() is None:
                real(self)
                return
            connect_to_plane(self, scheme)
            if hasattr(self, "is_verified"):
                self.is_verified = True  # urllib3 asks whether the certificate was checked; there is none to check

        patches.set(owner, "connect", connect)

    replace(http.client.HTTPConnection, "http")
    replace(http.client.HTTPSConnection, "https")
    replace(urllib3.connection.HTTPConnection, "http")
    replace(urllib3.connection.HTTPSConnection, "https")
    _keep_open_connections(patches)
    _refuse_real_sockets(kernel, plane, patches)
    _skip_certificates(kernel, patches)


def bypass_mock(kernel: Kernel, plane: HttpPlane) -> Callable[[], None]:
    """moto answers what `requests` sends to AWS; what simulated code sends to hosts of the plane goes there instead.

    Undo with the answer, before moto's mock ends.
    """
    import requests.adapters
    import responses

    mocked, real = requests.adapters.HTTPAdapter.send, vars(responses)["_real_send"]

    def send(adapter: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        place = urlsplit(request.url)
        ours = kernel.current() is not None and plane.knows(place.hostname or "", place.port)
        return (real if ours else mocked)(adapter, request, *args, **kwargs)

    adapter: Any = requests.adapters.HTTPAdapter
    adapter.send = send

    def undo() -> None:
        adapter.send = mocked

    return undo


def _keep_open_connections(patches: Patches) -> None:
    """urllib3's pools look into the descriptor of a kept connection before its next request; ours has none."""
    import urllib3.connection

    real = vars(urllib3.connection)["wait_for_read"]

    def wait_for_read(sock: Any, timeout: float | None = None) -> bool:
        return False if isinstance(sock, PlaneSocket) else real(sock, timeout)  # nothing to read: still open

    patches.set(urllib3.connection, "wait_for_read", wait_for_read)


def _skip_certificates(kernel: Kernel, patches: Patches) -> None:
    """No certificate is ever checked inside the simulation; reading the trust store takes 20 ms a connection."""
    real_default, real_locations = ssl.SSLContext.load_default_certs, ssl.SSLContext.load_verify_locations

    def load_default_certs(context: ssl.SSLContext, *args: Any, **kwargs: Any) -> None:
        if kernel.current() is None:
            real_default(context, *args, **kwargs)

    def load_verify_locations(context: ssl.SSLContext, *args: Any, **kwargs: Any) -> None:
        if kernel.current() is None:
            real_locations(context, *args, **kwargs)

    real_context, shared = ssl._create_default_https_context, ssl.create_default_context
    contexts: list[ssl.SSLContext] = []

    def default_https_context(*args: Any, **kwargs: Any) -> ssl.SSLContext:
        """http.client makes one for each connection, which OpenSSL takes its time for. Here one does for all."""
        if kernel.current() is None or args or kwargs:
            made: ssl.SSLContext = real_context(*args, **kwargs)
            return made
        if not contexts:
            contexts.append(shared())
        return contexts[0]

    patches.set(ssl, "_create_default_https_context", default_https_context)
    patches.set(ssl.SSLContext, "load_default_certs", load_default_certs)
    patches.set(ssl.SSLContext, "load_verify_locations", load_verify_locations)


def _refuse_real_sockets(kernel: Kernel, plane: HttpPlane, patches: Patches) -> None:
    real_create = socket.create_connection
    real_lookup = socket.getaddrinfo

    def create_connection(address: Any, *args: Any, **kwargs: Any) -> Any:
        _refuse(kernel, address)
        return real_create(address, *args, **kwargs)

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        _refuse(kernel, host)
        return real_lookup(host, *args, **kwargs)

    class RefusingSocket(socket.socket):
        """Every way to a peer passes through connect, or is a datagram."""

        def __new__(cls, family: int = -1, type: int = -1, *args: Any, **kwargs: Any) -> Any:
            if kernel.current() is not None and type == socket.SOCK_DGRAM:
                return DatagramSocket(plane)  # not one of ours: it has no descriptor
            return super().__new__(cls)

        def connect(self, address: Any) -> None:
            _refuse(kernel, address)
            super().connect(address)

        def connect_ex(self, address: Any) -> int:
            _refuse(kernel, address)
            return super().connect_ex(address)

    patches.set(socket, "create_connection", create_connection)
    patches.set(socket, "getaddrinfo", getaddrinfo)
    patches.set(socket, "socket", RefusingSocket)


def _refuse(kernel: Kernel, peer: Any) -> None:
    if kernel.current() is not None:
        raise _refusal(peer)


def _refusal(peer: Any) -> NetworkRefused:
    return NetworkRefused(
        f"Simulated code tried to connect to {peer!r}. There is no network in the local cloud: "
        "serve the host in the simulation, or call it over HTTP by a name the simulation knows."
    )
