"""The server: a cloud, a clock to go by, and a port."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tornado.httpserver import HTTPServer

from localcloud.server.gateway import Gateway
from localcloud.server.pacing import Pacer
from localcloud.server.web import LARGEST_BODY, application

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


class Server:
    """Serves a started cloud.

    Args:
        cloud: it belongs to the thread that calls `run`, which drives it from then on.
        host: the address to listen on.
        port: the port; 0 takes a free one.
        speed: virtual seconds in a second; None: as fast as it goes.
    """

    def __init__(self, cloud: Cloud, host: str = "127.0.0.1", port: int = 4566, speed: float | None = 1.0) -> None:
        self._cloud, self._host, self._port, self._speed = cloud, host, port, speed
        self.port = port

    async def run(self, started: asyncio.Event | None = None) -> None:
        """Serve until cancelled. `started` is set when the port takes connections. Raises OSError for a port in use."""
        pacer = Pacer(self._cloud.kernel, self._speed)
        web = application(self._cloud, Gateway(self._cloud), pacer)
        server = HTTPServer(web, max_body_size=LARGEST_BODY, max_buffer_size=LARGEST_BODY)
        server.listen(self._port, self._host)
        self.port = next(iter(server._sockets.values())).getsockname()[1]
        if started is not None:
            started.set()
        try:
            await pacer.drive()
        finally:
            server.stop()
            await server.close_all_connections()
