"""Recursive loops through Lambda, SQS, SNS and S3, as Lambda detects and stops them."""

from __future__ import annotations

import json

import pytest

ACCOUNT = "123456789012"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:echo"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:echoes"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:echoes"
MOST = 16


def echo(call):
    return f"import boto3, json, time\ndef handler(event, context):\n    {call}\n"


TO_QUEUE = echo("boto3.client('sqs').send_message(QueueUrl='echoes', MessageBody='again')")
TO_TOPIC = echo(f"boto3.client('sns').publish(TopicArn='{TOPIC}', Message='again')")
TO_ITSELF = echo("boto3.client('lambda').invoke(FunctionName='echo', InvocationType='Event')")
TO_BUCKET = echo("boto3.client('s3').put_object(Bucket='echoes', Key=str(time.time()), Body=b'again')")
TO_BUS = echo("boto3.client('events').put_events(Entries=[{'Source': 'e', 'DetailType': 'e', 'Detail': '{}'}])")


@pytest.fixture
def queue(cloud):
    sqs = cloud.client("sqs")
    sqs.create_queue(QueueName="lost")
    redrive = {"deadLetterTargetArn": QUEUE.replace("echoes", "lost"), "maxReceiveCount": 2}
    attributes = {"VisibilityTimeout": "10", "RedrivePolicy": json.dumps(redrive)}
    return sqs.create_queue(QueueName="echoes", Attributes=attributes)["QueueUrl"]


@pytest.fixture
def invocations(cloud):
    """How often the function was invoked, and how often Lambda stopped it."""

    def metric(name):
        points = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda", MetricName=name, Statistics=["Sum"], Period=86_400,
            Dimensions=[{"Name": "FunctionName", "Value": "echo"}],
            StartTime="2025-01-06T00:00:00Z", EndTime="2025-01-07T00:00:00Z",
        )["Datapoints"]  # fmt: skip
        return sum(point["Sum"] for point in points)

    return lambda: (metric("Invocations"), metric("RecursiveInvocationsDropped"))


def permit(cloud, service):
    cloud.client("lambda").add_permission(
        FunctionName="echo", StatementId=service, Action="lambda:InvokeFunction", Principal=f"{service}.amazonaws.com"
    )


def test_a_loop_through_a_queue_is_stopped_and_its_message_goes_to_the_dead_letters(
    cloud, function, queue, invocations
):
    function("echo", TO_QUEUE)
    cloud.client("lambda").create_event_source_mapping(FunctionName="echo", EventSourceArn=QUEUE)
    cloud.client("sqs").send_message(QueueUrl=queue, MessageBody="first")
    cloud.wait(300)
    count, dropped = invocations()
    assert count == MOST
    assert dropped == 2  # it was received twice, as the redrive policy says
    assert cloud.sqs.counts("lost").visible == 1


def test_a_loop_through_a_topic_ends_at_the_on_failure_destination(cloud, function, queue, invocations):
    function("echo", TO_TOPIC)
    permit(cloud, "sns")
    cloud.client("sns").create_topic(Name="echoes")
    cloud.client("sns").subscribe(TopicArn=TOPIC, Protocol="lambda", Endpoint=FUNCTION)
    destination = {"OnFailure": {"Destination": QUEUE.replace("echoes", "lost")}}
    cloud.client("lambda").put_function_event_invoke_config(FunctionName="echo", DestinationConfig=destination)
    cloud.client("sns").publish(TopicArn=TOPIC, Message="first")
    cloud.wait(300)
    assert invocations() == (MOST, 1)
    assert cloud.sqs.counts("lost").visible == 1


def test_a_loop_through_a_topic_and_a_queue_is_stopped(cloud, function, queue, invocations):
    function("echo", TO_TOPIC)
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Statement": [{**allow, "Resource": QUEUE}]})
    cloud.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    cloud.client("sns").create_topic(Name="echoes")
    cloud.client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE)
    cloud.client("lambda").create_event_source_mapping(FunctionName="echo", EventSourceArn=QUEUE)
    cloud.client("sns").publish(TopicArn=TOPIC, Message="first")
    cloud.wait(300)
    assert invocations()[0] == MOST


def test_a_function_that_invokes_itself_is_stopped(cloud, function, invocations):
    function("echo", TO_ITSELF)
    cloud.client("lambda").invoke(FunctionName="echo", InvocationType="Event")
    cloud.wait(300)
    assert invocations() == (MOST, 1)


def test_a_synchronous_caller_gets_the_exception(function, invoke):
    function(
        "echo",
        """
        import boto3, json
        def handler(event, context):
            try:
                client = boto3.client("lambda")
                answer = client.invoke(FunctionName="echo", Payload=json.dumps(event + 1))
            except client.exceptions.RecursiveInvocationException as exc:
                return [event, exc.response["Error"]["Message"]]
            return json.loads(answer["Payload"].read())
        """,
        Timeout=60,
    )
    depth, message = invoke("echo", 1)[0]
    assert depth == MOST
    assert message.startswith("Lambda has detected your function being invoked in a recursive loop")


def test_a_loop_through_a_bucket_is_stopped(cloud, function, invocations):
    function("echo", TO_BUCKET)
    permit(cloud, "s3")
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="echoes")
    s3.put_bucket_notification_configuration(
        Bucket="echoes",
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [{"LambdaFunctionArn": FUNCTION, "Events": ["s3:ObjectCreated:*"]}]
        },
    )
    s3.put_object(Bucket="echoes", Key="first", Body=b"1")
    cloud.wait(300)
    assert invocations() == (MOST, 1)


def test_a_loop_through_a_bus_is_not_seen(cloud, function, invocations):
    function("echo", TO_BUS)
    permit(cloud, "events")
    events = cloud.client("events")
    events.put_rule(Name="again", EventPattern='{"source": ["e"]}')
    events.put_targets(Rule="again", Targets=[{"Id": "1", "Arn": FUNCTION}])
    events.put_events(Entries=[{"Source": "e", "DetailType": "e", "Detail": "{}"}])
    cloud.wait(60)
    count, dropped = invocations()
    assert count > 2 * MOST
    assert dropped == 0


def test_a_function_may_be_allowed_to_loop(cloud, function, queue, invocations):
    function("echo", TO_QUEUE)
    client = cloud.client("lambda")
    assert client.get_function_recursion_config(FunctionName="echo")["RecursiveLoop"] == "Terminate"
    client.put_function_recursion_config(FunctionName="echo", RecursiveLoop="Allow")
    assert client.get_function_recursion_config(FunctionName="echo")["RecursiveLoop"] == "Allow"
    client.create_event_source_mapping(FunctionName="echo", EventSourceArn=QUEUE)
    cloud.client("sqs").send_message(QueueUrl=queue, MessageBody="first")
    cloud.wait(30)
    assert invocations()[0] > 2 * MOST


def test_requests_that_begin_anew_are_no_loop(cloud, function, invoke, invocations):
    function("echo", "def handler(event, context): return 1")
    for _ in range(2 * MOST):
        assert invoke("echo")[0] == 1
    assert invocations() == (2 * MOST, 0)
