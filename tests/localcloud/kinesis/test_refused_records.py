"""Records and streams that Kinesis refuses, with its own codes."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def kinesis(cloud):
    client = cloud.client("kinesis")
    client.create_stream(StreamName="orders", ShardCount=1)
    return client


@pytest.mark.parametrize(
    ("record", "code", "message"),
    [
        ({"PartitionKey": "k" * 257}, "ValidationException", "length less than or equal to 256"),
        ({"Data": b"x" * (1024 * 1024 + 1)}, "ValidationException", "length less than or equal to 1048576"),
        ({"ExplicitHashKey": "zz"}, "InvalidArgumentException", "Invalid ExplicitHashKey"),
        ({"ExplicitHashKey": str(2**128)}, "InvalidArgumentException", "Invalid ExplicitHashKey"),
    ],
)
def test_a_record_that_kinesis_would_refuse_is_refused(kinesis, record, code, message):
    with pytest.raises(ClientError, match=message) as caught:
        kinesis.put_record(**{"StreamName": "orders", "Data": b"1", "PartitionKey": "k", **record})
    assert caught.value.response["Error"]["Code"] == code


def test_five_hundred_records_are_the_most_of_a_request(kinesis):
    records = [{"Data": b"1", "PartitionKey": "k"}] * 501
    with pytest.raises(ClientError, match="length less than or equal to 500"):
        kinesis.put_records(StreamName="orders", Records=records)


def test_a_stream_is_created_once(kinesis):
    with pytest.raises(kinesis.exceptions.ResourceInUseException, match=r"Stream orders under .* already exists"):
        kinesis.create_stream(StreamName="orders", ShardCount=1)
