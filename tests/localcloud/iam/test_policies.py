"""What the policies of a role say together: allows, denies, wildcards, conditions, boundaries."""

from __future__ import annotations

import json

import pytest

from localcloud.services.iam.conditions import hold

WHO = "User: arn:aws:sts::123456789012:assumed-role/clerk/clerk is not authorized to perform:"
PUT = {"TableName": "orders", "Item": {"id": {"S": "1"}}}
NOW_DENIED = {"Effect": "Deny", "Action": "dynamodb:PutItem", "Resource": "*"}


def allow(action, resource="*", **condition):
    found = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**found, "Condition": condition} if condition else found


def test_what_nothing_allows_is_refused_in_awss_words(attempt, table):
    code, message = attempt("dynamodb", "put_item", "sqs:*", **PUT)
    assert code == "AccessDeniedException"
    assert message == (
        f"{WHO} dynamodb:PutItem on resource: {table} because no identity-based policy allows the dynamodb:PutItem "
        "action"
    )


@pytest.mark.parametrize(
    "right",
    [
        "dynamodb:PutItem", "dynamodb:*", "dynamodb:Put*", "DynamoDB:putitem", "*", ["sqs:*", "dynamodb:P?tItem"],
    ],
)  # fmt: skip
def test_an_action_is_matched_by_its_name_with_wildcards_whatever_the_case(attempt, table, right):
    assert attempt("dynamodb", "put_item", allow(right), **PUT)[0] == "ok"


@pytest.mark.parametrize(
    ("resource", "outcome"),
    [
        ("arn:aws:dynamodb:us-east-1:123456789012:table/orders", "ok"),
        ("arn:aws:dynamodb:*:*:table/ord*", "ok"),
        (["arn:aws:dynamodb:*:*:table/stock", "arn:aws:dynamodb:*:*:table/orders"], "ok"),
        ("arn:aws:dynamodb:*:*:table/stock", "AccessDeniedException"),
        ("arn:aws:dynamodb:*:*:table/Orders", "AccessDeniedException"),
        ("arn:aws:dynamodb:*:*:table/orders/index/*", "AccessDeniedException"),
    ],
)
def test_a_resource_is_matched_by_its_arn(attempt, table, resource, outcome):
    assert attempt("dynamodb", "put_item", allow("dynamodb:*", resource), **PUT)[0] == outcome


def test_a_deny_wins_over_every_allow(attempt, table):
    code, message = attempt("dynamodb", "put_item", "*", NOW_DENIED, **PUT)
    assert code == "AccessDeniedException"
    assert message == f"{WHO} dynamodb:PutItem on resource: {table} with an explicit deny in an identity-based policy"
    assert attempt("dynamodb", "scan", "*", NOW_DENIED, TableName="orders")[0] == "ok"


def test_all_but_some_actions_and_resources(attempt, table):
    but_writing = {"Effect": "Allow", "NotAction": ["dynamodb:Put*"], "Resource": "*"}
    but_orders = {"Effect": "Allow", "Action": "*", "NotResource": table}
    assert attempt("dynamodb", "scan", but_writing, TableName="orders")[0] == "ok"
    assert attempt("dynamodb", "put_item", but_writing, **PUT)[0] == "AccessDeniedException"
    assert attempt("dynamodb", "scan", but_orders, TableName="orders")[0] == "AccessDeniedException"


