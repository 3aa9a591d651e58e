"""Which functions can run here: Python ones, from deployment packages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localcloud.api import ApiCall, ApiError

_PYTHON = re.compile(r"python3\.(\d+)$")
_OLDEST, _NEWEST = 9, 14  # the minor versions that Lambda still creates functions with
_ADVICE = "write the handler in Python, or leave this function out of what you deploy here"


def check_runtime(call: ApiCall) -> None:
    """Refuse what a call would make of a function that could never run here. Raises ApiError."""
    params = call.params
    code: Mapping[str, Any] = params.get("Code") or {}
    if params.get("PackageType") == "Image" or code.get("ImageUri") or params.get("ImageUri"):
        raise _invalid(
            "The local cloud runs no container images: expected a deployment package of Python source, found an image; "
            "give Code as ZipFile or S3Bucket and S3Key, with a Handler and a Runtime such as python3.13."
        )
    runtime = params.get("Runtime")
    if runtime is None:
        if call.operation == "CreateFunction":
            raise _invalid(
                "Runtime and Handler are mandatory parameters for functions created with deployment packages."
            )
        return
    found = _PYTHON.match(runtime)
    if found is None:
        raise _invalid(
            f"The local cloud runs Python only: expected a Runtime from python3.{_OLDEST} to python3.{_NEWEST}, "
            f"found {runtime}; {_ADVICE}."
        )
    if int(found[1]) < _OLDEST:
        raise _invalid(
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. "
            "We recommend you use a supported runtime while creating or updating functions."
        )


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterValueException", message, 400, Type="User")
