"""Function errors, worded as the Python runtime words them."""

from __future__ import annotations

import re
import traceback
from pathlib import Path
from typing import Any

# where `code.CodeStore` unpacks archives
_CODE_DIRECTORY = re.compile(r"^.*/localcloud-code-[^/]+/[0-9a-f]+/")


class InjectedError(Exception):
    """A fault in place of the handler's answer; `error_type` is what the answer calls it."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


class HandlerNotFound(Exception):
    """The module has no such function."""


def error_payload(exc: BaseException, request_id: str, handler: str) -> dict[str, Any]:
    """The JSON object an invocation answers with when its function failed."""
    module, _, function = handler.rpartition(".")
    if isinstance(exc, HandlerNotFound):
        kind, message = "Runtime.HandlerNotFound", f"Handler '{function}' missing on module '{module}'"
    elif isinstance(exc, ImportError) and _failed_in_init(exc):
        kind, message = "Runtime.ImportModuleError", f"Unable to import module '{module}': {exc}"
    elif isinstance(exc, SystemExit):
        return exit_payload(request_id)
    elif isinstance(exc, InjectedError):
        kind, message = exc.error_type, str(exc)
    else:
        kind, message = type(exc).__name__, str(exc)
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": _stack(exc)}


def _failed_in_init(exc: BaseException) -> bool:
    return bool(getattr(exc, "_localcloud_init", False))


def mark_init(exc: BaseException) -> None:
    """Remember that the exception was raised while the handler's module was imported."""
    exc._localcloud_init = True  # type: ignore[attr-defined]


def marshal_error(exc: Exception, request_id: str) -> dict[str, Any]:
    """The answer when a handler returned what JSON cannot carry."""
    message = f"Unable to marshal response: {exc}"
    return {"errorMessage": message, "errorType": "Runtime.MarshalError", "requestId": request_id, "stackTrace": []}


def exit_payload(request_id: str) -> dict[str, Any]:
    """The answer when the function's process ended during the invocation."""
    message = f"RequestId: {request_id} Error: Runtime exited with error"
    return {"errorType": "Runtime.ExitError", "errorMessage": message}


def timeout_payload(request_id: str, timeout_s: int) -> dict[str, Any]:
    """The answer when the function's timeout passed."""
    message = f"RequestId: {request_id} Error: Task timed out after {timeout_s:.2f} seconds"
    return {"errorType": "Sandbox.Timedout", "errorMessage": message}


def _stack(exc: BaseException) -> list[str]:
    """The frames of the function's own code, innermost last, at the paths they have on Lambda.

    The simulator's and the libraries' frames are left out: their paths and lines differ by machine.
    """
    frames = []
    for frame in traceback.extract_tb(exc.__traceback__):
        path = _CODE_DIRECTORY.sub("/var/task/", Path(frame.filename).as_posix())
        if path.startswith("/var/task/"):
            frames.append(f'  File "{path}", line {frame.lineno}, in {frame.name}\n    {frame.line}\n')
    return frames
