"""HTTP endpoints: they confirm a subscription before they get messages, and decide how often SNS tries again."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from botocore.exceptions import ClientError

from localcloud.net import HttpRequest, HttpResponse
from localcloud.services.sns.delivery_policies import PLAIN, delivery_policy

DAY_S = 86_400
DEFAULT = {"retries": 3, "delay_s": 20}
URL = "https://bakery.example/orders"


@pytest.fixture
def sns(cloud):
    return cloud.client("sns")


@pytest.fixture
def topic(sns):
    return sns.create_topic(Name="orders")["TopicArn"]


@pytest.fixture
def endpoint(cloud):
    """What the endpoint was sent: (time, request). It answers with `answers`, 200 at last."""

    class Endpoint(list):
        answers: list[int] = []

        def messages(self, kind):
            wanted = [request for _, request in self if request.headers["x-amz-sns-message-type"] == kind]
            return [json.loads(request.body) for request in wanted]

    seen = Endpoint()

    def serve(request):
        seen.append((cloud.now, request))
        return HttpResponse(seen.answers.pop(0) if seen.answers else 200, {}, b"")

    cloud.http.serve("bakery.example", serve)
    return seen


def visit(cloud, url):
    return cloud.kernel.call(cloud.http.request, HttpRequest("GET", url))


@pytest.fixture
def confirmed(cloud, sns, topic, endpoint):
    """Subscribe the endpoint with attributes, and confirm it."""

    def subscribe(**attributes):
        given = {name: json.dumps(value) for name, value in attributes.items()}
        sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=URL, Attributes=given)
        cloud.wait(5)
        token = endpoint.messages("SubscriptionConfirmation")[-1]["Token"]
        endpoint.clear()
        return sns.confirm_subscription(TopicArn=topic, Token=token)["SubscriptionArn"]

    return subscribe


def test_an_endpoint_is_asked_first_and_gets_messages_once_it_has_confirmed(cloud, sns, topic, endpoint):
    answer = sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=URL)
    assert answer["SubscriptionArn"] == "pending confirmation"
    sns.publish(TopicArn=topic, Message="too early")
    cloud.wait(5)
    (asked,) = endpoint.messages("SubscriptionConfirmation")
    assert asked["TopicArn"] == topic
    assert asked["Message"].startswith(f"You have chosen to subscribe to the topic {topic}.\nTo confirm the ")
    assert set(asked) == {
        "Type", "MessageId", "Token", "TopicArn", "Message", "SubscribeURL", "Timestamp", "SignatureVersion",
        "Signature", "SigningCertURL",
    }  # fmt: skip
    arn = sns.confirm_subscription(TopicArn=topic, Token=asked["Token"])["SubscriptionArn"]
    assert arn.startswith(f"{topic}:")
    assert sns.confirm_subscription(TopicArn=topic, Token=asked["Token"])["SubscriptionArn"] == arn
    sns.publish(TopicArn=topic, Message="bread")
    cloud.wait(5)
    assert [message["Message"] for message in endpoint.messages("Notification")] == ["bread"]


def test_a_visit_to_the_url_in_the_message_confirms_as_well(cloud, sns, topic, endpoint):
    sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=URL)
    cloud.wait(5)
    (asked,) = endpoint.messages("SubscriptionConfirmation")
    answer = visit(cloud, asked["SubscribeURL"])
    (found,) = sns.list_subscriptions()["Subscriptions"]
    assert answer.status == 200
    assert f"<SubscriptionArn>{found['SubscriptionArn']}</SubscriptionArn>" in answer.body.decode()


def test_a_function_behind_a_url_confirms_for_itself(cloud, sns, topic, function, log_lines, let_in):
    """Plain Python: it opens the SubscribeURL."""
    function(
        "subscriber",
        """
        import json, urllib.request
        def handler(event, context):
            message = json.loads(event["body"])
            if message["Type"] == "SubscriptionConfirmation":
                urllib.request.urlopen(message["SubscribeURL"])
            else:
                print("got", message["Message"])
        """,
    )
    client = cloud.client("lambda")
    url = client.create_function_url_config(FunctionName="subscriber", AuthType="NONE")["FunctionUrl"]
    let_in(client, "subscriber")
    sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=url)
    cloud.wait(10)
    sns.publish(TopicArn=topic, Message="bread")
    cloud.wait(10)
    assert "got bread" in log_lines("subscriber")


def test_a_pending_subscription_is_shown_as_one(cloud, sns, topic, endpoint):
    arn = sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=URL, ReturnSubscriptionArn=True)["SubscriptionArn"]
    for listed in (sns.list_subscriptions(), sns.list_subscriptions_by_topic(TopicArn=topic)):
        assert [found["SubscriptionArn"] for found in listed["Subscriptions"]] == ["PendingConfirmation"]

    def shown():
        attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
        own = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        return attributes["SubscriptionsPending"], attributes["SubscriptionsConfirmed"], own["PendingConfirmation"]

    assert shown() == ("1", "0", "true")
    cloud.wait(5)
    visit(cloud, endpoint.messages("SubscriptionConfirmation")[0]["SubscribeURL"])
    assert shown() == ("0", "1", "false")


def test_a_subscription_that_nobody_confirms_is_gone_after_two_days(cloud, sns, topic, endpoint):
    sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=URL)
    cloud.wait(5)
    (asked,) = endpoint.messages("SubscriptionConfirmation")
    cloud.wait(2 * DAY_S)
    assert sns.list_subscriptions()["Subscriptions"] == []
    with pytest.raises(ClientError, match="Invalid parameter: Token"):
        sns.confirm_subscription(TopicArn=topic, Token=asked["Token"])


def test_subscribing_again_sends_another_token_while_the_first_is_pending(cloud, sns, topic, endpoint):
    sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=URL)
    cloud.wait(DAY_S)
    sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=URL)
    cloud.wait(1.5 * DAY_S)  # the first token is old by now
    first, second = endpoint.messages("SubscriptionConfirmation")
    assert first["Token"] != second["Token"]
    arn = sns.confirm_subscription(TopicArn=topic, Token=second["Token"])["SubscriptionArn"]
    assert sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=URL)["SubscriptionArn"] == arn
    cloud.wait(5)
    assert len(endpoint.messages("SubscriptionConfirmation")) == 2


@pytest.mark.parametrize("token", ["", "x" * 256])
def test_a_wrong_token_confirms_nothing(cloud, sns, topic, endpoint, token):
    sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=URL)
    with pytest.raises(ClientError, match="Invalid parameter: Token"):
        sns.confirm_subscription(TopicArn=topic, Token=token)
    answer = visit(cloud, f"https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}&Token=x")
    assert (answer.status, b"<Code>InvalidParameter</Code>" in answer.body) == (400, True)
    with pytest.raises(ClientError, match="Topic does not exist"):
        sns.confirm_subscription(TopicArn=f"{topic}s", Token=token)


def test_the_link_in_a_message_ends_the_subscription(cloud, sns, topic, endpoint, confirmed):
    confirmed()
    sns.publish(TopicArn=topic, Message="bread")
    cloud.wait(5)
    assert visit(cloud, endpoint.messages("Notification")[0]["UnsubscribeURL"]).status == 200
    assert sns.list_subscriptions()["Subscriptions"] == []


def test_the_confirmation_is_tried_again_too(cloud, sns, topic, endpoint):
    endpoint.answers = [500, 503]
    sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=URL)
    cloud.wait(100)
    asked = endpoint.messages("SubscriptionConfirmation")
    assert len(asked) == 3
    assert len({message["MessageId"] for message in asked}) == 1


def pauses(cloud, sns, topic, endpoint):
    """How long SNS waited before each retry of one message, in seconds."""
    endpoint.answers = [503] * 20
    sns.publish(TopicArn=topic, Message="bread")
    cloud.wait(600)
    times = [at for at, _ in endpoint]
    return [round((later - earlier).total_seconds()) for earlier, later in pairwise(times)]


def test_retries_follow_the_delivery_policy_of_the_subscription(cloud, sns, topic, endpoint, confirmed):
    phases = {"numRetries": 5, "numNoDelayRetries": 1, "numMinDelayRetries": 1}
    policy = {**phases, "minDelayTarget": 5, "maxDelayTarget": 15}
    request = {"headerContentType": "application/json"}
    confirmed(DeliveryPolicy={"healthyRetryPolicy": policy, "requestPolicy": request})
    assert pauses(cloud, sns, topic, endpoint) == [0, 5, 5, 10, 15]
    assert endpoint[0][1].headers["content-type"] == "application/json"


def test_a_topic_has_a_policy_for_those_that_have_none(cloud, sns, topic, endpoint, confirmed):
    policy = {"http": {"defaultHealthyRetryPolicy": {"numRetries": 2, "minDelayTarget": 1, "maxDelayTarget": 1}}}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DeliveryPolicy", AttributeValue=json.dumps(policy))
    confirmed()
    assert pauses(cloud, sns, topic, endpoint) == [1, 1]


@pytest.mark.parametrize("growth", ["linear", "arithmetic", "geometric", "exponential"])
def test_delays_grow_from_the_least_to_the_longest(growth):
    retry = {"numRetries": 6, "minDelayTarget": 1, "maxDelayTarget": 60, "backoffFunction": growth}
    found = delivery_policy("", json.dumps({"healthyRetryPolicy": retry}), DEFAULT).pauses_s
    assert (found[0], found[-1]) == (1, 60)
    assert list(found) == sorted(found)


def test_a_topic_can_forbid_policies_of_its_subscriptions():
    own = json.dumps({"healthyRetryPolicy": {"numRetries": 50}})
    topic = json.dumps({"http": {"disableSubscriptionOverrides": True}})
    assert delivery_policy(topic, own, DEFAULT).pauses_s == (20, 20, 20)
    assert delivery_policy("", own, DEFAULT).content_type == PLAIN
