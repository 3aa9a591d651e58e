"""Virtual time against the clock on the wall."""

from __future__ import annotations

_POLLS = 200  # far more than a delay of two minutes needs at this speed


def test_virtual_time_follows_the_clock_as_fast_as_it_was_told(fast_client):
    sqs = fast_client("sqs")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=120)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    for _ in range(_POLLS):
        found = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages")
        if found:
            break
    assert [message["Body"] for message in found] == ["later"]
