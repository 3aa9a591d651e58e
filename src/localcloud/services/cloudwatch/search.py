"""SEARCH('{Namespace,Dimension} term', 'Statistic', period): every metric that matches.

As documented under "CloudWatch search expression syntax": a term without quotes matches a whole token of a metric's
name, namespace or dimension values, whatever its case; a term in double quotes matches exactly; terms that stand side
by side must all match.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from localcloud.services.cloudwatch.store import Metric
from localcloud.services.cloudwatch.syntax import ExpressionError

Matcher = Callable[[Metric], bool]
_SCHEMA = re.compile(r"\s*\{([^}]*)\}\s*,?")
_NAME = re.compile(r'\s*("[^"]*"|[^,]+)\s*(?:,|$)')
_TERM = re.compile(r'\s*(?:(?P<quoted>"[^"]*")|(?P<sign>[()=])|(?P<word>[^\s()="]+))')
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def tokens(text: str) -> frozenset[str]:
    """The parts by which a name is found: "FailedInvocations" gives failed, invocations and the whole of it."""
    parts = re.split(r"[^A-Za-z0-9]+", text)
    found = {text.lower(), *(part.lower() for part in parts if part)}
    found |= {word.lower() for part in parts for word in _WORD.findall(part)}
    return frozenset(found)


def matcher(text: str) -> Matcher:
    """Whether a metric is found. Raises ExpressionError for a search that cannot be read."""
    schema = _SCHEMA.match(text)
    rest = text[schema.end() :] if schema else text
    if schema is None and not rest.strip():
        raise ExpressionError("SEARCH needs a metric schema, a search term, or both")
    in_schema = _schema(schema[1]) if schema else None
    term = _Terms(rest).whole() if rest.strip() else None
    return lambda metric: (in_schema is None or in_schema(metric)) and (term is None or term(metric))


def _schema(text: str) -> Matcher:
    namespace, *names = (match[1].strip().strip('"') for match in _NAME.finditer(text))
    wanted = frozenset(names)
    return lambda metric: metric.namespace == namespace and {name for name, _ in metric.dimensions} == wanted


class _Terms:
    def __init__(self, text: str) -> None:
        self._found = [(str(m.lastgroup), m[str(m.lastgroup)]) for m in _TERM.finditer(text)]
        self._next = 0

    def whole(self) -> Matcher:
        found = self._either()
        if self._next < len(self._found):
            raise ExpressionError(f"Unexpected '{self._found[self._next][1]}' in a search term")
        return found

    def _either(self) -> Matcher:
        parts = [self._together()]
        while self._word("OR"):
            parts.append(self._together())
        return lambda metric: any(part(metric) for part in parts)

    def _together(self) -> Matcher:
        parts = [self._one()]
        while self._next < len(self._found):
            kind, text = self._found[self._next]
            if (kind, text) == ("sign", ")") or (kind == "word" and text == "OR"):
                break
            self._word("AND")
            parts.append(self._one())
        return lambda metric: all(part(metric) for part in parts)

    def _one(self) -> Matcher:
        if self._word("NOT"):
            inner = self._one()
            return lambda metric: not inner(metric)
        if self._next >= len(self._found):
            raise ExpressionError("A search term ends too early")
        kind, text = self._found[self._next]
        self._next += 1
        if (kind, text) == ("sign", "("):
            inner = self._either()
            self._sign(")")
            return inner
        if kind == "sign":
            raise ExpressionError(f"Unexpected '{text}' in a search term")
        if self._next < len(self._found) and self._found[self._next] == ("sign", "="):
            self._next += 1
            return self._designated(text.strip('"'))
        return _matches(kind, text, _everything)

    def _designated(self, name: str) -> Matcher:
        """Name=value: only in that part of a metric; several values stand in parentheses."""
        if self._next < len(self._found) and self._found[self._next] == ("sign", "("):
            self._next += 1
            values = [self._value(name)]
            while self._word("OR"):
                values.append(self._value(name))
            self._sign(")")
            return lambda metric: any(value(metric) for value in values)
        return self._value(name)

    def _value(self, name: str) -> Matcher:
        if self._next >= len(self._found) or self._found[self._next][0] == "sign":
            raise ExpressionError(f"A value is missing after '{name}='")
        kind, text = self._found[self._next]
        self._next += 1

        def part(metric: Metric) -> Iterable[str]:
            if name == "MetricName":
                return (metric.name,)
            if name == "Namespace":
                return (metric.namespace,)
            return tuple(value for dimension, value in metric.dimensions if dimension == name)

        return _matches(kind, text, part)

    def _word(self, wanted: str) -> bool:
        if self._next < len(self._found) and self._found[self._next] == ("word", wanted):
            self._next += 1
            return True
        return False

    def _sign(self, wanted: str) -> None:
        if self._next >= len(self._found) or self._found[self._next] != ("sign", wanted):
            raise ExpressionError(f"'{wanted}' is missing in a search term")
        self._next += 1


def _everything(metric: Metric) -> Iterable[str]:
    return (metric.namespace, metric.name, *(value for _, value in metric.dimensions))


def _matches(kind: str, text: str, parts: Callable[[Metric], Iterable[str]]) -> Matcher:
    if kind == "quoted":
        exact = text[1:-1]
        return lambda metric: exact in parts(metric)
    wanted = tokens(text) - {text.lower()} or {text.lower()}
    return lambda metric: any(wanted <= tokens(part) or text.lower() in tokens(part) for part in parts(metric))