@pytest.mark.parametrize(
    ("operator", "key", "value", "outcome"),
    [
        ("StringEquals", "aws:RequestedRegion", "us-east-1", "ok"),
        ("StringEquals", "aws:RequestedRegion", ["eu-west-1", "us-east-1"], "ok"),
        ("StringEquals", "aws:requestedregion", "eu-west-1", "refused"),
        ("StringNotEquals", "aws:RequestedRegion", "eu-west-1", "ok"),
        ("StringNotEquals", "aws:RequestedRegion", ["eu-west-1", "us-east-1"], "refused"),
        ("StringLike", "aws:RequestedRegion", "us-*", "ok"),
        ("StringEqualsIgnoreCase", "aws:RequestedRegion", "US-EAST-1", "ok"),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/clerk", "ok"),
        ("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::*:role/baker", "refused"),
        ("Bool", "aws:SecureTransport", True, "ok"),
        ("Bool", "aws:SecureTransport", "false", "refused"),
        ("NumericLessThan", "aws:EpochTime", "2000000000", "ok"),
        ("NumericGreaterThanEquals", "aws:EpochTime", "2000000000", "refused"),
        ("NumericEquals", "aws:RequestedRegion", "1", "refused"),
        ("DateGreaterThan", "aws:CurrentTime", "2024-12-31T00:00:00Z", "ok"),
        ("DateLessThan", "aws:CurrentTime", "2024-12-31T00:00:00Z", "refused"),
        ("StringEquals", "aws:PrincipalTag/team", "till", "refused"),
        ("StringEqualsIfExists", "aws:PrincipalTag/team", "till", "ok"),
        ("StringNotEquals", "aws:PrincipalTag/team", "till", "ok"),
        ("Null", "aws:PrincipalTag/team", "true", "ok"),
        ("Null", "aws:RequestedRegion", "true", "refused"),
        ("ForAllValues:StringEquals", "dynamodb:LeadingKeys", ["1"], "ok"),
        ("ForAllValues:StringEquals", "dynamodb:LeadingKeys", ["2"], "refused"),
        ("ForAnyValue:StringEquals", "dynamodb:LeadingKeys", ["1"], "ok"),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["1"], "refused"),
    ],
)
def test_a_condition_must_hold(attempt, table, operator, key, value, outcome):
    code, _ = attempt("dynamodb", "put_item", allow("dynamodb:*", **{operator: {key: value}}), **PUT)
    assert code == ("ok" if outcome == "ok" else "AccessDeniedException")


def test_conditions_all_have_to_hold_each_time_anew(attempt, cloud, table):
    until = {"DateLessThan": {"aws:CurrentTime": "2025-01-06T09:00:00Z"}}
    right = allow("dynamodb:*", **until, StringEquals={"aws:RequestedRegion": "us-east-1"})
    assert attempt("dynamodb", "put_item", right, **PUT)[0] == "ok"
    cloud.wait(3_600)
    assert attempt("dynamodb", "put_item", right, **PUT)[0] == "AccessDeniedException"


def test_managed_policies_count_as_a_roles_own_do(attempt, cloud, table):
    assert attempt("dynamodb", "put_item", "sqs:*", **PUT)[0] == "AccessDeniedException"
    iam = cloud.client("iam")
    iam.attach_role_policy(RoleName="clerk", PolicyArn="arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess")
    assert attempt("dynamodb", "put_item", "sqs:*", **PUT)[0] == "ok"
    iam.detach_role_policy(RoleName="clerk", PolicyArn="arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess")
    assert attempt("dynamodb", "put_item", "sqs:*", **PUT)[0] == "AccessDeniedException"


def test_the_default_version_of_a_managed_policy_counts(attempt, cloud, table):
    iam = cloud.client("iam")
    first = json.dumps({"Version": "2012-10-17", "Statement": [allow("sqs:*")]})
    arn = iam.create_policy(PolicyName="orders", PolicyDocument=first)["Policy"]["Arn"]
    attempt("dynamodb", "put_item", "sqs:*", **PUT)
    iam.attach_role_policy(RoleName="clerk", PolicyArn=arn)
    assert attempt("dynamodb", "put_item", "sqs:*", **PUT)[0] == "AccessDeniedException"
    second = json.dumps({"Version": "2012-10-17", "Statement": allow("dynamodb:*")})  # one, not a list of them
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=second, SetAsDefault=True)
    assert attempt("dynamodb", "put_item", "sqs:*", **PUT)[0] == "ok"


