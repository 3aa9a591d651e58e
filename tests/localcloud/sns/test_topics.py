"""Topics: who receives a message, in which form, and what becomes of one that nobody takes."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from localcloud.cost import cost_report
from localcloud.net import HttpResponse

STRANGE = {"DataType": "Strange", "StringValue": "x"}
ARN = "arn:aws:{}:us-east-1:123456789012:{}"


@pytest.fixture
def sns(cloud):
    return cloud.client("sns")


@pytest.fixture
def topic(sns):
    return sns.create_topic(Name="orders")["TopicArn"]


@pytest.fixture
def queue(cloud):
    """A queue that lets SNS in (or not): queue("audit") -> (its ARN, what empties it)."""

    def create(name, open_to_sns=True):
        sqs, arn = cloud.client("sqs"), ARN.format("sqs", name)
        attributes = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*", "Resource": arn}
        if open_to_sns:
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [allow]})})

        def received():
            found = []
            every = ["All"]
            asked = {
                "MaxNumberOfMessages": 10, "MessageAttributeNames": every, "MessageSystemAttributeNames": every,
            }  # fmt: skip
            while messages := sqs.receive_message(QueueUrl=url, **asked).get("Messages"):
                found += messages
                for message in messages:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return found

        return arn, received

    return create


@pytest.fixture
def subscribe(sns, topic):
    def call(protocol, endpoint, topic_arn=None, **attributes):
        attributes = {name: v if isinstance(v, str) else json.dumps(v) for name, v in attributes.items()}
        return sns.subscribe(
            TopicArn=topic_arn or topic, Protocol=protocol, Endpoint=endpoint, Attributes=attributes,
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]  # fmt: skip

    return call


def text(value):
    return {"DataType": "String", "StringValue": value}


def test_a_queue_gets_an_envelope_after_the_hop(cloud, sns, topic, queue, subscribe):
    arn, received = queue("audit")
    subscription = subscribe("sqs", arn)
    answer = sns.publish(TopicArn=topic, Message="bread", Subject="New", MessageAttributes={"kind": text("loaf")})
    assert received() == []  # nothing arrives at once
    cloud.wait(5)
    (message,) = received()
    body = json.loads(message["Body"])
    assert {name: body[name] for name in ("Type", "MessageId", "TopicArn", "Subject", "Message")} == {
        "Type": "Notification", "MessageId": answer["MessageId"], "TopicArn": topic, "Subject": "New",
        "Message": "bread",
    }  # fmt: skip
    assert body["MessageAttributes"] == {"kind": {"Type": "String", "Value": "loaf"}}
    assert subscription in body["UnsubscribeURL"]


def test_raw_delivery_is_the_message_alone_with_its_attributes(cloud, sns, topic, queue, subscribe):
    arn, received = queue("audit")
    subscribe("sqs", arn, RawMessageDelivery="true")
    sns.publish(TopicArn=topic, Message="bread", MessageAttributes={"kind": text("loaf")})
    cloud.wait(5)
    (message,) = received()
    assert message["Body"] == "bread"
    assert message["MessageAttributes"]["kind"]["StringValue"] == "loaf"


def test_a_function_is_invoked_asynchronously(cloud, sns, topic, subscribe, function, log_lines):
    function("worker", "import json\ndef handler(event, context): print(json.dumps(event))")
    cloud.client("lambda").add_permission(
        FunctionName="worker", StatementId="sns", Action="lambda:InvokeFunction", Principal="sns.amazonaws.com",
        SourceArn=topic,
    )  # fmt: skip
    subscription = subscribe("lambda", ARN.format("lambda", "function:worker"))
    sns.publish(TopicArn=topic, Message="bread")
    cloud.wait(10)
    (line,) = [line for line in log_lines("worker") if line.startswith("{")]
    (record,) = json.loads(line)["Records"]
    assert (record["EventSource"], record["EventSubscriptionArn"]) == ("aws:sns", subscription)
    assert record["Sns"]["Message"] == "bread"
    assert (record["Sns"]["Subject"], record["Sns"]["MessageAttributes"]) == (None, {})


@pytest.mark.parametrize(
    ("policy", "scope", "passes"),
    [
        ({"kind": ["loaf"]}, "MessageAttributes", True),
        ({"kind": ["cake"]}, "MessageAttributes", False),
        ({"kind": [{"prefix": "lo"}]}, "MessageAttributes", True),
        ({"kind": [{"anything-but": ["loaf"]}]}, "MessageAttributes", False),
        ({"price": [{"numeric": [">=", 3, "<", 5]}]}, "MessageAttributes", True),
        ({"missing": [{"exists": False}]}, "MessageAttributes", True),
        ({"kind": ["loaf"], "price": [9]}, "MessageAttributes", False),
        ({"order": {"total": [{"numeric": [">", 10]}]}}, "MessageBody", True),
        ({"order": {"total": [{"numeric": ["<", 10]}]}}, "MessageBody", False),
    ],
)
def test_a_filter_policy_decides_who_hears_of_it(cloud, sns, topic, queue, subscribe, policy, scope, passes):
    arn, received = queue("audit")
    subscribe("sqs", arn, FilterPolicy=policy, FilterPolicyScope=scope)
    attributes = {"kind": text("loaf"), "price": {"DataType": "Number", "StringValue": "4.5"}}
    sns.publish(TopicArn=topic, Message='{"order": {"total": 12}}', MessageAttributes=attributes)
    cloud.wait(5)
    assert len(received()) == passes


def test_a_structured_message_has_a_text_for_each_protocol(cloud, sns, topic, queue, subscribe):
    arn, received = queue("audit")
    subscribe("sqs", arn, RawMessageDelivery="true")
    message = json.dumps({"default": "for all", "sqs": "for queues"})
    sns.publish(TopicArn=topic, Message=message, MessageStructure="json")
    cloud.wait(5)
    assert [found["Body"] for found in received()] == ["for queues"]


def test_what_a_queue_may_not_take_goes_to_the_dead_letters(cloud, sns, topic, queue, subscribe):
    shut, _ = queue("shut", open_to_sns=False)
    dead, received = queue("dead")
    subscribe("sqs", shut, RedrivePolicy={"deadLetterTargetArn": dead})
    sns.publish(TopicArn=topic, Message="bread")
    cloud.wait(5)
    (message,) = received()
    assert json.loads(message["Body"])["Message"] == "bread"
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "AccessDenied"


def test_an_endpoint_on_the_web_is_tried_again(cloud, sns, topic, subscribe):
    seen = []

    def endpoint(request):
        seen.append((cloud.now, request))
        return HttpResponse(503 if len(seen) < 3 else 200, {}, b"")

    cloud.http.serve("bakery.example", endpoint)
    subscribe("https", "https://bakery.example/orders")
    cloud.wait(50)
    sns.confirm_subscription(TopicArn=topic, Token=json.loads(seen[-1][1].body)["Token"])
    seen.clear()
    before = cloud.meter.snapshot()
    sns.publish(TopicArn=topic, Message="bread")
    cloud.wait(300)
    assert len(seen) == 3
    assert (seen[1][0] - seen[0][0]).total_seconds() == pytest.approx(20, abs=1)
    assert seen[0][1].headers["x-amz-sns-message-type"] == "Notification"
    assert json.loads(seen[0][1].body)["Message"] == "bread"
    quantities = {line.item: line.quantity for line in cost_report(cloud.meter.since(before), cloud.facts).lines}
    assert quantities["sns.http_deliveries"] == 3
    assert quantities["sns.publishes"] == 1


def test_a_message_of_a_standard_topic_may_name_a_group_for_fair_queues(cloud, sns, topic, queue, subscribe):
    arn, received = queue("audit")
    subscribe("sqs", arn, RawMessageDelivery="true")
    sns.publish(TopicArn=topic, Message="bread", MessageGroupId="amelie")
    sns.publish(TopicArn=topic, Message="cake")
    cloud.wait(5)
    groups = {message["Body"]: message["Attributes"].get("MessageGroupId") for message in received()}
    assert groups == {"bread": "amelie", "cake": None}
    with pytest.raises(ClientError, match=r"InvalidParameter.*MessageGroupId"):
        sns.publish(TopicArn=topic, Message="bread", MessageGroupId="two words")


@pytest.fixture
def fifo(sns):
    return sns.create_topic(Name="orders.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]


def test_a_fifo_topic_keeps_the_order_of_a_group_and_delivers_once(cloud, sns, fifo, queue, subscribe):
    arn, received = queue("audit.fifo")
    subscribe("sqs", arn, topic_arn=fifo, RawMessageDelivery="true")
    entry = {"TopicArn": fifo, "MessageGroupId": "amelie"}
    answers = [sns.publish(Message=str(n), MessageDeduplicationId=str(n), **entry) for n in range(20)]
    again = sns.publish(Message="twice", MessageDeduplicationId="3", **entry)
    assert again["MessageId"] == answers[3]["MessageId"]
    cloud.wait(10)
    assert [message["Body"] for message in received()] == [str(n) for n in range(20)]
    numbers = [int(answer["SequenceNumber"]) for answer in answers]
    assert numbers == sorted(set(numbers))
    cloud.wait(300)
    assert sns.publish(Message="later", MessageDeduplicationId="3", **entry)["MessageId"] != answers[3]["MessageId"]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"Message": ""}, "Empty message"),
        ({"Message": "x" * 256 * 1024 + "y"}, "Message too long"),
        ({"Message": "x", "MessageStructure": "json"}, "JSON message body failed to parse"),
        ({"Message": '{"sqs": "x"}', "MessageStructure": "json"}, "No default entry in JSON message body"),
        ({"Message": "x", "MessageAttributes": {"a": STRANGE}}, "invalid message attribute type"),
        ({"Message": "x", "TopicArn": ARN.format("sns", "nowhere")}, "Topic does not exist"),
    ],
)  # fmt: skip
def test_what_sns_refuses(sns, topic, params, message):
    with pytest.raises(ClientError, match=message):
        sns.publish(**{"TopicArn": topic, **params})


def test_a_fifo_topic_asks_for_a_group_and_a_way_to_tell_messages_apart(sns, fifo):
    with pytest.raises(ClientError, match="MessageGroupId parameter is required"):
        sns.publish(TopicArn=fifo, Message="x")
    with pytest.raises(ClientError, match="ContentBasedDeduplication"):
        sns.publish(TopicArn=fifo, Message="x", MessageGroupId="g")


def test_a_batch_takes_what_it_can(cloud, sns, topic, queue, subscribe):
    arn, received = queue("audit")
    subscribe("sqs", arn, RawMessageDelivery="true")
    entries = [{"Id": "1", "Message": "a"}, {"Id": "2", "Message": "x", "MessageStructure": "json"}]
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert [taken["Id"] for taken in answer["Successful"]] == ["1"]
    assert [(failed["Id"], failed["SenderFault"]) for failed in answer["Failed"]] == [("2", True)]
    cloud.wait(5)
    assert [message["Body"] for message in received()] == ["a"]
    with pytest.raises(ClientError, match="same Id"):
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[entries[0], entries[0]])


def test_metrics_count_what_happened(cloud, sns, topic, queue, subscribe):
    subscribe("sqs", queue("audit")[0])
    subscribe("sqs", queue("shut", open_to_sns=False)[0])
    subscribe("sqs", queue("picky")[0], FilterPolicy={"kind": ["cake"]})
    for _ in range(3):
        sns.publish(TopicArn=topic, Message="bread")
    cloud.wait(120)
    start = cloud.now.replace(hour=7)

    def total(metric):
        answer = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SNS", MetricName=metric, Dimensions=[{"Name": "TopicName", "Value": "orders"}],
            StartTime=start, EndTime=cloud.now, Period=3600, Statistics=["Sum"],
        )  # fmt: skip
        return sum(point["Sum"] for point in answer["Datapoints"])

    assert total("NumberOfMessagesPublished") == 3
    assert total("NumberOfNotificationsDelivered") == 3
    assert total("NumberOfNotificationsFailed") == 3
    assert total("NumberOfNotificationsFilteredOut") == 3


def test_a_template_changes_a_subscription_in_place(cloud, sns):
    def deploy(kind, wanted):
        template = f"""
        Resources:
          Orders: {{Type: AWS::SNS::Topic, Properties: {{DisplayName: {wanted}}}}}
          Audit: {{Type: AWS::SQS::Queue}}
          Listens:
            Type: AWS::SNS::Subscription
            Properties:
              TopicArn: !Ref Orders
              Protocol: sqs
              Endpoint: !GetAtt Audit.Arn
              FilterPolicy: {{kind: [{wanted}]}}
              RawMessageDelivery: {str(wanted == "cake").lower()}
          Open:
            Type: AWS::SNS::TopicPolicy
            Properties: {{Topics: [!Ref Orders], PolicyDocument: {{Statement: []}}}}
        """
        client = cloud.client("cloudformation")
        getattr(client, f"{kind}_stack")(StackName="shop", TemplateBody=template)
        client.get_waiter(f"stack_{kind}_complete").wait(StackName="shop", WaiterConfig={"Delay": 5})
        found = client.describe_stack_resources(StackName="shop")["StackResources"]
        return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found}

    first = deploy("create", "cake")
    assert deploy("update", "bread") == first
    attributes = sns.get_subscription_attributes(SubscriptionArn=first["Listens"])["Attributes"]
    assert json.loads(attributes["FilterPolicy"]) == {"kind": ["bread"]}
    assert attributes["RawMessageDelivery"] == "false"
    assert sns.get_topic_attributes(TopicArn=first["Orders"])["Attributes"]["DisplayName"] == "bread"


def test_a_fifo_topic_delivers_to_queues_only(cloud):
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="orders.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    with pytest.raises(ClientError, match="Please use FIFO SQS queue"):
        sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint="arn:aws:lambda:us-east-1:123456789012:function:till")


def test_the_dead_letter_queue_of_a_subscription_is_a_queue(cloud):
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="orders")["TopicArn"]
    wanted = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": "arn:aws:sqs:us-east-1:123456789012:kitchen"}
    with pytest.raises(ClientError, match="deadLetterTargetArn is an invalid arn"):
        sns.subscribe(**wanted, Attributes={"RedrivePolicy": '{"deadLetterTargetArn": "kitchen"}'})
    subscription = sns.subscribe(**wanted, ReturnSubscriptionArn=True)["SubscriptionArn"]
    with pytest.raises(ClientError, match="failed to parse JSON"):
        sns.set_subscription_attributes(
            SubscriptionArn=subscription, AttributeName="RedrivePolicy", AttributeValue="no"
        )
