"""X-Ray's filter expressions.

Source: "Use filter expressions" in the X-Ray developer guide. Of its keywords, `coverage`, `inferred`, `first`,
`last`, `remote`, `availabilityzone`, `instance.id`, `rootcause` and groups are not known here.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from localcloud.services.xray.graph import Node, edges, node_of, own_nodes
from localcloud.services.xray.store import Trace, nodes

_TOKEN = re.compile(
    r"\s*(?:(?P<text>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<word>[A-Za-z_][\w.]*(?:\[[\w.-]+\])?)|(?P<sign>!=|>=|<=|[=<>!(){},:]))"
)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le,
    "contains": lambda value, wanted: str(wanted) in str(value),
    "beginswith": lambda value, wanted: str(value).startswith(str(wanted)),
    "endswith": lambda value, wanted: str(value).endswith(str(wanted)),
}  # fmt: skip
_FLAGS = ("ok", "error", "fault", "throttle", "partial")
_NUMBERS = ("responsetime", "duration", "http.status")
_TEXTS = ("http.url", "http.method", "http.useragent", "http.clientip", "user", "name", "type", "resource.arn",
          "message")  # fmt: skip

Test = Callable[["Subject"], bool]


class InvalidFilter(ValueError):
    """The expression cannot be understood."""


class Subject:
    """What an expression is asked about: a trace as a whole, or the documents of a service or an edge in it."""

    def __init__(self, trace: Trace, documents: list[dict[str, Any]], whole: bool) -> None:
        self.trace = trace
        self.documents = documents
        self.whole = whole

    def flag(self, name: str) -> bool:
        """A Boolean keyword."""
        if name == "partial":
            return any(each.get("in_progress") for each in nodes(self.documents))
        asked = [self.trace.root] if self.whole else self.documents
        if name == "ok":
            return any(not (each.get("error") or each.get("fault")) for each in asked)
        return any(bool(each.get(name)) for each in asked)

    def values(self, name: str) -> Iterator[Any]:
        """The values of a keyword."""
        if name == "duration" and self.whole:
            yield self.trace.end - self.trace.start
            return
        asked = [self.trace.root] if self.whole and name in ("responsetime", "http.status") else self.documents
        for each in asked:
            found = _value(each, name)
            if found is not None:
                yield found
        if name.startswith("annotation") or name in ("user", "message"):
            for inner in nodes(asked):
                found = None if inner in asked else _value(inner, name)
                if found is not None:
                    yield found


def _value(document: Mapping[str, Any], name: str) -> Any:
    if name in ("responsetime", "duration"):
        return document["end_time"] - document["start_time"] if "end_time" in document else None
    if name.startswith("annotation"):
        key = name[len("annotation") :].strip(".[]")
        return document.get("annotations", {}).get(key)
    if name == "message":
        exceptions = document.get("cause", {}).get("exceptions", []) if isinstance(document.get("cause"), dict) else []
        return exceptions[0].get("message") if exceptions else None
    http = document.get("http", {})
    request = http.get("request", {})
    found: Mapping[str, Any] = {
        "http.status": http.get("response", {}).get("status"), "http.url": request.get("url"),
        "http.method": request.get("method"), "http.useragent": request.get("user_agent"),
        "http.clientip": request.get("client_ip"), "user": document.get("user"), "name": document.get("name"),
        "type": document.get("origin"), "resource.arn": document.get("resource_arn"),
    }  # fmt: skip
    return found.get(name)


def compile_filter(text: str) -> Callable[[Trace], bool]:
    """Whether a trace matches. Raises InvalidFilter."""
    parser = _Parser(text)
    test = parser.either()
    parser.end()
    return lambda trace: test(Subject(trace, trace.segments, whole=True))


class _Parser:
    """Recursive descent; what stands side by side without an operator is joined by AND."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at, text = 0, text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise InvalidFilter(f"unexpected {text[at:].strip()[:1]!r} at position {at}")
            kind = match.lastgroup or ""
            self._tokens.append((kind, match[kind]))
            at = match.end()
        self._at = 0

    # -- tokens --------------------------------------------------------------------------------

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _accept(self, *wanted: str) -> str:
        found = self._peek()
        if found and found.lower() in wanted:
            self._at += 1
            return found.lower()
        return ""

    def _expect(self, wanted: str) -> None:
        if not self._accept(wanted):
            raise InvalidFilter(f"expected {wanted!r}, found {self._peek() or 'the end'!r}")

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise InvalidFilter("the expression ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def end(self) -> None:
        """Nothing may be left over."""
        if self._peek():
            raise InvalidFilter(f"unexpected {self._peek()!r}")

    # -- grammar -------------------------------------------------------------------------------

    def either(self) -> Test:
        """Alternatives: `x OR y`."""
        tests = [self._all()]
        while self._accept("or"):
            tests.append(self._all())
        return lambda subject: any(test(subject) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._peek() and self._peek().lower() not in ("or", ")", "}"):
            self._accept("and")
            tests.append(self._one())
        return lambda subject: all(test(subject) for test in tests)

    def _one(self) -> Test:
        if self._accept("!"):
            inner = self._one()
            return lambda subject: not inner(subject)
        if self._accept("("):
            inner = self.either()
            self._expect(")")
            return inner
        kind, word = self._next()
        name = word.lower()
        if kind != "word":
            raise InvalidFilter(f"unexpected {word!r}")
        if name in ("service", "edge"):
            return self._complex(name)
        if name in _FLAGS:
            return self._flag(name)
        if name.startswith(("annotation.", "annotation[")):
            return self._comparison(word)
        if name in _NUMBERS or name in _TEXTS:
            return self._comparison(name)
        raise InvalidFilter(f"unknown keyword {word!r}")

    def _flag(self, name: str) -> Test:
        sign = self._accept("=", "!=")
        wanted = True
        if sign:
            value = self._accept("true", "false")
            if not value:
                raise InvalidFilter(f"{name} is compared with true or false, found {self._peek()!r}")
            wanted = (value == "true") == (sign == "=")
        return lambda subject: subject.flag(name) == wanted

    def _comparison(self, name: str) -> Test:
        sign = self._accept(*_COMPARE)
        if not sign:
            return lambda subject: next(subject.values(name), None) is not None
        kind, word = self._next()
        wanted: Any = word
        if kind == "text":
            wanted = re.sub(r"\\(.)", r"\1", word[1:-1])
        elif kind == "number":
            wanted = float(word)
        elif word.lower() in ("true", "false"):
            wanted = word.lower() == "true"
        else:
            raise InvalidFilter(f"{word!r} is no value")
        if name in _NUMBERS and not isinstance(wanted, float):
            raise InvalidFilter(f"{name} is compared with a number, found {word}")
        compare = _COMPARE[sign]
        return lambda subject: any(_compared(compare, value, wanted) for value in subject.values(name))

    def _complex(self, name: str) -> Test:
        """service(a) {...} and edge(a, b) {...}."""
        self._expect("(")
        wanted = []
        while not self._accept(")"):
            wanted.append(self._place())
            self._accept(",")
        if name == "edge" and len(wanted) != 2:
            raise InvalidFilter("edge takes two services")
        inner: Test = lambda subject: True  # noqa: E731
        if self._accept("{") and not self._accept("}"):
            inner = self.either()
            self._expect("}")
        if name == "service":
            return lambda subject: any(
                inner(Subject(subject.trace, [document], whole=False))
                for document in own_nodes(subject.trace)
                if not wanted or wanted[0](node_of(document))
            )
        return lambda subject: any(
            inner(Subject(subject.trace, [document], whole=False))
            for source, target, document in edges(subject.trace)
            if wanted[0](source) and wanted[1](target)
        )

    def _place(self) -> Callable[[Node], bool]:
        """A service by its name, or by id(name: "x", type: "y")."""
        kind, word = self._next()
        if kind == "text":
            return lambda node: node.name == word[1:-1]
        if word.lower() != "id":
            raise InvalidFilter(f"{word!r} is no service")
        self._expect("(")
        parts = {}
        while not self._accept(")"):
            key = self._next()[1].lower()
            self._expect(":")
            parts[key] = self._next()[1][1:-1]
            self._accept(",")
        return lambda node: node.name == parts.get("name", node.name) and node.kind == parts.get("type", node.kind)


def _compared(compare: Callable[[Any, Any], bool], value: Any, wanted: Any) -> bool:
    if isinstance(value, bool) != isinstance(wanted, bool):
        return compare(str(value).lower(), str(wanted).lower())
    try:
        return compare(value, wanted)
    except TypeError:
        return False
