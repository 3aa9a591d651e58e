"""Which resource and method serve a path."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

from localcloud.services.rest_api.definition import Method, Resource

Found = tuple[Resource, Method, dict[str, str]]


def find_method(resources: Iterable[Resource], verb: str, path: str) -> Found | None:
    """The resource, its method and the path parameters for a request; None when nothing matches.

    Segment by segment a literal goes before a path parameter, and that before a greedy one; an exact method goes
    before ANY.
    """
    segments = [unquote(segment) for segment in path.split("/") if segment]
    best: tuple[tuple[int, ...], Found] | None = None
    for resource in resources:
        method = resource.methods.get(verb) or resource.methods.get("ANY")
        if method is None:
            continue
        matched = _match([part for part in resource.path.split("/") if part], segments)
        if matched is not None and (best is None or matched[0] > best[0]):
            best = matched[0], (resource, method, matched[1])
    return best[1] if best is not None else None


def _match(template: list[str], segments: list[str]) -> tuple[tuple[int, ...], dict[str, str]] | None:
    """(rank of each segment, parameters) when the template fits."""
    rank: list[int] = []
    parameters: dict[str, str] = {}
    for index, part in enumerate(template):
        if index >= len(segments):
            return None
        if part.startswith("{") and part.endswith("+}"):
            parameters[part[1:-2]] = "/".join(segments[index:])
            return (*rank, 0), parameters
        if part.startswith("{") and part.endswith("}"):
            parameters[part[1:-1]] = segments[index]
            rank.append(1)
        elif part == segments[index]:
            rank.append(2)
        else:
            return None
    return (tuple(rank), parameters) if len(template) == len(segments) else None
