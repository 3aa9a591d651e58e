"""The tracing header of AWS X-Ray: what services hand on with a request, a message or an event.

Source: "AWS X-Ray concepts, Tracing header".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

HEADER = "x-amzn-trace-id"
DAEMON_HOST, DAEMON_PORT = "169.254.100.1", 2000  # where functions find X-Ray's daemon
_ROOT = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")


class TraceHeader(NamedTuple):  # made by the thousand: a tuple takes a third of a frozen dataclass's time
    """`root` is the trace, `parent` the segment that calls; `sampled` is None while nobody has decided.

    `links` are (trace id, segment id) of what a batch came from. They do not travel: whoever takes the batch in
    starts a trace of its own, which `root` says by being empty.
    """

    root: str
    parent: str = ""
    sampled: bool | None = None
    links: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """As X-Amzn-Trace-Id and AWSTraceHeader have it."""
        parent = f";Parent={self.parent}" if self.parent else ""
        sampled = "" if self.sampled is None else ";Sampled=1" if self.sampled else ";Sampled=0"
        return f"Root={self.root}{parent}{sampled}"


def parse(text: str | None) -> TraceHeader | None:
    """The header in a text; None when there is no valid trace in it."""
    if not text:
        return None
    found = {}
    for part in text.split(";"):
        name, _, value = part.strip().partition("=")
        found[name.lower()] = value.strip()
    root = found.get("root", found.get("self", ""))
    if not _ROOT.fullmatch(root):
        return None
    sampled = {"1": True, "0": False}.get(found.get("sampled", ""))
    return TraceHeader(root, found.get("parent", ""), sampled)


def of_request(headers: Mapping[str, str]) -> TraceHeader | None:
    """The header of an HTTP request, whose header names may be in any case."""
    found = headers.get(HEADER)
    if found is None:
        found = next((value for name, value in headers.items() if name.lower() == HEADER), None)
    return parse(found)
