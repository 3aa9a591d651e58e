"""Two places where moto's updates differ from DynamoDB's: reading key attributes, and paths into what has no parts."""

from __future__ import annotations

from typing import Any

from moto.dynamodb.exceptions import InvalidUpdateExpressionInvalidDocumentPath
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.parsing import ast_nodes
from moto.dynamodb.parsing.validators import UpdateHashRangeKeyValidator

from localcloud.patching import Patches

_VALUE: Any = ast_nodes.UpdateExpressionValue  # type: ignore[attr-defined]


def install(patches: Patches) -> None:
    """Mend both until the patches are undone."""
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


def _is_read(node: Any) -> bool:
    parent = node.parent
    while parent is not None and not isinstance(parent, _VALUE):
        parent = parent.parent
    return parent is not None