def test_a_permissions_boundary_allows_nothing_and_bounds_everything(function, role, invoke, cloud, table):
    bound = json.dumps({"Version": "2012-10-17", "Statement": [allow(["dynamodb:Scan", "logs:*"])]})
    boundary = cloud.client("iam").create_policy(PolicyName="bound", PolicyDocument=bound)["Policy"]["Arn"]
    function("till", """
        import boto3
        def handler(event, context):
            told = []
            for operation, more in (("scan", {}), ("put_item", {"Item": {"id": {"S": "1"}}})):
                try:
                    getattr(boto3.client("dynamodb"), operation)(TableName="orders", **more)
                    told.append("ok")
                except Exception as exc:
                    told.append(exc.response["Error"]["Message"].partition(" because ")[2])
            return told
    """, Role=role("till", "lambda", "dynamodb:*", boundary=boundary))  # fmt: skip
    assert invoke("till")[0] == ["ok", "no permissions boundary allows the dynamodb:PutItem action"]


def test_a_role_that_was_deleted_may_do_nothing(attempt, cloud, table):
    assert attempt("dynamodb", "put_item", "dynamodb:*", **PUT)[0] == "ok"
    iam = cloud.client("iam")
    iam.delete_role_policy(RoleName="clerk", PolicyName="rights")
    iam.delete_role(RoleName="clerk")
    answer = cloud.client("lambda").invoke(
        FunctionName="clerk", Payload=json.dumps({"service": "dynamodb", "operation": "put_item", "parameters": PUT})
    )
    assert json.loads(answer["Payload"].read())[0] == "AccessDeniedException"


def test_a_refusal_takes_the_time_of_an_answer_and_is_traced(attempt, cloud, table):
    attempt("dynamodb", "put_item", "sqs:*", **PUT)
    refused = [span for span in cloud.tracer.spans() if span.name == "PutItem"]
    assert [(span.status, dict(span.attrs)["error"]) for span in refused] == [("error", "AccessDeniedException")]
    assert refused[0].end_us > refused[0].start_us


def test_whoever_is_outside_may_do_everything(cloud, table):
    cloud.client("dynamodb").put_item(**PUT)
    assert cloud.client("dynamodb").scan(TableName="orders")["Count"] == 1


@pytest.mark.parametrize(
    ("resource", "outcome"),
    [
        ("arn:aws:lambda:*:*:function:clerk", "ok"),
        ("arn:aws:lambda:*:*:*", "ok"),
        ("arn:aws:lambda:*:function:clerk", "AccessDeniedException"),  # "function" would be the account
    ],
)
def test_a_wildcard_does_not_reach_from_one_part_of_an_arn_into_the_next(attempt, resource, outcome):
    right = allow("lambda:InvokeFunction", resource)
    assert attempt("lambda", "invoke", right, FunctionName="clerk", InvocationType="DryRun")[0] == outcome


@pytest.mark.parametrize(
    ("resource", "outcome"),
    [
        ("arn:aws:dynamodb:us-east-1:${aws:PrincipalAccount}:table/*", "ok"),
        ("arn:aws:dynamodb:us-east-1:*:table/${aws:PrincipalTag/team}", "ok"),
        ("arn:aws:dynamodb:us-east-1:*:table/${aws:PrincipalTag/shop}", "refused"),
        ("arn:aws:dynamodb:us-east-1:*:table/${aws:PrincipalTag/shop, 'orders'}", "ok"),
        ("arn:aws:dynamodb:us-east-1:*:table/order${*}", "refused"),
    ],
)
def test_variables_of_a_policy_stand_for_what_the_request_has(attempt, cloud, table, resource, outcome):
    attempt("dynamodb", "put_item", "sqs:*", **PUT)
    cloud.client("iam").tag_role(RoleName="clerk", Tags=[{"Key": "team", "Value": "orders"}])
    code, _ = attempt("dynamodb", "put_item", {**allow("dynamodb:*"), "Resource": resource}, **PUT)
    assert code == ("ok" if outcome == "ok" else "AccessDeniedException")


