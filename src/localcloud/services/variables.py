"""$context and $stageVariables in URIs, gateway responses and access logs, where no template is rendered."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_NAME = r"(?:context|stageVariables)\.[A-Za-z0-9_.-]+"
_VARIABLE = re.compile(rf"\$(?:{_NAME}|\{{{_NAME}\}})")


def substituted(text: str, context: Mapping[str, Any], stage_variables: Mapping[str, str], missing: str) -> str:
    """`text` with its $context and $stageVariables put in: all that gateway responses and access logs know."""

    def value(found: re.Match[str]) -> str:
        name = found.group().strip("${}")
        root, _, rest = name.partition(".")
        result = look_up(stage_variables if root == "stageVariables" else context, rest)
        if result is None or isinstance(result, str):
            return missing if result is None else result
        return json.dumps(result, separators=(",", ":"), ensure_ascii=False)

    return _VARIABLE.sub(value, text)


def look_up(held: Mapping[str, Any], name: str) -> Any:
    """The value of a dotted name; None when there is none."""
    if name in held:
        return held[name]
    current: Any = held
    for part in name.split("."):
        if not isinstance(current, Mapping) or part not in current:
            return None
        current = current[part]
    return current
