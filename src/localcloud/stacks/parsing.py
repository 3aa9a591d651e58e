"""Reading template text: JSON, or YAML with CloudFormation's short tags."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import yaml


class TemplateError(Exception):
    """The template is not one CloudFormation takes. The message is worded as CloudFormation words it."""


class _Loader(yaml.SafeLoader):
    """Reads the short tags (!Ref, !GetAtt, !Sub, ...) as their long forms. JSON is YAML too."""


def _short_tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt" and isinstance(value, str):
            value = value.split(".", 1) if "." in value else value
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _short_tag)
# "2012-10-17" in a policy is a string, not a date
_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


_VERSION = "2010-09-09"
LOGICAL_ID = re.compile(r"[A-Za-z0-9]+")


def parse_fragment(text: str) -> dict[str, Any]:
    """A mapping with long-form intrinsic functions, such as a part of a template. Raises TemplateError."""
    return copy.deepcopy(_parsed(text))  # whoever gets it may change it


@lru_cache(maxsize=64)  # a deployment reads the same text several times, and PyYAML takes its time
def _parsed(text: str) -> dict[str, Any]:
    found = _loaded(text)
    if not isinstance(found, dict):
        raise TemplateError("Template format error: unsupported structure.")
    return found


def _loaded(text: str) -> Any:
    """JSON, or YAML: a YAML mapping may begin like JSON. What is named twice counts as it is written last."""
    broken = ""
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except json.JSONDecodeError as exc:
            broken = f"JSON not well-formed. (line {exc.lineno}, column {exc.colno})"
    try:
        return yaml.load(text, Loader=_Loader)  # a safe loader
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
        broken = broken or f"YAML not well-formed.{where}"
    except yaml.YAMLError:
        broken = broken or "YAML not well-formed."
    raise TemplateError(f"Template format error: {broken}")


def parse_template(text: str) -> dict[str, Any]:
    """A template with long-form intrinsic functions. Raises TemplateError."""
    template = parse_fragment(text)
    resources = template.get("Resources")
    version = template.get("AWSTemplateFormatVersion", _VERSION)
    if str(version) != _VERSION:
        raise TemplateError("Template format error: unsupported value for AWSTemplateFormatVersion.")
    if not isinstance(resources, dict) or not resources:
        raise TemplateError("Template format error: At least one Resources member must be defined.")
    check_resources({name: resource for name, resource in resources.items() if not name.startswith("Fn::")})
    return template


def check_resources(resources: Mapping[str, Any]) -> None:
    """Every resource has a type and an alphanumeric name. Raises TemplateError."""
    for logical_id, resource in resources.items():
        if not isinstance(resource, dict) or "Type" not in resource:
            raise TemplateError(
                f"Template format error: [/Resources/{logical_id}] Every Resources object must contain a Type member."
            )
        if not isinstance(resource["Type"], str):
            raise TemplateError(f"Template format error: [/Resources/{logical_id}] Every Type member must be a string.")
        if not LOGICAL_ID.fullmatch(str(logical_id)):
            raise TemplateError(f"Template format error: Resource name {{{logical_id}}} is non alphanumeric.")


def as_text(value: Any) -> str:
    """A value of a template as text: what YAML or JSON took for a truth value is "true" or "false"."""
    return str(value).lower() if isinstance(value, bool) else str(value)
