"""Function errors, worded as the Python runtime words them."""

from __future__ import annotations

import re
import sys
import traceback
from pathlib import Path
from typing import Any

from localcloud.kernel import Killed, MemoryExhausted
from localcloud.runtime.process import ProcessEnded

# where `code.CodeStore` unpacks archives, alone or within a text
_CODE_PLACE = re.compile(r"[^\s\"']*/localcloud-code-[^/\s]+/[0-9a-f]+/")
_CODE_DIRECTORY = re.compile(r"^.*/localcloud-code-[^/]+/[0-9a-f]+/")


class InjectedError(Exception):
    """A fault in place of the handler's answer; `error_type` is what the answer calls it."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


class RuntimeFault(Exception):
    """What the runtime itself says of a function, such as that it has no such handler."""

    def __init__(self, kind: str, message: str, trace: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.kind = kind
        self.trace = trace


def split_handler(handler: str) -> tuple[str, str]:
    """Module and function of a Handler setting. Raises RuntimeFault."""
    module, dot, function = handler.rpartition(".")
    if not dot:
        reason = "not enough values to unpack (expected 2, got 1)"
        raise RuntimeFault("Runtime.MalformedHandlerName", f"Bad handler '{handler}': {reason}")
    if module.split(".")[0] in sys.builtin_module_names:
        raise RuntimeFault("Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module} as a handler module")
    return module, function


def handler_missing(module: str, function: str) -> RuntimeFault:
    """The module has no such function."""
    return RuntimeFault("Runtime.HandlerNotFound", f"Handler '{function}' missing on module '{module}'")


def import_failed(module: str, exc: BaseException) -> BaseException:
    """What an exception that left the handler's module means for the runtime."""
    if isinstance(exc, ImportError):
        return RuntimeFault("Runtime.ImportModuleError", f"Unable to import module '{module}': {exc}")
    if isinstance(exc, SyntaxError):
        path = _as_on_lambda(exc.filename or "")
        trace = f'  File "{path}" Line {exc.lineno}\n    {exc.text}'
        return RuntimeFault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module}': {exc}", (trace,))
    return exc


def ended_process(exc: BaseException) -> str | None:
    """How the process ended, when that is what an exception means; "" when it simply left.

    The runtime catches exceptions. What is no Exception ends it, as it would end any Python program.
    """
    if isinstance(exc, ProcessEnded):
        return exc.how
    if isinstance(exc, Killed | MemoryExhausted):
        return "signal: killed"
    if isinstance(exc, SystemExit):
        status = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
        return f"exit status {status}" if status else ""
    if isinstance(exc, KeyboardInterrupt):
        return "signal: interrupt"  # Python ends itself so
    return None if isinstance(exc, Exception) else "exit status 1"


def error_payload(exc: BaseException, request_id: str) -> dict[str, Any]:
    """The JSON object an invocation answers with when its function failed. A failed Init names no request."""
    ended = ended_process(exc)
    if ended is not None:
        return exit_payload(request_id, ended)
    trace = frames(exc)
    kind, message = type(exc).__name__, str(exc)
    if isinstance(exc, RuntimeFault):
        kind, trace = exc.kind, list(exc.trace)
    elif isinstance(exc, InjectedError):
        kind = exc.error_type
    named = "" if _failed_in_init(exc) else request_id
    return {"errorMessage": message, "errorType": kind, "requestId": named, "stackTrace": trace}


def _failed_in_init(exc: BaseException) -> bool:
    return bool(getattr(exc, "_localcloud_init", False))


def mark_init(exc: BaseException) -> None:
    """Remember that the exception was raised while the handler's module was imported."""
    exc._localcloud_init = True  # type: ignore[attr-defined]


def marshal_error(exc: Exception, request_id: str) -> dict[str, Any]:
    """The answer when a handler returned what JSON cannot carry."""
    message = f"Unable to marshal response: {exc}"
    return {"errorMessage": message, "errorType": "Runtime.MarshalError", "requestId": request_id, "stackTrace": []}


def too_large(limit_bytes: int) -> dict[str, Any]:
    """The answer when a handler returned more than an invocation may answer."""
    message = f"Response payload size exceeded maximum allowed payload size ({limit_bytes} bytes)."
    return {"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}


def exit_payload(request_id: str, how: str) -> dict[str, Any]:
    """The answer when the function's process ended during the invocation: "exit status 1", "signal: killed"."""
    reason = f"with error: {how}" if how else "without providing a reason"
    return {"errorType": "Runtime.ExitError", "errorMessage": f"RequestId: {request_id} Error: Runtime exited {reason}"}


def timeout_payload(request_id: str, timeout_s: int) -> dict[str, Any]:
    """The answer when the function's timeout passed."""
    message = f"RequestId: {request_id} Error: Task timed out after {timeout_s:.2f} seconds"
    return {"errorType": "Sandbox.Timedout", "errorMessage": message}


def frames(exc: BaseException) -> list[str]:
    """The frames of the function's own code, innermost last, at the paths they have on Lambda.

    The simulator's and the libraries' frames are left out: their paths and lines differ by machine.
    """
    found = []
    for frame in traceback.extract_tb(exc.__traceback__):
        path = _as_on_lambda(frame.filename)
        if path.startswith("/var/task/"):
            found.append(f'  File "{path}", line {frame.lineno}, in {frame.name}\n    {frame.line}\n')
    return found


def _as_on_lambda(filename: str) -> str:
    return _CODE_DIRECTORY.sub("/var/task/", Path(filename).as_posix())


def as_on_lambda(text: str) -> str:
    """A text, such as a traceback, with the paths that the function's own files have on Lambda."""
    return _CODE_PLACE.sub("/var/task/", text) if "/localcloud-code-" in text else text
