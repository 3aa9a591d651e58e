"""Channel paths, and finding the subscriptions that an event on a channel reaches."""

from __future__ import annotations

import re
from typing import Generic, TypeVar

S = TypeVar("S")


class InvalidChannel(ValueError):
    """Not a channel: one to five segments of letters, digits and dashes, with a wildcard at most at the end."""


def segments(channel: str, most: int, longest: int, wildcard: bool) -> tuple[str, ...]:
    """("orders", "7") for "/orders/7". `wildcard`: whether the last segment may be "*". Raises InvalidChannel."""
    parts = channel.strip("/").split("/")
    if not 1 <= len(parts) <= most or not parts[0]:
        raise InvalidChannel(f"Channel {channel!r} must have 1 to {most} segments.")
    for index, part in enumerate(parts):
        if part == "*" and wildcard and 0 < index == len(parts) - 1:
            continue
        if len(part) > longest or not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?", part):
            raise InvalidChannel(
                f"Segment {part!r} of channel {channel!r} must be 1 to {longest} letters, digits or inner dashes."
            )
    return tuple(parts)


class Subscriptions(Generic[S]):
    """Subscriptions by channel; a wildcard covers every channel below its prefix."""

    def __init__(self) -> None:
        self._exact: dict[tuple[str, ...], dict[S, None]] = {}
        self._below: dict[tuple[str, ...], dict[S, None]] = {}

    def add(self, channel: tuple[str, ...], subscription: S) -> None:
        self._table(channel).setdefault(self._key(channel), {})[subscription] = None

    def remove(self, channel: tuple[str, ...], subscription: S) -> None:
        table, key = self._table(channel), self._key(channel)
        found = table.get(key, {})
        found.pop(subscription, None)
        if not found:
            table.pop(key, None)

    def reached(self, channel: tuple[str, ...]) -> list[S]:
        """Every subscription that an event on `channel` reaches, in a fixed order."""
        found = list(self._exact.get(channel, ()))
        for length in range(1, len(channel)):
            found += self._below.get(channel[:length], ())
        return found

    def _table(self, channel: tuple[str, ...]) -> dict[tuple[str, ...], dict[S, None]]:
        return self._below if channel[-1] == "*" else self._exact

    def _key(self, channel: tuple[str, ...]) -> tuple[str, ...]:
        return channel[:-1] if channel[-1] == "*" else channel
