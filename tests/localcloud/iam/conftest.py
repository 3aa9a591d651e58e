"""An account in which the policies of roles decide, and its roles."""

from __future__ import annotations

import json

import pytest

from localcloud import Cloud

STATEMENT = {"Effect": "Allow", "Resource": "*"}


@pytest.fixture
def cloud():
    """A fresh simulated account that enforces IAM."""
    with Cloud(seed=7, enforce_iam=True) as made:
        yield made


@pytest.fixture
def role(cloud):
    """role("name", "lambda", "sqs:*", {...statement...}): the ARN of a role that a service may assume, and its rights.

    Calling it again for the same name gives it other rights.
    """
    iam, made = cloud.client("iam"), {}

    def make(name, service, *rights, boundary=None):
        if name not in made:
            principal = {"Service": f"{service}.amazonaws.com"}
            trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
            more = {"PermissionsBoundary": boundary} if boundary else {}
            made[name] = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust), **more)["Role"]["Arn"]
        statements = [{**STATEMENT, "Action": right} if isinstance(right, str) else right for right in rights]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=document(*statements))
        return made[name]

    return make


@pytest.fixture
def attempt(function, role, invoke):
    """attempt("sqs", "send_message", *rights, **parameters): what AWS says to a function with these rights."""
    source = """
        import boto3
        def handler(event, context):
            try:
                getattr(boto3.client(event["service"]), event["operation"])(**event["parameters"])
                return ["ok", ""]
            except Exception as exc:
                return [exc.response["Error"]["Code"], exc.response["Error"]["Message"]]
    """
    made = []

    def call(service, operation, *rights, **parameters):
        if not made:
            made.append(function("clerk", source, Role=role("clerk", "lambda", *rights)))
        role("clerk", "lambda", *rights)
        return invoke("clerk", {"service": service, "operation": operation, "parameters": parameters})[0]

    return call


@pytest.fixture
def table(cloud):
    """The ARN of the table "orders"."""
    return cloud.client("dynamodb").create_table(
        TableName="orders", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )["TableDescription"]["TableArn"]  # fmt: skip


@pytest.fixture
def queue(cloud):
    """(URL, ARN) of the queue "orders"."""
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
