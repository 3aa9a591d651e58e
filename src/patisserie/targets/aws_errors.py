"""What AWS and botocore say when a call fails, as one sentence with the next step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    SSOError,
    TokenRetrievalError,
)

from patisserie.targets.base import TargetError

_SIGN_IN = "Sign in again"
_STEPS = (  # beginnings or ends of error codes, and what to do
    (("ExpiredToken", "RequestExpired", "InvalidClientTokenId", "UnrecognizedClient", "AuthFailure"), _SIGN_IN),
    (("AccessDenied", "UnauthorizedOperation", "NotAuthorized"), "Give your user or role the permission for it"),
    (
        ("LimitExceeded", "ServiceQuotaExceeded", "TooManyBuckets"),
        "A quota of the account is reached: clean up, or ask AWS for more",
    ),
    (("Throttling", "TooManyRequests", "RequestLimitExceeded"), "AWS asks for patience: wait a minute"),
)
_NO_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, TokenRetrievalError, SSOError)
_NO_CONNECTION = (EndpointConnectionError, ConnectTimeoutError, ReadTimeoutError)


@contextmanager
def plainly(where: str, run: str) -> Iterator[None]:
    """Turn what a call raises into a TargetError. `where` is "AWS" or an emulator's address, `run` the run's tag."""
    try:
        yield
    except ClientError as exc:
        error = exc.response.get("Error", {})
        code, message = error.get("Code", "?"), error.get("Message", "").rstrip(".")
        said = f"{where} refused {exc.operation_name}: {message} ({code})."
        raise TargetError(f"{said} {_step(code)}, and {_clean_up(run)}") from exc
    except _NO_CREDENTIALS as exc:
        raise TargetError(f"There are no valid AWS credentials: {exc}. {_SIGN_IN}, and {_clean_up(run)}") from exc
    except _NO_CONNECTION as exc:
        raise TargetError(
            f"{where} does not answer: {exc}. Check the network and AWS_ENDPOINT_URL, and {_clean_up(run)}"
        ) from exc
    except BotoCoreError as exc:
        raise TargetError(f"A call to {where} failed: {exc}. Look at the stack's events, and {_clean_up(run)}") from exc


def clean_up_command(run: str) -> str:
    """What deletes everything that a run has made."""
    return f"patisserie cleanup --target aws --run {run}"


def _clean_up(run: str) -> str:
    return f"then try again; what has been made so far is deleted by: {clean_up_command(run)}"


def _step(code: str) -> str:
    for names, step in _STEPS:
        if any(code.startswith(name) or code.removesuffix("Exception").endswith(name) for name in names):
            return step
    return "Look the code up in the service's API reference"
