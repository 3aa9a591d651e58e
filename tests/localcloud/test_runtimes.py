"""Functions that cannot run here are refused when they are made, not when they are invoked."""

from __future__ import annotations

import io
import zipfile

import pytest
from botocore.exceptions import ClientError

STACK = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {}}
  Shop:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Code: {ZipFile: "exports.handler = async () => 1"}
"""
ANSWER = "def handler(event, context): return 'served'"


@pytest.mark.parametrize("runtime", ["nodejs22.x", "java21", "dotnet8", "ruby3.4", "provided.al2023"])
def test_other_languages_are_refused(function, runtime):
    with pytest.raises(ClientError) as caught:
        function("shop", ANSWER, Runtime=runtime)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert f"expected a Runtime from python3.9 to python3.14, found {runtime}" in str(caught.value)


def test_a_python_that_lambda_has_given_up_is_refused_in_its_words(function):
    with pytest.raises(ClientError, match=r"The runtime parameter of python3\.8 is no longer supported"):
        function("shop", ANSWER, Runtime="python3.8")


def test_container_images_are_refused(cloud):
    role = cloud.client("iam").create_role(RoleName="test", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    image = {"ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:1"}
    with pytest.raises(ClientError, match="runs no container images: expected a deployment package"):
        cloud.client("lambda").create_function(FunctionName="shop", Role=role, Code=image, PackageType="Image")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", ANSWER)
    with pytest.raises(ClientError, match="Runtime and Handler are mandatory"):
        cloud.client("lambda").create_function(FunctionName="shop", Role=role, Code={"ZipFile": buffer.getvalue()})


def test_a_function_cannot_be_changed_into_one_that_does_not_run(cloud, function, invoke):
    function("shop", ANSWER)
    with pytest.raises(ClientError, match="found java21"):
        cloud.client("lambda").update_function_configuration(FunctionName="shop", Runtime="java21")
    with pytest.raises(ClientError, match="runs no container images"):
        cloud.client("lambda").update_function_code(FunctionName="shop", ImageUri="shop:1")
    assert invoke("shop")[0] == "served"


def test_a_stack_with_such_a_function_is_rolled_back_and_says_why(cloud):
    client = cloud.client("cloudformation")
    client.create_stack(StackName="shop", TemplateBody=STACK, Capabilities=["CAPABILITY_IAM"])
    cloud.wait(60)
    assert client.describe_stacks(StackName="shop")["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"
    events = client.describe_stack_events(StackName="shop")["StackEvents"]
    assert any("runs Python only" in event.get("ResourceStatusReason", "") for event in events)


@pytest.mark.parametrize("runtime", ["python3.9", "python3.10", "python3.11"])
def test_a_python_without_a_measured_start_starts_as_the_nearest_does(function, invoke, log_lines, runtime):
    function("shop", ANSWER, Runtime=runtime)
    assert invoke("shop")[0] == "served"
    report = next(line for line in log_lines("shop") if line.startswith("REPORT"))
    assert 40 < float(report.split("Init Duration: ")[1].split()[0]) < 300
