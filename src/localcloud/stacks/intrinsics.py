"""Intrinsic functions: what they refer to, and what they become."""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from localcloud.stacks.parsing import TemplateError, as_text
from localcloud.stacks.references import VARIABLE, split_attribute

_NO_VALUE = object()


class _Attributes(dict[str, Any]):
    """The attributes of a resource that is not there yet: whichever is asked for."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def __contains__(self, attribute: object) -> bool:
        return True

    def __missing__(self, attribute: str) -> str:
        return f"${{{self._name}.{attribute}}}"


@dataclass
class Scope:
    """What names stand for. `resources` gives (physical id, attributes) of those that are made already."""

    values: dict[str, Any] = field(default_factory=dict)  # parameters and pseudo parameters
    mappings: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    exports: Mapping[str, str] = field(default_factory=dict)
    resources: dict[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    imported: dict[str, None] = field(default_factory=dict)  # the exports that have been asked for
    extended: bool = False  # the template names AWS::LanguageExtensions
    _deciding: list[str] = field(default_factory=list)

    def resolve(self, value: Any) -> Any:
        """`value` with every intrinsic function worked out; members that are AWS::NoValue are left out.

        Raises TemplateError.
        """
        found = self._resolve(value)
        return None if found is _NO_VALUE else found

    def condition(self, name: str) -> bool:
        """Raises TemplateError for an unknown condition."""
        if name not in self.conditions:
            raise TemplateError(f"Template error: unresolved condition dependency {name} in the Conditions block.")
        if name in self._deciding:
            raise TemplateError(f"Template validation error: Circular dependencies for condition {name}")
        self._deciding.append(name)
        try:
            return bool(self._resolve(self.conditions[name]))
        finally:
            self._deciding.pop()

    def chosen(self, value: Any) -> Any:
        """`value` with the branches that its Fn::If take, and without the others. Raises TemplateError."""
        if isinstance(value, list):
            return [self.chosen(item) for item in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Fn::If"}:
            name, yes, no = value["Fn::If"]
            return self.chosen(yes if self.condition(name) else no)
        return {key: self.chosen(inner) for key, inner in value.items()}

    def settled(self, value: Any, names: Iterable[str]) -> Any:
        """`value` as far as it can be worked out before any resource of `names` is made: those stand as `${Name}`.

        What cannot be worked out without them stays as it is written.
        """
        unmade: dict[str, tuple[str, Mapping[str, Any]]] = {name: (f"${{{name}}}", _Attributes(name)) for name in names}
        scope = replace(self, resources=unmade, imported={}, _deciding=[])
        try:
            return scope.resolve(value)
        except (TemplateError, ValueError, IndexError):
            return value

    def _resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [item for item in map(self._resolve, value) if item is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            function = _FUNCTIONS.get(name) or (_EXTENDED.get(name) if self.extended else None)
            if function is not None:
                return function(self, argument)
            if name.startswith("Fn::"):
                needs = " without Transform: AWS::LanguageExtensions" if name in _EXTENDED else " by the local cloud"
                raise TemplateError(f"Template error: {name} is not supported{needs}.")
        resolved = {key: self._resolve(inner) for key, inner in value.items()}
        return {key: inner for key, inner in resolved.items() if inner is not _NO_VALUE}

    # -- the functions -------------------------------------------------------------------------

    def _ref(self, name: Any) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in self.values:
            return self.values[name]
        if name in self.resources:
            return self.resources[name][0]
        raise TemplateError(
            f"Template format error: Unresolved resource dependencies [{name}] in the Resources block of the template"
        )

    def _get_att(self, argument: Any) -> Any:
        if isinstance(argument, list) and len(argument) == 2:
            argument = [argument[0], self._resolve(argument[1])]
        name, attribute = split_attribute(argument)
        if name not in self.resources:
            raise TemplateError(f"Template error: instance of Fn::GetAtt references undefined resource {name}")
        attributes = self.resources[name][1]
        if attribute not in attributes:
            raise TemplateError(
                f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
            )
        return attributes[attribute]

    def _sub(self, argument: Any) -> str:
        text, own = (argument[0], self._resolve(argument[1])) if isinstance(argument, list) else (argument, {})

        def replace(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return "${" + name + "}"
            if name in own:
                return as_text(own[name])
            head, _, attribute = name.strip().partition(".")
            return as_text(self._get_att([head, attribute]) if attribute else self._ref(head))

        return VARIABLE.sub(replace, text)

    def _join(self, argument: Any) -> str:
        delimiter, parts = argument
        resolved = self._resolve(parts)
        if not isinstance(resolved, list):
            raise TemplateError(
                "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list "
                "of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be "
                "joined."
            )
        return str(delimiter).join(as_text(part) for part in resolved)

    def _select(self, argument: Any) -> Any:
        index, choices = self._resolve(argument[0]), self._resolve(argument[1])
        if not str(index).isdigit():
            raise TemplateError(
                "Template error: Fn::Select requires a list argument with a valid index value as its first element"
            )
        if not 0 <= int(index) < len(choices):
            raise TemplateError(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
        return choices[int(index)]

    def _split(self, argument: Any) -> list[str]:
        return as_text(self._resolve(argument[1])).split(argument[0])

    def _if(self, argument: Any) -> Any:
        return self._resolve(argument[1] if self.condition(argument[0]) else argument[2])

    def _find_in_map(self, argument: Any) -> Any:
        name, first, second = (self._resolve(part) for part in argument[:3])
        keys = {str(key): value for key, value in self.mappings.get(name, {}).items()}
        try:
            return keys[as_text(first)][as_text(second)]
        except KeyError:
            if self.extended and len(argument) == 4:
                return self._resolve(argument[3]["DefaultValue"])
            raise TemplateError(f"Template error: Unable to get mapping for {name}::{first}::{second}") from None

    def _import_value(self, argument: Any) -> str:
        name = self._resolve(argument)
        if name not in self.exports:
            raise TemplateError(f"No export named {name} found.")
        self.imported[name] = None
        return self.exports[name]

    def _cidr(self, argument: Any) -> list[str]:
        block, count, bits = [*(self._resolve(part) for part in argument), 8][:3]
        try:
            network = ipaddress.ip_network(block, strict=False)
            subnets = network.subnets(new_prefix=network.max_prefixlen - int(bits))
        except ValueError as exc:
            raise TemplateError(f"Template error: Fn::Cidr cannot make subnets of {block!r}: {exc}") from exc
        found = [str(subnet) for subnet in islice(subnets, int(count))]
        if len(found) < int(count):
            raise TemplateError(f"Template error: Fn::Cidr cannot make {count} subnets of {block!r}.")
        return found

    def _length(self, argument: Any) -> int:
        found = self._resolve(argument)
        if not isinstance(found, list):
            raise TemplateError("Template error: Fn::Length takes a list.")
        return len(found)

    def _to_json(self, argument: Any) -> str:
        return json.dumps(self._resolve(argument), separators=(",", ":"))

    def _equals(self, argument: Any) -> bool:
        return as_text(self._resolve(argument[0])) == as_text(self._resolve(argument[1]))

    def _base64(self, argument: Any) -> str:
        return base64.b64encode(str(self._resolve(argument)).encode()).decode()

    def _zones(self, argument: Any) -> list[str]:
        region = self._resolve(argument) or self.values["AWS::Region"]
        return [f"{region}{letter}" for letter in "abc"]


_FUNCTIONS = {
    "Ref": Scope._ref,
    "Fn::GetAtt": Scope._get_att,
    "Fn::Sub": Scope._sub,
    "Fn::Join": Scope._join,
    "Fn::Select": Scope._select,
    "Fn::Split": Scope._split,
    "Fn::If": Scope._if,
    "Fn::FindInMap": Scope._find_in_map,
    "Fn::ImportValue": Scope._import_value,
    "Fn::Base64": Scope._base64,
    "Fn::GetAZs": Scope._zones,
    "Fn::Cidr": Scope._cidr,
    "Fn::Equals": Scope._equals,
    "Fn::Not": lambda scope, argument: not scope._resolve(argument[0]),
    "Fn::And": lambda scope, argument: all(scope._resolve(item) for item in argument),
    "Fn::Or": lambda scope, argument: any(scope._resolve(item) for item in argument),
    "Condition": Scope.condition,
}
_EXTENDED = {"Fn::Length": Scope._length, "Fn::ToJsonString": Scope._to_json}
