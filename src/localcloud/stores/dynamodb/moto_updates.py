"""Where moto's updates differ from DynamoDB's: reading key attributes, paths into what has no parts, and sums."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal
from typing import Any

from moto.dynamodb.exceptions import (
    IncorrectDataType,
    InvalidUpdateExpressionInvalidDocumentPath,
    MockValidationException,
)
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.parsing import ast_nodes
from moto.dynamodb.parsing.validators import UpdateHashRangeKeyValidator

from localcloud.patching import Patches

DIGITS = Context(prec=38)
_LARGEST = 125  # power of ten
_VALUE: Any = ast_nodes.UpdateExpressionValue  # type: ignore[attr-defined]


def install(patches: Patches) -> None:
    """Mend them until the patches are undone."""
    check, set_item = UpdateHashRangeKeyValidator.check_for_hash_or_range_key, DynamoType.__setitem__

    def check_for_hash_or_range_key(validator: Any, node: Any) -> Any:
        """A key may not be changed, but it may be copied: SET also = id."""
        return node if _is_read(node) else check(validator, node)

    def setitem(value: Any, key: Any, new: Any) -> None:
        """Only lists have elements and only maps have members."""
        if value.type != ("L" if isinstance(key, int) else "M"):
            raise InvalidUpdateExpressionInvalidDocumentPath
        set_item(value, key, new)

    patches.set(UpdateHashRangeKeyValidator, "check_for_hash_or_range_key", check_for_hash_or_range_key)
    patches.set(DynamoType, "__setitem__", setitem)
    patches.set(DynamoType, "__add__", _arithmetic(DIGITS.add))
    patches.set(DynamoType, "__sub__", _arithmetic(DIGITS.subtract))


def in_one_form(number: Decimal) -> str:
    """A number as DynamoDB keeps it: without an exponent, and without zeros that say nothing."""
    return format(number.normalize(DIGITS), "f") if number else "0"


def _is_read(node: Any) -> bool:
    parent = node.parent
    while parent is not None and not isinstance(parent, _VALUE):
        parent = parent.parent
    return parent is not None


def _arithmetic(work_out: Callable[[Decimal, Decimal], Decimal]) -> Callable[[Any, Any], DynamoType]:
    """Sums and differences with DynamoDB's digits, in the form in which it keeps numbers."""

    def result(left: Any, right: Any) -> DynamoType:
        if left.type != "N" or right.type != "N":
            raise IncorrectDataType
        found = work_out(Decimal(left.value), Decimal(right.value))
        if found.adjusted() > _LARGEST:
            raise MockValidationException(
                "Number overflow. Attempting to store a number with magnitude larger than supported range"
            )
        return DynamoType({"N": in_one_form(found)})

    return result
