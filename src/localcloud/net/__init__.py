"""HTTP inside the simulation: requests of handlers and customers never leave the process."""

from __future__ import annotations

from localcloud.net.plane import HttpPlane, HttpRefused, HttpRequest, HttpResponse, HttpTimeout, HttpUnreachable

__all__ = ["HttpPlane", "HttpRefused", "HttpRequest", "HttpResponse", "HttpTimeout", "HttpUnreachable"]
