"""Versions, aliases and resource policies: what cannot be done twice, and what cannot be taken away."""

from __future__ import annotations

import json

import pytest

ARN = "arn:aws:lambda:us-east-1:123456789012:function:shop"


@pytest.fixture
def lambda_(cloud, function):
    function("shop", "def handler(event, context): return context.function_version")
    return cloud.client("lambda")


@pytest.fixture
def publish(lambda_):
    """Publish so many different versions, and give their numbers."""

    def make(count):
        made = []
        for number in range(count):
            lambda_.update_function_configuration(FunctionName="shop", MemorySize=1_024 + len(made) + number)
            made.append(lambda_.publish_version(FunctionName="shop")["Version"])
        return made

    return make


def versions(lambda_):
    return [found["Version"] for found in lambda_.list_versions_by_function(FunctionName="shop")["Versions"]]


def test_the_number_of_a_deleted_version_is_never_given_out_again(lambda_, publish):
    assert publish(3) == ["1", "2", "3"]
    lambda_.delete_function(FunctionName="shop", Qualifier="1")
    assert lambda_.publish_version(FunctionName="shop")["Version"] == "3"  # nothing has changed since
    lambda_.delete_function(FunctionName="shop", Qualifier="3")
    assert lambda_.publish_version(FunctionName="shop")["Version"] == "4"
    assert versions(lambda_) == ["$LATEST", "2", "4"]
    for version in ("2", "4"):
        lambda_.delete_function(FunctionName="shop", Qualifier=version)
    assert publish(1) == ["5"]


def test_a_function_made_anew_counts_from_one(lambda_, publish, function):
    publish(2)
    lambda_.delete_function(FunctionName="shop")
    function("shop", "def handler(event, context): return 1", Publish=True)
    assert versions(lambda_) == ["$LATEST", "1"]


def test_a_version_that_an_alias_needs_cannot_be_deleted(lambda_, publish):
    publish(3)
    lambda_.create_alias(FunctionName="shop", Name="live", FunctionVersion="1")
    lambda_.create_alias(
        FunctionName="shop", Name="beta", FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}}
    )
    conflict = lambda_.exceptions.ResourceConflictException
    with pytest.raises(conflict, match=r"because the following aliases reference it: \[beta, live\]") as caught:
        lambda_.delete_function(FunctionName="shop", Qualifier="1")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    with pytest.raises(conflict, match=r"reference it: \[beta\]"):
        lambda_.delete_function(FunctionName=f"{ARN}:2")
    lambda_.delete_function(FunctionName="shop", Qualifier="3")
    lambda_.delete_alias(FunctionName="shop", Name="beta")
    lambda_.delete_function(FunctionName="shop", Qualifier="2")
    assert versions(lambda_) == ["$LATEST", "1"]


def test_latest_stays_with_its_function_and_an_absent_version_is_gone_already(lambda_):
    with pytest.raises(lambda_.exceptions.InvalidParameterValueException, match="cannot be deleted without deleting"):
        lambda_.delete_function(FunctionName="shop", Qualifier="$LATEST")
    lambda_.delete_function(FunctionName="shop", Qualifier="99")
    assert versions(lambda_) == ["$LATEST"]


@pytest.mark.parametrize("reference", ["shop", ARN])
def test_no_two_aliases_have_one_name(lambda_, publish, reference):
    publish(1)
    lambda_.create_alias(FunctionName="shop", Name="live", FunctionVersion="1")
    with pytest.raises(lambda_.exceptions.ResourceConflictException) as caught:
        lambda_.create_alias(FunctionName=reference, Name="live", FunctionVersion="1")
    assert caught.value.response["Error"]["Message"] == f"Alias already exists: {ARN}:live"


def test_an_unknown_type_of_invocation_is_refused(lambda_):
    """Live answer, https://github.com/ex-aws/ex_aws/pull/442."""
    with pytest.raises(lambda_.exceptions.ClientError) as caught:
        lambda_.invoke(FunctionName="shop", InvocationType="dry_run")
    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationException"
    assert error["Message"] == (
        "1 validation error detected: Value 'dry_run' at 'invocationType' failed to satisfy constraint: Member must "
        "satisfy enum value set: [DryRun, RequestResponse, Event]"
    )


# -- resource policies -----------------------------------------------------------------------


def permit(lambda_, **more):
    given = {"StatementId": "s3", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", **more}
    return json.loads(lambda_.add_permission(FunctionName="shop", **given)["Statement"])


def test_a_statement_says_who_may_do_what_under_which_conditions(lambda_):
    assert permit(lambda_, SourceArn="arn:aws:s3:::cakes", SourceAccount="123456789012") == {
        "Sid": "s3",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": ARN,
        "Condition": {
            "StringEquals": {"AWS:SourceAccount": "123456789012"},
            "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::cakes"},
        },
    }
    url = permit(lambda_, StatementId="u", Action="lambda:InvokeFunctionUrl", Principal="*", FunctionUrlAuthType="NONE")
    assert (url["Principal"], url["Condition"]) == ("*", {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}})
    invoke = permit(lambda_, StatementId="i", Principal="*", InvokedViaFunctionUrl=True)
    assert invoke["Condition"] == {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}
    account = permit(lambda_, StatementId="a", Principal="210987654321")
    assert account["Principal"] == {"AWS": "arn:aws:iam::210987654321:root"}


