"""The parameters of a template: the values they get, and whether these keep to the rules.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.stacks.parsing import TemplateError, as_text


def parameter_values(
    template: Mapping[str, Any], given: Mapping[str, str | None], before: Mapping[str, str]
) -> dict[str, str]:
    """Value by parameter name. `given[name] is None` means the previous value. Raises TemplateError."""
    declared: dict[str, Any] = template.get("Parameters") or {}
    unknown = [name for name in given if name not in declared]
    if unknown:
        raise TemplateError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    values: dict[str, str] = {}
    missing = []
    for name, rule in declared.items():
        value = given.get(name, rule.get("Default"))
        if name in given and given[name] is None:
            value = before.get(name)
        if value is None:
            missing.append(name)
            continue
        values[name] = as_text(value)
    if missing:
        raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
    for name, value in values.items():
        for found in _broken(declared[name], value):
            described = declared[name].get("ConstraintDescription")
            if described and not found.endswith("be a number."):
                raise TemplateError(f"Parameter {name} failed to satisfy constraint: {described}")
            raise TemplateError(f"Parameter '{name}' {found}")
    return values


def _broken(rule: Mapping[str, Any], value: str) -> Iterator[str]:
    """What a value must be and is not. The members of a list are looked at one by one."""
    kind = str(rule.get("Type", "String"))
    is_list = kind == "CommaDelimitedList" or kind.startswith("List<")
    for part in [item.strip() for item in value.split(",")] if is_list else [value]:
        if kind in ("Number", "List<Number>"):
            yield from _wrong_number(rule, part)
        if "AllowedValues" in rule and part not in [as_text(choice) for choice in rule["AllowedValues"]]:
            yield "must be one of AllowedValues"
        if "AllowedPattern" in rule and not re.fullmatch(str(rule["AllowedPattern"]), part):
            yield f"must match pattern {rule['AllowedPattern']}"
    if len(value) < int(rule.get("MinLength", 0)):
        yield f"must contain at least {rule['MinLength']} characters"
    if len(value) > int(rule.get("MaxLength", len(value))):
        yield f"must contain at most {rule['MaxLength']} characters"


def _wrong_number(rule: Mapping[str, Any], value: str) -> Iterator[str]:
    try:
        number = float(value)
    except ValueError:
        yield "must be a number."
        return
    if number < float(rule.get("MinValue", number)):
        yield f"must be a number not less than {rule['MinValue']}"
    if number > float(rule.get("MaxValue", number)):
        yield f"must be a number not greater than {rule['MaxValue']}"
