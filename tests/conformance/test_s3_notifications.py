"""Notifications of S3 buckets, as AWS documents them."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:reader"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:uploads"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:uploads"
CREATED = ["s3:ObjectCreated:*"]
PRINT = "import json\ndef handler(event, context): print(json.dumps(event))\n"


@pytest.fixture
def s3(cloud):
    client = cloud.client("s3")
    client.create_bucket(Bucket="photos")
    return client


@pytest.fixture
def reader(cloud, function):
    """A function that S3 may invoke, and the events it has printed: reader() -> list."""
    function("reader", PRINT)
    permit(cloud)

    def events():
        groups = [group["logGroupName"] for group in cloud.client("logs").describe_log_groups()["logGroups"]]
        if "/aws/lambda/reader" not in groups:
            return []
        found = cloud.client("logs").filter_log_events(logGroupName="/aws/lambda/reader")["events"]
        return [json.loads(event["message"]) for event in found if event["message"].startswith("{")]

    return events


def permit(cloud, principal="s3.amazonaws.com"):
    cloud.client("lambda").add_permission(
        FunctionName="reader", StatementId=principal.split(".")[0], Action="lambda:InvokeFunction", Principal=principal
    )


def notify(s3, **configuration):
    s3.put_bucket_notification_configuration(Bucket="photos", NotificationConfiguration=configuration)


def ending(suffix):
    return {"Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": suffix}]}}}


def functions(events=CREATED, **more):
    return [{"LambdaFunctionArn": FUNCTION, "Events": list(events), **more}]


def test_a_function_gets_a_record_of_a_new_object_with_its_key_encoded(cloud, s3, reader):
    notify(s3, LambdaFunctionConfigurations=functions(Id="new-photos"))
    s3.put_object(Bucket="photos", Key="a croissant/é.jpg", Body=b"12345")
    cloud.wait(10)
    ((record,),) = [event["Records"] for event in reader()]
    assert (record["eventVersion"], record["eventSource"], record["awsRegion"]) == ("2.1", "aws:s3", "us-east-1")
    assert (record["eventName"], record["s3"]["configurationId"]) == ("ObjectCreated:Put", "new-photos")
    assert record["eventTime"].startswith("2025-01-06T08:00:0")
    assert record["s3"]["bucket"]["name"] == "photos"
    assert record["s3"]["bucket"]["arn"] == "arn:aws:s3:::photos"
    found = record["s3"]["object"]
    assert (found["key"], found["size"]) == ("a+croissant/%C3%A9.jpg", 5)
    assert found["eTag"] == "827ccb0eea8a706c4c34a16891f84e7b"
    assert {"principalId"} == set(record["userIdentity"])
    assert {"sourceIPAddress"} == set(record["requestParameters"])
    assert {"x-amz-request-id", "x-amz-id-2"} == set(record["responseElements"])


def test_a_removed_object_has_neither_size_nor_etag(cloud, s3, reader):
    notify(s3, LambdaFunctionConfigurations=functions(["s3:ObjectRemoved:*"]))
    s3.put_object(Bucket="photos", Key="a.jpg", Body=b"1")
    s3.delete_object(Bucket="photos", Key="a.jpg")
    cloud.wait(10)
    ((record,),) = [event["Records"] for event in reader()]
    assert record["eventName"] == "ObjectRemoved:Delete"
    assert set(record["s3"]["object"]) == {"key", "sequencer"}


def test_in_a_bucket_with_versions_a_deletion_makes_a_marker(cloud, s3, reader):
    s3.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    notify(s3, LambdaFunctionConfigurations=functions([*CREATED, "s3:ObjectRemoved:*"]))
    version = s3.put_object(Bucket="photos", Key="a.jpg", Body=b"1")["VersionId"]
    cloud.wait(10)
    s3.delete_object(Bucket="photos", Key="a.jpg")
    cloud.wait(10)
    created, removed = [event["Records"][0] for event in reader()]
    assert created["s3"]["object"]["versionId"] == version
    assert removed["eventName"] == "ObjectRemoved:DeleteMarkerCreated"
    assert created["s3"]["object"]["sequencer"] < removed["s3"]["object"]["sequencer"]


def test_prefix_and_suffix_choose_the_objects(cloud, s3, reader):
    rules = [{"Name": "prefix", "Value": "raw/"}, {"Name": "suffix", "Value": ".jpg"}]
    notify(s3, LambdaFunctionConfigurations=functions(Filter={"Key": {"FilterRules": rules}}))
    for key in ("raw/a.jpg", "raw/a.png", "done/a.jpg"):
        s3.put_object(Bucket="photos", Key=key, Body=b"1")
    cloud.wait(10)
    assert [event["Records"][0]["s3"]["object"]["key"] for event in reader()] == ["raw/a.jpg"]


def test_queues_and_topics_are_told_and_get_a_test_message_first(cloud, s3):
    sqs, sns = cloud.client("sqs"), cloud.client("sns")
    allow = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Statement": [{**allow, "Resource": QUEUE}]})
    url = sqs.create_queue(QueueName="uploads", Attributes={"Policy": policy})["QueueUrl"]
    sns.create_topic(Name="uploads")
    notify(
        s3,
        QueueConfigurations=[{"QueueArn": QUEUE, "Events": CREATED, **ending(".jpg")}],
        TopicConfigurations=[{"TopicArn": TOPIC, "Events": CREATED, **ending(".png")}],
    )
    cloud.wait(10)
    s3.put_object(Bucket="photos", Key="a.jpg", Body=b"1")
    s3.put_object(Bucket="photos", Key="a.png", Body=b"1")
    cloud.wait(10)
    bodies = []
    while found := sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"):
        bodies.append(json.loads(found[0]["Body"]))
    assert (bodies[0]["Event"], bodies[0]["Bucket"]) == ("s3:TestEvent", "photos")
    assert bodies[1]["Records"][0]["eventName"] == "ObjectCreated:Put"
    published = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SNS", MetricName="NumberOfMessagesPublished", Statistics=["Sum"], Period=3_600,
        Dimensions=[{"Name": "TopicName", "Value": "uploads"}],
        StartTime="2025-01-06T08:00:00Z", EndTime="2025-01-06T09:00:00Z",
    )["Datapoints"]  # fmt: skip
    assert published[0]["Sum"] == 2


def test_the_default_bus_gets_an_event_of_its_own_shape(cloud, s3, reader):
    permit(cloud, "events.amazonaws.com")
    events = cloud.client("events")
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": ["photos"]}}}
    events.put_rule(Name="uploads", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="uploads", Targets=[{"Id": "1", "Arn": FUNCTION}])
    notify(s3, EventBridgeConfiguration={})
    s3.put_object(Bucket="photos", Key="a b.jpg", Body=b"12345")
    s3.delete_object(Bucket="photos", Key="a b.jpg")
    cloud.wait(10)
    (event,) = reader()
    assert (event["source"], event["detail-type"], event["resources"]) == (
        "aws.s3", "Object Created", ["arn:aws:s3:::photos"],
    )  # fmt: skip
    detail = event["detail"]
    assert (detail["version"], detail["bucket"], detail["reason"]) == ("0", {"name": "photos"}, "PutObject")
    assert (detail["object"]["key"], detail["object"]["size"]) == ("a b.jpg", 5)
    assert detail["requester"] == ACCOUNT


def test_tags_are_told_of_when_they_are_set_or_taken_away_and_not_with_a_new_object(cloud, s3, reader):
    destination = {"LambdaFunctionArn": FUNCTION, "Events": [*CREATED, "s3:ObjectTagging:*"]}
    notify(s3, LambdaFunctionConfigurations=[destination])
    s3.put_object(Bucket="photos", Key="cake.jpg", Body=b"x", Tagging="kind=cake")
    cloud.wait(30)
    s3.put_object_tagging(Bucket="photos", Key="cake.jpg", Tagging={"TagSet": [{"Key": "kind", "Value": "opera"}]})
    cloud.wait(30)
    s3.delete_object_tagging(Bucket="photos", Key="cake.jpg")
    cloud.wait(30)
    assert [event["Records"][0]["eventName"] for event in reader()] == [
        "ObjectCreated:Put", "ObjectTagging:Put", "ObjectTagging:Delete",
    ]  # fmt: skip


@pytest.mark.parametrize("destination", ["no permission", "no function", "no queue", "fifo"])
def test_a_destination_that_s3_may_not_send_to_is_refused(cloud, s3, function, destination):
    function("reader", PRINT)
    cloud.client("sqs").create_queue(QueueName="uploads.fifo", Attributes={"FifoQueue": "true"})
    arns = {"no permission": FUNCTION, "no function": FUNCTION + "s", "no queue": QUEUE, "fifo": QUEUE + ".fifo"}
    arn = arns[destination]
    part = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": CREATED}]}
    if ":sqs:" in arn:
        part = {"QueueConfigurations": [{"QueueArn": arn, "Events": CREATED}]}
    with pytest.raises(ClientError, match="Unable to validate the following destination configurations") as caught:
        notify(s3, **part)
    assert caught.value.response["Error"]["Code"] == "InvalidArgument"


def test_a_template_connects_a_bucket_to_a_function(cloud):
    template = """
    Transform: AWS::Serverless-2016-10-31
    Resources:
      Uploads:
        Type: AWS::S3::Bucket
        Properties: {BucketName: uploads}
      Reader:
        Type: AWS::Serverless::Function
        Properties:
          Runtime: python3.13
          Handler: index.handler
          InlineCode: |
            def handler(event, context):
                print("got", event["Records"][0]["s3"]["object"]["key"])
          Events:
            Upload:
              Type: S3
              Properties:
                Bucket: !Ref Uploads
                Events: "s3:ObjectCreated:*"
    """
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_stack(
        StackName="shop", TemplateBody=template, Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName="shop")
    cloud.client("s3").put_object(Bucket="uploads", Key="a.jpg", Body=b"1")
    cloud.wait(10)
    resources = cloudformation.describe_stack_resources(StackName="shop")["StackResources"]
    name = next(one["PhysicalResourceId"] for one in resources if one["LogicalResourceId"] == "Reader")
    events = cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    assert "got a.jpg" in [event["message"] for event in events]


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ((["s3:ObjectCreated:*"], "", ""), (["s3:ObjectCreated:Put"], "", ""), True),
        ((["s3:ObjectCreated:*"], "in/", ""), (["s3:ObjectCreated:*"], "in/new/", ""), True),
        ((["s3:ObjectCreated:*"], "in/", ".jpg"), (["s3:ObjectCreated:*"], "in/", ".png"), False),
        ((["s3:ObjectCreated:*"], "in/", ""), (["s3:ObjectCreated:*"], "out/", ""), False),
        ((["s3:ObjectCreated:*"], "", ""), (["s3:ObjectRemoved:*"], "", ""), False),
    ],
)
@pytest.mark.usefixtures("reader")
def test_an_event_of_an_object_goes_to_one_place(s3, one, other, overlap):
    def described(events, prefix, suffix):
        rules = [{"Name": name, "Value": value} for name, value in (("prefix", prefix), ("suffix", suffix)) if value]
        return functions(events, **({"Filter": {"Key": {"FilterRules": rules}}} if rules else {}))

    both = [*described(*one), *described(*other)]
    if not overlap:
        notify(s3, LambdaFunctionConfigurations=both)
        return
    with pytest.raises(ClientError, match="Configurations overlap"):
        notify(s3, LambdaFunctionConfigurations=both)
