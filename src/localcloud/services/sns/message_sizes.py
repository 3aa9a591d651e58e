"""MaximumMessageSize: how large the messages of a topic may be.

Source: the SNS developer guide on publishing large messages. Topics that take more than the default have fewer
subscriptions, and of some protocols only.
"""

from __future__ import annotations

from typing import Any

from localcloud.facts import Facts

NAME = "MaximumMessageSize"
_LARGE_PROTOCOLS = ("firehose", "lambda", "sqs")


class InvalidMessageSize(ValueError):
    """SNS does not take the size for that topic. The message says why."""


class MessageSizes:
    """Reads the attribute of moto's topics, and says what goes with it."""

    def __init__(self, facts: Facts) -> None:
        sizes = facts.value("quota.sns.message_size")
        self._default, self._least, self._most = int(sizes["default"]), int(sizes["min"]), int(sizes["max"])
        self._subscriptions = int(facts.value("quota.sns.large_message_subscriptions"))

    def limit_bytes(self, topic: Any) -> int:
        """The largest message with its attributes, and the largest batch."""
        return int(getattr(topic, "maximum_message_size", None) or self._default)

    def check(self, value: str, protocols: list[str]) -> None:
        """`protocols` are those of the topic's subscriptions. Raises InvalidMessageSize."""
        if not (value.isascii() and value.isdigit() and self._least <= int(value) <= self._most):
            raise InvalidMessageSize(f"{NAME} must be an integer between {self._least} and {self._most}")
        if int(value) > self._default:
            self._check_large(protocols)

    def check_subscription(self, topic: Any, protocols: list[str]) -> None:
        """`protocols` are those of the topic's subscriptions with one more. Raises InvalidMessageSize."""
        if self.limit_bytes(topic) > self._default:
            self._check_large(protocols)

    def _check_large(self, protocols: list[str]) -> None:
        beyond = f"A topic with {NAME} above {self._default}"
        for protocol in protocols:
            if protocol not in _LARGE_PROTOCOLS:
                raise InvalidMessageSize(f"{beyond} does not support the protocol {protocol}")
        if len(protocols) > self._subscriptions:
            raise InvalidMessageSize(f"{beyond} has at most {self._subscriptions} subscriptions")
