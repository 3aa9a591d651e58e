"""Which route serves a request: the most specific one wins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True, slots=True)
class Match:
    """A route (moto's object), the values of its path parameters and the id of the request it serves."""

    route: Any
    parameters: dict[str, str]
    request_id: str = ""


def find_route(routes: Iterable[Any], method: str, path: str) -> Match | None:
    """The route for a request, by AWS's priority: a full match, then a greedy one, then $default.

    Among equals an exact method goes before ANY, and literal segments before path parameters.
    """
    segments = [segment for segment in path.split("/") if segment]
    best: tuple[tuple[int, ...], Match] | None = None
    for route in routes:
        if route.route_key == "$default":
            rank: tuple[int, ...] | None = (0,)
            parameters: dict[str, str] = {}
        else:
            verb, _, template = route.route_key.partition(" ")
            if verb not in (method, "ANY"):
                continue
            found = _match([segment for segment in template.split("/") if segment], segments)
            if found is None:
                continue
            greedy, literals, parameters = found
            rank = (1 if greedy else 2, literals, 1 if verb == method else 0)
        if rank is not None and (best is None or rank > best[0]):
            best = rank, Match(route, parameters)
    return best[1] if best is not None else None


def _match(template: list[str], segments: list[str]) -> tuple[bool, int, dict[str, str]] | None:
    """(greedy, literal segments, parameters) when the template fits."""
    parameters: dict[str, str] = {}
    literals = 0
    for index, part in enumerate(template):
        if part.startswith("{") and part.endswith("+}"):
            if index >= len(segments):
                return None
            parameters[part[1:-2]] = "/".join(unquote(segment) for segment in segments[index:])
            return True, literals, parameters
        if index >= len(segments):
            return None
        if part.startswith("{") and part.endswith("}"):
            parameters[part[1:-1]] = unquote(segments[index])
        elif part == segments[index]:
            literals += 1
        else:
            return None
    return (False, literals, parameters) if len(template) == len(segments) else None
