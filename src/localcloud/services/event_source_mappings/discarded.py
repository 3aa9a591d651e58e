"""What a mapping tells its on-failure destination of a batch it gave up: where the records are, not the records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.sqs.exceptions import SQSException

from localcloud.api import ApiError
from localcloud.principals import Principal
from localcloud.services.iam.deliveries import delivery
from localcloud.services.lambda_ import InvokeResult
from localcloud.stores.shards import Entry

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

RETRIES_EXHAUSTED = "RetryAttemptsExhausted"
TOO_OLD = "RecordAgeExceeded"


def send_discarded(
    cloud: Cloud,
    mapping: Any,
    batch_info: str,
    shard_id: str,
    entries: Sequence[Entry],
    condition: str,
    attempts: int,
    last: InvokeResult | None,
    payload: bytes,
) -> None:
    """Send the record of a batch that was given up, if the mapping has a destination.

    Only a bucket gets the `payload` too. One that cannot be sent is gone, as on AWS.
    """
    destination = ((mapping.destination_config or {}).get("OnFailure") or {}).get("Destination")
    if not destination:
        return
    record: dict[str, Any] = {
        **_context(mapping, condition, attempts, last),
        "version": "1.0",
        "timestamp": _iso(cloud.kernel.unix_us),
        batch_info: {
            "shardId": shard_id,
            "startSequenceNumber": str(entries[0].sequence),
            "endSequenceNumber": str(entries[-1].sequence),
            "approximateArrivalOfFirstRecord": _iso(entries[0].at_us),
            "approximateArrivalOfLastRecord": _iso(entries[-1].at_us),
            "batchSize": len(entries),
            "streamArn": mapping.event_source_arn,
        },
    }
    if last is not None and "requestContext" in record:
        record["responseContext"] = {
            "statusCode": 200,
            "executedVersion": last.executed_version,
            "functionError": last.function_error,
        }
    try:
        _authorize(cloud, mapping, destination)
        _send(cloud, mapping.uuid, destination, shard_id, record, payload)
    except (ApiError, ClientError, SQSException):
        return


def _context(mapping: Any, condition: str, attempts: int, last: InvokeResult | None) -> dict[str, Any]:
    """Who gave up, and why: a mapping of a function, or a pipe."""
    pipe_arn = getattr(mapping, "pipe_arn", None)
    if pipe_arn is not None:
        return {"context": {"partnerResourceArn": pipe_arn, "condition": condition}}
    return {
        "requestContext": {
            "requestId": last.request_id if last is not None else "",
            "functionArn": mapping.function_arn,
            "condition": condition,
            "approximateInvokeCount": attempts,
        }
    }


def _authorize(cloud: Cloud, mapping: Any, destination: str) -> None:
    """The role of the function sends, or that of the pipe. Raises ApiError when it may not."""
    role = getattr(mapping, "role_arn", None)
    if role is None:
        role = cloud.lambda_.functions.model(mapping.function_arn).role
    call = delivery(destination)
    if call is not None:
        cloud.iam.authorize(Principal(str(role), str(mapping.uuid)), *call)


def _send(
    cloud: Cloud, mapping_id: str, destination: str, shard_id: str, record: dict[str, Any], payload: bytes
) -> None:
    service = destination.split(":")[2]
    if service == "sqs":
        cloud.sqs.send(destination, json.dumps(record))
    elif service == "sns":
        cloud.client("sns").publish(TopicArn=destination, Message=json.dumps(record))
    else:
        now = cloud.now
        request_id = record["requestContext"]["requestId"]
        key = f"aws/lambda/{mapping_id}/{shard_id}/{now:%Y/%m/%d}/{now:%Y-%m-%dT%H.%M.%S}-{request_id}"
        body = json.dumps({**record, "payload": payload.decode()})
        cloud.client("s3").put_object(Bucket=destination.rsplit(":", 1)[-1], Key=key, Body=body.encode())


def _iso(unix_us: int) -> str:
    return datetime.fromtimestamp(unix_us / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
