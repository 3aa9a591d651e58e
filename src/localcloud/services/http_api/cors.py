"""Cross-origin headers, as HTTP APIs and function URLs are configured to answer them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def cors_headers(cors: Mapping[str, Any], origin: str) -> dict[str, str]:
    """CORS headers; none when the origin is not allowed."""
    origins = cors.get("allowOrigins") or []
    if "*" not in origins and origin not in origins:
        return {}
    headers = {"access-control-allow-origin": "*" if "*" in origins else origin}
    for name in ("allowHeaders", "allowMethods", "exposeHeaders"):
        if cors.get(name):
            header = f"access-control-{'expose' if name.startswith('expose') else 'allow'}-{name[-7:].lower()}"
            headers[header] = ",".join(cors[name])
    if cors.get("maxAge") is not None:
        headers["access-control-max-age"] = str(cors["maxAge"])
    if cors.get("allowCredentials"):
        headers["access-control-allow-credentials"] = "true"
    return headers


def simple_cors_headers(cors: Mapping[str, Any], origin: str) -> dict[str, str]:
    """The headers of answers other than those to preflights."""
    wanted = ("access-control-allow-origin", "access-control-allow-credentials", "access-control-expose-headers")
    return {name: value for name, value in cors_headers(cors, origin).items() if name in wanted}