def test_the_tags_of_a_role_may_be_conditions(attempt, cloud, table):
    right = allow("dynamodb:*", StringEquals={"aws:PrincipalTag/Team": "till"})
    assert attempt("dynamodb", "put_item", right, **PUT)[0] == "AccessDeniedException"
    cloud.client("iam").tag_role(RoleName="clerk", Tags=[{"Key": "team", "Value": "till"}])
    assert attempt("dynamodb", "put_item", right, **PUT)[0] == "ok"


@pytest.mark.parametrize(
    ("operator", "values", "given", "holds"),
    [
        ("IpAddress", ["10.0.0.0/8"], ["10.1.2.3"], True),
        ("NotIpAddress", ["10.0.0.0/8"], ["10.1.2.3"], False),
        ("IpAddress", ["10.0.0.0/8"], ["192.0.2.1"], False),
        ("NotIpAddress", ["10.0.0.0/8"], [], True),
        ("StringLike", ["a${*}"], ["a*"], True),
        ("StringLike", ["a${*}"], ["ab"], False),
        ("StringEquals", ["a${$}"], ["a$"], True),
        ("StringNotEquals", ["${no:key}"], ["a"], False),
        ("ForAnyValue:StringNotEquals", ["a"], [], False),
        ("ForAnyValue:StringNotEquals", ["a"], ["a", "b"], True),
        ("ForAllValues:StringNotEquals", ["a"], ["a", "b"], False),
        ("ForAllValues:StringLike", ["a*", "b*"], ["ab", "bc"], True),
        ("NumericNotEquals", ["3"], ["3.0"], False),
    ],
)
def test_operators_compare_what_a_request_has(operator, values, given, holds):
    context = {"x:key": tuple(given)} if given else {}
    assert hold({operator: {"x:Key": values}}, context, variables=True) is holds


# -- policies of resources -------------------------------------------------------------------------

ROLE, SESSION = "arn:aws:iam::123456789012:role/clerk", "arn:aws:sts::123456789012:assumed-role/clerk/clerk"
ROOT = "arn:aws:iam::123456789012:root"


@pytest.fixture
def send(cloud, attempt, queue):
    """send({...statement of the queue's policy...}, *rights): what a function is told that sends a message."""

    def call(statement, *rights):
        statement = {"Action": "sqs:SendMessage", "Resource": queue[1], **statement}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        cloud.client("sqs").set_queue_attributes(QueueUrl=queue[0], Attributes={"Policy": policy})
        code, told = attempt("sqs", "send_message", *rights, QueueUrl=queue[0], MessageBody="x")
        return "ok" if code == "ok" else told.partition(" arn:aws:sqs:us-east-1:123456789012:orders ")[2]

    return call


@pytest.mark.parametrize("whom", [ROLE, SESSION, "*"])
def test_a_resource_may_let_a_role_in_by_itself(send, whom):
    assert send({"Effect": "Allow", "Principal": {"AWS": whom}}, "dynamodb:*") == "ok"


@pytest.mark.parametrize("whom", ["123456789012", ROOT])
def test_an_account_that_is_let_in_lets_its_own_policies_decide(send, whom):
    statement = {"Effect": "Allow", "Principal": {"AWS": whom}}
    assert send(statement, "dynamodb:*").startswith("because no identity-based policy allows")
    assert send(statement, "sqs:*") == "ok"


@pytest.mark.parametrize("whom", [ROLE, SESSION, ROOT, "123456789012", "*"])
def test_a_resource_may_keep_a_role_or_its_whole_account_out(send, whom):
    told = send({"Effect": "Deny", "Principal": {"AWS": whom}}, "sqs:*")
    assert told == "with an explicit deny in a resource-based policy"


@pytest.mark.parametrize(("whom", "outcome"), [([ROLE, SESSION, ROOT], "ok"), ([ROOT], "denied")])
def test_a_resource_may_keep_everybody_else_out(send, whom, outcome):
    told = send({"Effect": "Deny", "NotPrincipal": {"AWS": whom}}, "sqs:*")
    assert told == ("ok" if outcome == "ok" else "with an explicit deny in a resource-based policy")


