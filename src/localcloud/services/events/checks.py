"""What EventBridge refuses of a rule's target."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from localcloud.api import ApiError
from localcloud.services.events.transform import InvalidPath, select, variables_of

_RESERVED = "aws.events."
_ARN = re.compile(r"arn:[a-z-]+:[a-z0-9-]+:[^:]*:[^:]*:.+")
_INPUTS = ("Input", "InputPath", "InputTransformer")


def check_target(target: Mapping[str, Any]) -> None:
    """Raises ApiError ValidationException."""
    name = target["Id"]
    if sum(part in target for part in _INPUTS) > 1:
        _refuse(f"Only one of Input, InputPath, or InputTransformer must be provided for target {name}.")
    if "Input" in target:
        try:
            json.loads(target["Input"])
        except ValueError as exc:
            _refuse(f"JSON syntax error in input for target {name} : {exc}")
    if "InputPath" in target:
        _check_path(target["InputPath"], f"InputPath for target {name}")
    transformer = target.get("InputTransformer") or {}
    paths = transformer.get("InputPathsMap") or {}
    for variable, path in paths.items():
        if variable.startswith(("AWS", _RESERVED)):
            _refuse(f"InputPathsMap for target {name} contains the reserved name {variable}.")
        _check_path(path, f"InputPathsMap for target {name}")
    for variable in variables_of(transformer.get("InputTemplate", "")):
        if variable not in paths and not variable.startswith(_RESERVED):
            _refuse(f"InputTemplate for target {name} contains invalid placeholder {variable}.")
    if not _ARN.match(target["Arn"]):
        _refuse("Parameter Arn is not valid. Reason: Provided Arn is not in correct format.")
    if target["Arn"].split(":")[2] in ("kinesis", "states") and not target.get("RoleArn"):
        _refuse(f"RoleArn is required for target {target['Arn']}.")


def _check_path(path: str, where: str) -> None:
    try:
        select({}, path)
    except InvalidPath as exc:
        _refuse(f"{where} is not valid. Reason: {exc}")


def _refuse(message: str) -> NoReturn:
    raise ApiError("ValidationException", message, 400)
