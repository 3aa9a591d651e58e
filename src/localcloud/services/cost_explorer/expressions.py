"""Filters and groups: the dimensions and tags of a charge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from localcloud.api import ApiError
from localcloud.services.billing import Charge

Test = Callable[[Charge], bool]

RECORD_TYPE = "Usage"  # what a run makes: no credits, no refunds, no taxes


def dimension(charge: Charge, key: str, region: str, account_id: str) -> str:
    """The value of a dimension for a charge. Raises ApiError for one that is not known here."""
    if key == "SERVICE":
        return charge.service
    if key == "USAGE_TYPE":
        return charge.usage_type
    known = {"REGION": region, "LINKED_ACCOUNT": account_id, "RECORD_TYPE": RECORD_TYPE}
    if key not in known:
        raise ApiError("ValidationException", f"The local cloud knows no dimension {key}.", 400)
    return known[key]


class Dimensions:
    """Reads dimensions and tags of one account's charges."""

    def __init__(self, region: str, account_id: str) -> None:
        self._region = region
        self._account_id = account_id

    def value(self, charge: Charge, key: str) -> str:
        """The value of a dimension. Raises ApiError for an unknown one."""
        return dimension(charge, key, self._region, self._account_id)

    def group(self, charge: Charge, definition: Mapping[str, str]) -> str:
        """The key of a charge in a group: a dimension's value, or "tag$value", with nothing after $ for none."""
        kind, key = definition.get("Type", "DIMENSION"), definition["Key"]
        if kind == "DIMENSION":
            return self.value(charge, key)
        if kind == "TAG":
            return f"{key}${charge.tags.get(key, '')}"
        raise ApiError("ValidationException", f"The local cloud cannot group by {kind}.", 400)

    def filter(self, expression: Mapping[str, Any] | None) -> Test:
        """Whether a charge matches. Raises ApiError for what is malformed."""
        if not expression:
            return lambda charge: True
        if len(expression) != 1:
            message = "Expression should have exactly one root operator or one of Dimensions, Tags or CostCategories."
            raise ApiError("ValidationException", message, 400)
        ((name, given),) = expression.items()
        if name in ("And", "Or"):
            tests = [self.filter(each) for each in given]
            fold = all if name == "And" else any
            return lambda charge: fold(test(charge) for test in tests)
        if name == "Not":
            inner = self.filter(given)
            return lambda charge: not inner(charge)
        if name == "Dimensions":
            return self._matching(given, lambda charge: self.value(charge, given["Key"]))
        if name == "Tags":
            return self._matching(given, lambda charge: charge.tags.get(given["Key"], ""))
        raise ApiError("ValidationException", f"The local cloud cannot filter by {name}.", 400)

    @staticmethod
    def _matching(given: Mapping[str, Any], read: Callable[[Charge], str]) -> Test:
        values, options = set(given.get("Values") or ()), given.get("MatchOptions") or ["EQUALS"]
        if "ABSENT" in options:
            return lambda charge: not read(charge)
        return lambda charge: read(charge) in values
