"""What AWS refuses is one sentence with the next step, never a traceback of ours."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, TokenRetrievalError
from typer.testing import CliRunner

from patisserie.cli import app
from patisserie.labs.lab import UnknownLab
from patisserie.targets import TargetError
from patisserie.targets.aws_errors import plainly

RUN = "02-0a1b2c3d"
COMMAND = f"patisserie cleanup --target aws --run {RUN}"


def refused(code, message="No."):
    return ClientError({"Error": {"Code": code, "Message": message}}, "CreateChangeSet")


def said(failure):
    with pytest.raises(TargetError) as found, plainly("AWS", RUN):
        raise failure
    return str(found.value)


@pytest.mark.parametrize(
    ("failure", "step"),
    [
        (refused("ExpiredToken"), "Sign in again"),
        (refused("UnrecognizedClientException"), "Sign in again"),
        (refused("AccessDenied"), "Give your user or role the permission"),
        (refused("AccessDeniedException"), "Give your user or role the permission"),
        (refused("LimitExceededException"), "A quota of the account is reached"),
        (refused("ServiceQuotaExceededException"), "A quota of the account is reached"),
        (refused("ThrottlingException"), "wait a minute"),
        (refused("SomethingNew"), "Look the code up"),
        (NoCredentialsError(), "Sign in again"),
        (TokenRetrievalError(provider="sso", error_msg="expired"), "Sign in again"),
        (EndpointConnectionError(endpoint_url="https://example.invalid"), "Check the network and AWS_ENDPOINT_URL"),
    ],
)
def test_each_failure_names_the_next_step_and_how_to_clean_up(failure, step):
    sentence = said(failure)
    assert step in sentence
    assert COMMAND in sentence
    assert "\n" not in sentence


def test_a_refusal_says_which_call_was_refused_and_why():
    assert "AWS refused CreateChangeSet: User is not authorized (AccessDenied)." in said(
        refused("AccessDenied", "User is not authorized.")
    )


def test_what_is_not_aws_s_fault_stays_what_it_is():
    with pytest.raises(ValueError, match="a mistake of ours"), plainly("AWS", RUN):
        raise ValueError("a mistake of ours")


def test_a_notebook_shows_the_sentence_and_no_traceback():
    assert TargetError("No such stack.")._render_traceback_() == ["TargetError: No such stack."]
    assert UnknownLab("There is no lab 99.")._render_traceback_() == ["UnknownLab: There is no lab 99."]


def test_a_run_that_reaches_nobody_ends_in_one_sentence(monkeypatch):
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, ["run", "02", "--target", "aws", "--yes"])
    assert result.exit_code == 2
    assert "did not say whose credentials these are" in result.output
    assert "Traceback" not in result.output
