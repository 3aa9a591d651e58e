"""What `sam deploy --resolve-s3` sends (SAM CLI 1.170), call by call: its managed bucket, uploads, change sets, waits.

The calls were recorded from a real run against the server. With a SAM CLI at hand the last test lets it do all that
itself; it takes a minute, for the most part of its own pauses.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, WaiterError

SAM = Path(os.environ.get("PATISSERIE_SAM", Path(__file__).resolve().parents[3] / ".venv-sam" / "bin" / "sam"))
PAUSES = {"Delay": 1, "MaxAttempts": 30}
MANAGED = "aws-sam-cli-managed-default"
BUCKET_ARN = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":s3:::", {"Ref": "SamCliSourceBucket"}]]}
SWITCHES = ("BlockPublicPolicy", "BlockPublicAcls", "IgnorePublicAcls", "RestrictPublicBuckets")
MANAGED_TEMPLATE = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Transform": "AWS::Serverless-2016-10-31",
    "Metadata": {"SamCliInfo": {"version": "1.170.0", "installationId": "unknown"}},
    "Resources": {
        "SamCliSourceBucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "PublicAccessBlockConfiguration": dict.fromkeys(SWITCHES, "true"),
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
                    ]
                },
                "VersioningConfiguration": {"Status": "Enabled"},
                "Tags": [{"Key": "ManagedStackSource", "Value": "AwsSamCli"}],
            },
        },
        "SamCliSourceBucketBucketPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": "SamCliSourceBucket"},
                "PolicyDocument": {
                    "Statement": [
                        {
                            "Action": ["s3:*"], "Effect": "Deny", "Principal": "*", "Resource": [BUCKET_ARN],
                            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                        }
                    ]
                },
            },
        },
    },
    "Outputs": {"SourceBucket": {"Value": {"Ref": "SamCliSourceBucket"}}},
}  # fmt: skip
APPLICATION = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: {Type: String, Default: bonjour}
Resources:
  Greeter:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Runtime: python3.13
      CodeUri: %s
      Environment: {Variables: {GREETING: !Ref Greeting}}
      Events:
        Get: {Type: HttpApi, Properties: {Path: /greet, Method: get}}
Outputs:
  Url: {Value: !Sub 'https://${ServerlessHttpApi}.execute-api.${AWS::Region}.amazonaws.com/greet'}
  Function: {Value: !Ref Greeter}
"""
HANDLER = "import os\ndef handler(event, context):\n    return os.environ['GREETING']\n"


@pytest.fixture
def cloudformation(client):
    return client("cloudformation")


@pytest.fixture
def managed_bucket(cloudformation, client):
    """The bucket of the managed stack, which is made when it is not there."""
    try:
        stack = cloudformation.describe_stacks(StackName=MANAGED)["Stacks"][0]
    except cloudformation.exceptions.ClientError:
        cloudformation.create_change_set(
            StackName=MANAGED, TemplateBody=json.dumps(MANAGED_TEMPLATE), ChangeSetName="InitialCreation",
            ChangeSetType="CREATE", Parameters=[], Capabilities=["CAPABILITY_IAM"],
            Tags=[{"Key": "ManagedStackSource", "Value": "AwsSamCli"}],
        )  # fmt: skip
        where = {"StackName": MANAGED, "ChangeSetName": "InitialCreation"}
        cloudformation.get_waiter("change_set_create_complete").wait(WaiterConfig=PAUSES, **where)
        cloudformation.execute_change_set(**where)
        cloudformation.get_waiter("stack_create_complete").wait(StackName=MANAGED, WaiterConfig=PAUSES)
        stack = cloudformation.describe_stacks(StackName=MANAGED)["Stacks"][0]
    assert {"Key": "ManagedStackSource", "Value": "AwsSamCli"} in stack["Tags"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}["SourceBucket"]


@pytest.fixture
def upload(client, endpoint, managed_bucket):
    """Upload unless it is there; the key."""

    def uploaded(body, extension=""):
        s3, key = client("s3"), hashlib.md5(body, usedforsecurity=False).hexdigest() + extension
        try:
            s3.head_object(Bucket=managed_bucket, Key=key)
        except s3.exceptions.ClientError:
            s3.put_object(Bucket=managed_bucket, Key=key, Body=body, ServerSideEncryption="AES256")
        return key

    return uploaded


