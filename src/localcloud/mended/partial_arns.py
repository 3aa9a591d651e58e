"""Functions named by a partial ARN, "123456789012:function:shop", which moto takes for a name with a version.

Lists of versions and aliases it gives by plain names only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from moto.awslambda.models import LambdaBackend, LambdaStorage

from localcloud.patching import Patches
from localcloud.services.lambda_.functions import split_reference

_PARTIAL = re.compile(r"\d{12}:function:.+")
_LOOKING = ("get_function_by_name_or_arn_forbid_qualifier", "get_function_by_name_or_arn_with_qualifier",
            "del_function")  # fmt: skip
_LISTING = ("list_versions_by_function", "list_aliases")


def install(patches: Patches) -> None:
    """Let moto find them until the patches are undone."""

    def whole(look: Callable[..., Any]) -> Callable[..., Any]:
        def found(storage: Any, reference: str, *args: Any, **kwargs: Any) -> Any:
            if _PARTIAL.fullmatch(reference):
                reference = f"arn:aws:lambda:{storage.region_name}:{reference}"
            return look(storage, reference, *args, **kwargs)

        return found

    def plain(look: Callable[..., Any]) -> Callable[..., Any]:
        return lambda backend, function_name: look(backend, split_reference(unquote(function_name), None)[0])

    for name in _LOOKING:
        patches.set(LambdaStorage, name, whole(getattr(LambdaStorage, name)))
    for name in _LISTING:
        patches.set(LambdaBackend, name, plain(getattr(LambdaBackend, name)))
