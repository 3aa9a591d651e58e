"""Settings of functions that Lambda refuses."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

SOURCE = "def handler(event, context): return 1"


def variables(**found):
    return {"Environment": {"Variables": found}}


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        ({"Timeout": 901}, "ValidationException", "'timeout' failed .* less than or equal to 900"),
        ({"MemorySize": 10_241}, "ValidationException", "'memorySize' failed .* less than or equal to 10240"),
        (variables(AWS_REGION="x"), "InvalidParameterValueException", "reserved keys .* this request: AWS_REGION"),
        (variables(FLOUR="x" * 4_096), "InvalidParameterValueException", "exceeded the 4KB limit"),
        (variables(**{"1st": "x"}), "ValidationException", "environment.variables"),
    ],
)
def test_a_setting_that_lambda_would_refuse_is_refused(cloud, function, settings, code, message):
    with pytest.raises(ClientError, match=message) as caught:
        function("shop", SOURCE, **settings)
    assert caught.value.response["Error"]["Code"] == code
    function("shop", SOURCE)
    with pytest.raises(ClientError, match=message):
        cloud.client("lambda").update_function_configuration(FunctionName="shop", **settings)


def test_code_has_to_be_an_archive(cloud, function, invoke):
    function("shop", SOURCE)
    client = cloud.client("lambda")
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="Could not unzip uploaded file"):
        client.update_function_code(FunctionName="shop", ZipFile=b"no archive")
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="Could not unzip uploaded file"):
        client.create_function(
            FunctionName="other", Code={"ZipFile": b"no archive"}, Handler="app.handler", Runtime="python3.13",
            Role="arn:aws:iam::123456789012:role/test",
        )  # fmt: skip
    assert invoke("shop")[0] == 1