def test_a_statement_id_is_used_once_in_a_policy(lambda_, publish):
    publish(1)
    permit(lambda_)
    with pytest.raises(lambda_.exceptions.ResourceConflictException) as caught:
        permit(lambda_, Principal="sns.amazonaws.com")
    assert caught.value.response["Error"]["Message"] == (
        "The statement id (s3) provided already exists. Please provide a new statement id, or remove the existing "
        "statement."
    )
    assert permit(lambda_, Qualifier="1")["Resource"] == f"{ARN}:1"  # another policy


def test_function_version_and_alias_have_a_policy_each(lambda_, publish):
    publish(1)
    lambda_.create_alias(FunctionName="shop", Name="live", FunctionVersion="1")
    permit(lambda_)
    permit(lambda_, StatementId="sns", Principal="sns.amazonaws.com", Qualifier="live")

    def statements(**where):
        policy = json.loads(lambda_.get_policy(FunctionName="shop", **where)["Policy"])
        return [statement["Sid"] for statement in policy["Statement"]]

    assert (statements(), statements(Qualifier="live")) == (["s3"], ["sns"])
    missing = lambda_.exceptions.ResourceNotFoundException
    with pytest.raises(missing, match="The resource you requested does not exist"):
        statements(Qualifier="1")
    with pytest.raises(missing, match="Statement sns is not found in resource policy"):
        lambda_.remove_permission(FunctionName="shop", StatementId="sns")
    lambda_.remove_permission(FunctionName="shop", StatementId="sns", Qualifier="live")
    with pytest.raises(missing):
        statements(Qualifier="live")


def test_a_policy_is_changed_only_when_it_is_the_one_that_was_read(lambda_):
    permit(lambda_)
    revision = lambda_.get_policy(FunctionName="shop")["RevisionId"]
    permit(lambda_, StatementId="more", RevisionId=revision)
    with pytest.raises(lambda_.exceptions.PreconditionFailedException):
        lambda_.remove_permission(FunctionName="shop", StatementId="more", RevisionId=revision)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"Qualifier": "$LATEST"}, "We currently do not support adding policies for"),
        ({"FunctionUrlAuthType": "NONE"}, "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action"),
    ],
)
def test_permissions_that_make_no_sense_are_refused(lambda_, wrong, message):
    with pytest.raises(lambda_.exceptions.InvalidParameterValueException, match=message):
        permit(lambda_, **wrong)


def test_a_permission_for_the_function_is_none_for_its_alias(cloud, lambda_, publish):
    """A rule that invokes the alias needs a statement about the alias."""
    publish(1)
    lambda_.create_alias(FunctionName="shop", Name="live", FunctionVersion="1")
    events = cloud.client("events")
    rule = events.put_rule(Name="orders", EventPattern=json.dumps({"source": ["shop"]}))["RuleArn"]
    events.put_targets(Rule="orders", Targets=[{"Id": "live", "Arn": f"{ARN}:live"}])
    rules = {"StatementId": "rule", "Principal": "events.amazonaws.com", "SourceArn": rule}

    def invocations():
        events.put_events(Entries=[{"Source": "shop", "DetailType": "order", "Detail": "{}"}])
        cloud.wait(60)
        return cloud.meter.snapshot().total("lambda.requests")

    permit(lambda_, **rules)
    assert invocations() == 0
    permit(lambda_, **rules, Qualifier="live")
    assert invocations() == 1


@pytest.mark.parametrize("reference", ["shop:1", f"{ARN}:1", "shop:live"])
def test_what_is_published_stays_as_it_is(lambda_, publish, reference):
    publish(1)
    lambda_.create_alias(FunctionName="shop", Name="live", FunctionVersion="1")
    before = lambda_.get_function_configuration(FunctionName="shop:1")["MemorySize"]
    with pytest.raises(lambda_.exceptions.InvalidParameterValueException, match=r"only \$LATEST can be changed"):
        lambda_.update_function_configuration(FunctionName=reference, MemorySize=before + 1)
    with pytest.raises(lambda_.exceptions.InvalidParameterValueException, match="version or alias not supported"):
        lambda_.put_function_concurrency(FunctionName=reference, ReservedConcurrentExecutions=1)
    assert lambda_.get_function_configuration(FunctionName="shop:1")["MemorySize"] == before
    lambda_.update_function_configuration(FunctionName="shop:$LATEST", MemorySize=before + 1)
    assert lambda_.get_function_configuration(FunctionName="shop")["MemorySize"] == before + 1


def test_a_version_is_published_of_the_code_that_is_meant(lambda_):
    found = lambda_.get_function_configuration(FunctionName="shop")["CodeSha256"]
    with pytest.raises(lambda_.exceptions.InvalidParameterValueException, match=r"different from current CodeSHA256"):
        lambda_.publish_version(FunctionName="shop", CodeSha256="of something else")
    assert lambda_.publish_version(FunctionName="shop", CodeSha256=found)["Version"] == "1"