@pytest.mark.parametrize(
    ("whom", "outcome"),
    [(ROLE, "because no permissions boundary allows the sqs:sendmessage action"), (SESSION, "ok")],
)
def test_a_boundary_bounds_what_a_resource_lets_the_role_do_but_not_its_session(cloud, send, whom, outcome):
    statement = {"Effect": "Allow", "Principal": {"AWS": whom}}
    assert send(statement, "dynamodb:*") == "ok"
    bound = json.dumps({"Version": "2012-10-17", "Statement": [allow("dynamodb:*")]})
    iam = cloud.client("iam")
    boundary = iam.create_policy(PolicyName="bound", PolicyDocument=bound)["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="clerk", PermissionsBoundary=boundary)
    assert send(statement, "dynamodb:*") == outcome


def test_tables_streams_and_secrets_have_policies_too(attempt, cloud, table):
    attempt("dynamodb", "scan", "sqs:*", TableName="orders")
    cloud.client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
    stream = "arn:aws:kinesis:us-east-1:123456789012:stream/clicks"
    secret = cloud.client("secretsmanager").create_secret(Name="key", SecretString="x")["ARN"]
    for service, name, resource, call, parameters in (
        ("dynamodb", "ResourceArn", table, "put_item", PUT),
        ("kinesis", "ResourceARN", stream, "put_record", {"StreamName": "clicks", "Data": "x", "PartitionKey": "1"}),
        ("secretsmanager", "SecretId", secret, "get_secret_value", {"SecretId": "key"}),
    ):
        assert attempt(service, call, "sqs:*", **parameters)[0] == "AccessDeniedException"
        for effect, rights, code in (("Allow", "sqs:*", "ok"), ("Deny", f"{service}:*", "AccessDeniedException")):
            statement = {"Effect": effect, "Principal": {"AWS": ROLE}, "Action": f"{service}:*", "Resource": resource}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            policy_name = "ResourcePolicy" if service == "secretsmanager" else "Policy"
            cloud.client(service).put_resource_policy(**{name: resource, policy_name: policy})
            assert attempt(service, call, rights, **parameters)[0] == code


# -- items of one tenant -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "parameters", "outcome"),
    [
        ("get_item", {"Key": {"id": {"S": "1"}}}, "ok"),
        ("get_item", {"Key": {"id": {"S": "2"}}}, "refused"),
        ("query", {"KeyConditionExpression": "#i = :i", "ExpressionAttributeNames": {"#i": "id"},
                   "ExpressionAttributeValues": {":i": {"S": "1"}}}, "ok"),
        ("query", {"KeyConditionExpression": "id = :i", "ExpressionAttributeValues": {":i": {"S": "2"}}}, "refused"),
        ("scan", {}, "ok"),  # of no key at all: give no tenant the right to it
    ],
)  # fmt: skip
def test_a_policy_may_let_a_role_at_some_partition_keys_only(attempt, table, operation, parameters, outcome):
    right = allow("dynamodb:*", **{"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["1"]}})
    code, _ = attempt("dynamodb", operation, right, TableName="orders", **parameters)
    assert code == ("ok" if outcome == "ok" else "AccessDeniedException")


@pytest.mark.parametrize(
    ("operation", "requests", "outcome"),
    [
        ("batch_get_item", {"orders": {"Keys": [{"id": {"S": "1"}}]}}, "ok"),
        ("batch_get_item", {"orders": {"Keys": [{"id": {"S": "1"}}, {"id": {"S": "2"}}]}}, "refused"),
        ("batch_write_item", {"orders": [{"PutRequest": {"Item": {"id": {"S": "1"}}}}]}, "ok"),
        ("batch_write_item", {"orders": [{"DeleteRequest": {"Key": {"id": {"S": "2"}}}}]}, "refused"),
    ],
)
def test_every_key_of_a_batch_counts(attempt, table, operation, requests, outcome):
    right = allow("dynamodb:*", **{"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["1"]}})
    code, _ = attempt("dynamodb", operation, right, RequestItems=requests)
    assert code == ("ok" if outcome == "ok" else "AccessDeniedException")