@pytest.fixture
def deploy(cloudformation, upload, managed_bucket, endpoint, zipped):
    """Deploy the application as SAM does; its outputs."""

    def deployed(kind, name, parameters):
        code = upload(zipped(HANDLER))
        template = upload((APPLICATION % f"s3://{managed_bucket}/{code}").encode(), ".template")
        change_set = cloudformation.create_change_set(
            StackName="sam-app", TemplateURL=f"{endpoint}/{managed_bucket}/{template}", ChangeSetName=name,
            ChangeSetType=kind, Parameters=parameters, Tags=[], Description="Created by SAM CLI",
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )["Id"]  # fmt: skip
        where = {"StackName": "sam-app", "ChangeSetName": change_set}
        cloudformation.get_waiter("change_set_create_complete").wait(WaiterConfig=PAUSES, **where)
        pages = cloudformation.get_paginator("describe_change_set").paginate(**where)
        changes = [change["ResourceChange"] for page in pages for change in page["Changes"]]
        seen = {event["EventId"] for event in cloudformation.describe_stack_events(StackName="sam-app")["StackEvents"]}
        cloudformation.execute_change_set(DisableRollback=False, **where)
        waiter = cloudformation.get_waiter(f"stack_{kind.lower()}_complete")
        waiter.wait(StackName="sam-app", WaiterConfig=PAUSES)
        events = cloudformation.describe_stack_events(StackName="sam-app")["StackEvents"]
        assert any(event["EventId"] not in seen for event in events)
        stack = cloudformation.describe_stacks(StackName="sam-app")["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}, changes

    return deployed


def test_sam_deploys_redeploys_and_deletes(client, cloudformation, deploy, managed_bucket, endpoint):
    outputs, changes = deploy("CREATE", "samcli-deploy1", [])
    assert {change["Action"] for change in changes} == {"Add"}
    assert {"Greeter", "GreeterRole", "ServerlessHttpApi"} <= {change["LogicalResourceId"] for change in changes}
    api = outputs["Url"].split("//")[1].split(".")[0]
    with urllib.request.urlopen(f"{endpoint}/_aws/execute-api/{api}/greet", timeout=10) as answer:
        assert answer.read() == b"bonjour"

    with pytest.raises(WaiterError) as caught:  # nothing has changed
        deploy("UPDATE", "samcli-deploy2", [{"ParameterKey": "Greeting", "UsePreviousValue": True}])
    assert caught.value.last_response["Status"] == "FAILED"
    assert "didn't contain changes" in caught.value.last_response["StatusReason"]
    summary = cloudformation.get_template_summary(StackName="sam-app")
    assert [parameter["ParameterKey"] for parameter in summary["Parameters"]] == ["Greeting"]

    _, changes = deploy("UPDATE", "samcli-deploy3", [{"ParameterKey": "Greeting", "ParameterValue": "salut"}])
    assert [(change["LogicalResourceId"], change["Replacement"]) for change in changes] == [("Greeter", "False")]
    payload = client("lambda").invoke(FunctionName=outputs["Function"])["Payload"].read()
    assert json.loads(payload) == "salut"

    template = cloudformation.get_template(StackName="sam-app", TemplateStage="Original")["TemplateBody"]
    assert "CodeUri: s3://" in template
    cloudformation.delete_stack(StackName="sam-app", RetainResources=[])
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="sam-app", WaiterConfig=PAUSES)
    with pytest.raises(ClientError, match="Function not found"):
        client("lambda").get_function(FunctionName=outputs["Function"])


def test_the_managed_bucket_is_what_its_template_says(client, managed_bucket):
    s3 = client("s3")
    assert s3.get_bucket_versioning(Bucket=managed_bucket)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_encryption(Bucket=managed_bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert all(s3.get_public_access_block(Bucket=managed_bucket)["PublicAccessBlockConfiguration"].values())
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=managed_bucket)["Policy"])["Statement"]
    assert statement["Resource"] == [f"arn:aws:s3:::{managed_bucket}"]
    assert {"Key": "ManagedStackSource", "Value": "AwsSamCli"} in s3.get_bucket_tagging(Bucket=managed_bucket)["TagSet"]


@pytest.mark.stand_in
@pytest.mark.skipif(not SAM.is_file(), reason=f"There is no SAM CLI at {SAM}.")
def test_the_sam_cli_itself_deploys_and_deletes(endpoint, tmp_path):
    stack = Path(__file__).resolve().parents[3] / "infra" / "stacks" / "partners"
    shutil.copytree(stack, tmp_path / "app")
    environ = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_ENDPOINT_URL": endpoint, "SAM_CLI_TELEMETRY": "0",
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip

    def sam(*arguments):
        command = [SAM, *arguments, "--stack-name", "sam-partners", "--region", "us-east-1"]
        result = subprocess.run(
            command, cwd=tmp_path / "app", env=environ, capture_output=True, text=True, timeout=300
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    deploy = ["deploy", "--resolve-s3", "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND",
              "--no-confirm-changeset", "--no-progressbar"]  # fmt: skip
    assert "Successfully created/updated stack - sam-partners" in sam(*deploy)
    assert "No changes to deploy" in sam(*deploy, "--no-fail-on-empty-changeset")
    outputs = json.loads(sam("list", "stack-outputs", "--output", "json"))
    assert "PaymentUrl" in {output["OutputKey"] for output in outputs}
    assert "Deleted successfully" in sam("delete", "--no-prompts")
