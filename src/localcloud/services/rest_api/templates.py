"""Mapping templates: the Velocity Template Language with API Gateway's variables."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import airspeed
from airspeed import operators

from localcloud.facts import Facts
from localcloud.patching import Patches
from localcloud.services.jsonpath import MISSING, InvalidPath, find

_KB = 1_024


class TemplateFailed(Exception):
    """A template that AWS would refuse, or that fails on this request."""


class _Input:
    """$input: the body and the parameters. `params` are those of the method request, by place."""

    def __init__(self, body: str, params: Mapping[str, Mapping[str, str]]) -> None:
        self.body = body
        self._params = params
        self._parsed: Any = MISSING

    def _value(self) -> Any:
        if self._parsed is MISSING:
            try:
                self._parsed = json.loads(self.body) if self.body else {}
            except ValueError:
                self._parsed = self.body
        return self._parsed

    def path(self, path: str) -> Any:
        """An object: the template can go into it."""
        found = find(self._value(), path)
        return "" if found is MISSING else found

    def json(self, path: str) -> str:
        """JSON text; "" quoted when there is nothing."""
        found = find(self._value(), path)
        return '""' if found is MISSING else _compact(found)

    def params(self, name: str | None = None) -> Any:
        """All parameters by place, or one looked up in path, query string and header, in this order."""
        if name is None:
            return {place: dict(held) for place, held in self._params.items()}
        for place in ("path", "querystring", "header"):
            held = self._params.get(place, {})
            if name in held:
                return held[name]
            if place == "header" and name.lower() in held:
                return held[name.lower()]
        return ""


class _Util:
    """$util."""

    _ESCAPES: Mapping[str, str] = {
        "\\": "\\\\", '"': '\\"', "'": "\\'", "/": "\\/", "\n": "\\n", "\r": "\\r", "\t": "\\t",
        "\b": "\\b", "\f": "\\f",
    }  # fmt: skip

    def escapeJavaScript(self, text: Any) -> str:
        return "".join(
            self._ESCAPES.get(sign) or (sign if 32 <= ord(sign) < 127 else f"\\u{ord(sign):04X}")
            for sign in _text(text)
        )

    def parseJson(self, text: str) -> Any:
        return json.loads(text)

    def urlEncode(self, text: Any) -> str:
        return quote_plus(_text(text), safe="*-._")

    def urlDecode(self, text: Any) -> str:
        return unquote_plus(_text(text))

    def base64Encode(self, text: Any) -> str:
        return base64.b64encode(_text(text).encode()).decode()

    def base64Decode(self, text: Any) -> str:
        return base64.b64decode(_text(text)).decode("utf-8", "replace")

    def toJson(self, value: Any) -> str:
        return _compact(value)


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _compact(value)


class _Turns:
    """How many turns of #foreach a rendering may still take."""

    def __init__(self, most: int) -> None:
        self._left = most

    def take(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise TemplateFailed("A template may take no more turns of its #foreach loops.")


class _CountedBlock:
    """What a #foreach repeats."""

    def __init__(self, block: Any) -> None:
        self._block = block

    def evaluate(self, stream: Any, namespace: Any, loader: Any) -> None:
        namespace[_TURNS].take()
        self._block.evaluate(stream, namespace, loader)


_TURNS = "#turns"  # no name that a template could write


def _count_loops(element: Any) -> None:
    """Let every #foreach below `element` count its turns."""
    for held in list(vars(element).values()):
        for child in held if isinstance(held, list) else (held,):
            if isinstance(child, operators._Element):
                _count_loops(child)
    if isinstance(element, operators.ForeachDirective):
        element.block = _CountedBlock(element.block)


def _index(text: str, wanted: str) -> int:
    return text.find(wanted)


# What Java's String, List and Map offer to a template beyond what airspeed knows.
_METHODS: Mapping[type, Mapping[str, Callable[..., Any]]] = {
    str: {
        "concat": lambda text, other: text + other,
        "endsWith": lambda text, end: text.endswith(end),
        "equals": lambda text, other: text == other,
        "equalsIgnoreCase": lambda text, other: text.lower() == str(other).lower(),
        "indexOf": _index,
        "isEmpty": lambda text: not text,
        "lastIndexOf": lambda text, wanted: text.rfind(wanted),
        "toLowerCase": lambda text: text.lower(),
        "toString": lambda text: text,
        "toUpperCase": lambda text: text.upper(),
        "trim": lambda text: text.strip(),
    },
    list: {
        "addAll": lambda items, more: items.extend(more) or True,
        "indexOf": lambda items, value: items.index(value) if value in items else -1,
        "add": lambda items, value: items.append(value) or True,
    },
    dict: {
        "containsKey": lambda members, key: key in members,
        "containsValue": lambda members, value: value in members.values(),
        "entrySet": lambda members: [{"key": key, "value": value} for key, value in members.items()],
        "isEmpty": lambda members: not members,
        "keySet": lambda members: list(members),
        "remove": lambda members, key: members.pop(key, None),
        "size": lambda members: len(members),
        "values": lambda members: list(members.values()),
    },
    int: {"toString": str},
    float: {"toString": str},
}


def install(patches: Patches) -> None:
    """Give templates the methods of Java's types that AWS's own templates use."""
    known = operators.__additional_methods__
    merged = {kind: {**known.get(kind, {}), **methods} for kind, methods in _METHODS.items()}
    patches.set(operators, "__additional_methods__", merged)


class Templates:
    """Renders templates; each text is parsed once."""

    def __init__(self, facts: Facts) -> None:
        limits = facts.value("quota.apigw.vtl")
        self._most_bytes = int(limits["template_kb"]) * _KB
        self._most_turns = int(limits["foreach_iterations"])
        self._parsed: dict[str, Any] = {}

    def render(
        self,
        template: str,
        body: str,
        params: Mapping[str, Mapping[str, str]],
        context: dict[str, Any],
        stage_variables: Mapping[str, str],
    ) -> str:
        """The text that a template makes of a body. Raises TemplateFailed, whatever is wrong with it.

        The template may write $context.requestOverride and $context.responseOverride: they stay in `context`.
        """
        names = {
            "input": _Input(body, params),
            "util": _Util(),
            "context": context,
            "stageVariables": dict(stage_variables),
            _TURNS: _Turns(self._most_turns),
        }
        try:
            text: str = self._template(template).merge(names)
        except TemplateFailed:
            raise
        except InvalidPath as exc:
            raise TemplateFailed(str(exc)) from exc
        except Exception as exc:  # a template is a program of the API's owner: whatever it does wrong is its failure
            raise TemplateFailed(f"Unable to transform the body: {exc}") from exc
        return text

    def _template(self, text: str) -> Any:
        if text not in self._parsed:
            if len(text.encode()) > self._most_bytes:
                raise TemplateFailed(f"A template may have at most {self._most_bytes // _KB} KB.")
            template = airspeed.Template(text)
            template.ensure_compiled()
            _count_loops(template.root_element)
            self._parsed[text] = template
        return self._parsed[text]
