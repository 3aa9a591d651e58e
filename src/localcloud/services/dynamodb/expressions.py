"""What DynamoDB refuses about expressions and their placeholders, and moto lets through."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localcloud.api import ApiError

_EXPRESSIONS = (
    "ConditionExpression", "FilterExpression", "KeyConditionExpression", "ProjectionExpression", "UpdateExpression",
)  # fmt: skip
_PLACEHOLDERS = {
    "ExpressionAttributeNames": re.compile(r"#[A-Za-z0-9_]+"),
    "ExpressionAttributeValues": re.compile(r":[A-Za-z0-9_]+"),
}


def check_placeholders(params: Mapping[str, Any]) -> None:
    """Every name and value that is given must be used in an expression. Raises ApiError ValidationException."""
    for member, pattern in _PLACEHOLDERS.items():
        given = params.get(member)
        if not given:
            continue
        text = " ".join(params[name] for name in _EXPRESSIONS if params.get(name))
        if not text:
            reason = f"{member} can only be specified when using expressions"
            raise ApiError("ValidationException", reason, 400)
        used = set(pattern.findall(text))
        unused = [name for name in given if name not in used]
        if unused:
            listed = ", ".join(unused)
            message = f"Value provided in {member} unused in expressions: keys: {{{listed}}}"
            raise ApiError("ValidationException", message, 400)
