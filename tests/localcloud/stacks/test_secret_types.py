"""Secrets and keys of templates, and how functions and templates get at them."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def deploy(cloud):
    """deploy(resources) makes the stack or updates it: its status and outputs."""
    client = cloud.client("cloudformation")

    def call(resources, update=False, **more):
        template = json.dumps({"Resources": resources, **more})
        (client.update_stack if update else client.create_stack)(StackName="shop", TemplateBody=template)
        cloud.wait(120)
        stack = client.describe_stacks(StackName="shop")["Stacks"][0]
        return stack["StackStatus"], {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}

    return call


def secret(**properties):
    return {"Type": "AWS::SecretsManager::Secret", "Properties": properties}


def test_a_secret_is_given_or_generated_and_goes_with_its_stack(cloud, deploy):
    generated = {"SecretStringTemplate": '{"user": "till"}', "GenerateStringKey": "word", "PasswordLength": 20}
    wanted = {"Given": secret(Name="partner", SecretString="1-2-3"), "Made": secret(GenerateSecretString=generated)}
    status, outputs = deploy(wanted, Outputs={"Arn": {"Value": {"Ref": "Made"}}})
    secrets = cloud.client("secretsmanager")
    assert status == "CREATE_COMPLETE"
    assert secrets.get_secret_value(SecretId="partner")["SecretString"] == "1-2-3"
    made = json.loads(secrets.get_secret_value(SecretId=outputs["Arn"])["SecretString"])
    assert (made["user"], len(made["word"])) == ("till", 20)
    status, _ = deploy({**wanted, "Given": secret(Name="partner", SecretString="4-5-6")}, update=True)
    assert secrets.get_secret_value(SecretId="partner")["SecretString"] == "4-5-6"
    assert json.loads(secrets.get_secret_value(SecretId=outputs["Arn"])["SecretString"]) == made
    cloud.client("cloudformation").delete_stack(StackName="shop")
    cloud.wait(120)
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        secrets.get_secret_value(SecretId="partner")


def test_a_template_resolves_the_secret_of_another(cloud, deploy):
    cloud.client("secretsmanager").create_secret(Name="till", SecretString='{"pin": "1234"}')
    value = "{{resolve:secretsmanager:till:SecretString:pin}}"
    status, _ = deploy({"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "pin", "Type": "String",
                                                                              "Value": value}}})  # fmt: skip
    assert status == "CREATE_COMPLETE"
    assert cloud.client("ssm").get_parameter(Name="pin")["Parameter"]["Value"] == "1234"


def test_a_key_encrypts_under_its_alias(cloud, deploy):
    key = {"Type": "AWS::KMS::Key", "Properties": {"Description": "till", "EnableKeyRotation": True}}
    alias = {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/till", "TargetKeyId": {"Ref": "Key"}}}
    status, outputs = deploy(
        {"Key": key, "Alias": alias}, Outputs={"Arn": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}}}
    )
    kms = cloud.client("kms")
    assert status == "CREATE_COMPLETE"
    sealed = kms.encrypt(KeyId="alias/till", Plaintext=b"opera")["CiphertextBlob"]
    opened = kms.decrypt(CiphertextBlob=sealed)
    assert (opened["Plaintext"], opened["KeyId"]) == (b"opera", outputs["Arn"])
    assert kms.get_key_rotation_status(KeyId=outputs["Arn"])["KeyRotationEnabled"]


def test_settings_of_tables_are_kept(cloud, deploy):
    table = {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": "orders", "BillingMode": "PAY_PER_REQUEST", "DeletionProtectionEnabled": True,
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "TimeToLiveSpecification": {"AttributeName": "gone", "Enabled": False},
        },
    }  # fmt: skip
    assert deploy({"T": table})[0] == "CREATE_COMPLETE"
    dynamodb = cloud.client("dynamodb")
    with pytest.raises(ClientError, match="protected against deletion"):
        dynamodb.delete_table(TableName="orders")
    backups = dynamodb.describe_continuous_backups(TableName="orders")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    table["Properties"] |= {"DeletionProtectionEnabled": False}
    table["Properties"]["TimeToLiveSpecification"]["Enabled"] = True
    assert deploy({"T": table}, update=True)[0] == "UPDATE_COMPLETE"
    ttl = dynamodb.describe_time_to_live(TableName="orders")["TimeToLiveDescription"]
    assert ttl == {"AttributeName": "gone", "TimeToLiveStatus": "ENABLED"}


@pytest.mark.parametrize(
    ("resources", "more", "reason"),
    [
        ({"Q-1": {"Type": "AWS::SQS::Queue"}}, {}, "Resource name {Q-1} is non alphanumeric"),
        ({"Q": {"Type": "AWS::SQS::Queue"}}, {"AWSTemplateFormatVersion": "2011-01-01"},
         "unsupported value for AWSTemplateFormatVersion"),
    ],
)  # fmt: skip
def test_names_and_versions_are_checked(deploy, resources, more, reason):
    with pytest.raises(ClientError, match=reason):
        deploy(resources, **more)


def test_applications_out_of_the_repository_are_refused(cloud):
    place = {"ApplicationId": "arn:aws:serverlessrepo:us-east-1:1:applications/x", "SemanticVersion": "1.0.0"}
    application = {"Type": "AWS::Serverless::Application", "Properties": {"Location": place}}
    template = json.dumps({"Transform": "AWS::Serverless-2016-10-31", "Resources": {"App": application}})
    with pytest.raises(ClientError, match="no Serverless Application Repository"):
        cloud.client("cloudformation").create_stack(
            StackName="shop", TemplateBody=template, Capabilities=["CAPABILITY_AUTO_EXPAND"]
        )
