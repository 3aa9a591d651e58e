"""What a distributed Map state makes of its children's results: an output, or files on S3 with a manifest.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from localcloud.services.states.data_flow import field
from localcloud.services.states.definition import State
from localcloud.services.states.errors import RESULT_WRITER, StateFailed
from localcloud.services.states.executions import SUCCEEDED, Execution, iso
from localcloud.services.states.integrations import parse_resource
from localcloud.services.states.map_runs import Batch, MapRun
from localcloud.services.states.templates import View

if TYPE_CHECKING:
    from localcloud.services.states.interpreter import Interpreter

_PUT = "arn:aws:states:::aws-sdk:s3:putObject"


def outputs(map_run: MapRun, config: Mapping[str, Any]) -> list[Any]:
    """The results in the order of the items. Those of children that failed are told in full."""
    kind = config.get("Transformation", "COMPACT")
    return _transformed([batch.child for batch in map_run.batches if batch.child is not None], kind)


def write_results(run: Interpreter, state: State, view: View, map_run: MapRun) -> dict[str, Any]:
    """Write them to S3. Raises StateFailed: States.ResultWriterFailed."""
    place = field(state, view, "ResultWriter.Arguments") or {}
    config = state.raw["ResultWriter"].get("WriterConfig") or {}
    bucket, prefix = place["Bucket"], str(place.get("Prefix", "")).strip("/")
    folder = f"{prefix}/{map_run.id}" if prefix else map_run.id
    lines = config.get("OutputType", "JSON") == "JSONL"
    files: dict[str, list[dict[str, Any]]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    for status, results in _by_status(map_run, config.get("Transformation", "NONE")).items():
        if not results:
            continue
        body = _lines(results) if lines else json.dumps(results, separators=(",", ":"), ensure_ascii=False)
        key = f"{folder}/{status}_0.{'jsonl' if lines else 'json'}"
        _put(run, bucket, key, body)
        files[status].append({"Key": key, "Size": len(body.encode())})
    manifest = {"DestinationBucket": bucket, "MapRunArn": map_run.arn, "ResultFiles": files}
    key = f"{folder}/manifest.json"
    _put(run, bucket, key, json.dumps(manifest))
    map_run.results_written = sum(batch.child is not None for batch in map_run.batches)
    return {"MapRunArn": map_run.arn, "ResultWriterDetails": {"Bucket": bucket, "Key": key}}


def _by_status(map_run: MapRun, kind: str) -> dict[str, list[Any]]:
    begun = [batch.child for batch in map_run.batches if batch.child is not None]
    return {
        "SUCCEEDED": _transformed([child for child in begun if child.status == SUCCEEDED], kind),
        "FAILED": [_told(child) for child in begun if child.status != SUCCEEDED],
        "PENDING": [_pending(batch) for batch in map_run.batches if batch.child is None],
    }


def _transformed(children: Sequence[Execution], kind: str) -> list[Any]:
    found: list[Any] = []
    for child in children:
        if child.status != SUCCEEDED or kind == "NONE":
            found.append(_told(child))
            continue
        output = json.loads(child.output_text or "null")
        if kind == "FLATTEN" and isinstance(output, list):
            found += output
        else:
            found.append(output)
    return found


def _told(child: Execution) -> dict[str, Any]:
    """An execution with its metadata, as DescribeExecution has it, in PascalCase."""
    found: dict[str, Any] = {
        "ExecutionArn": child.arn, "Input": child.input_text, "InputDetails": {"Included": True},
        "Name": child.name, "RedriveCount": child.redrives, "StartDate": iso(child.started_us),
        "StateMachineArn": child.machine_arn, "Status": child.status,
    }  # fmt: skip
    if child.stopped_us is not None:
        found["StopDate"] = iso(child.stopped_us)
    if child.output_text is not None:
        found |= {"Output": child.output_text, "OutputDetails": {"Included": True}}
    if child.error is not None:
        found |= {"Error": child.error, "Cause": child.cause or ""}
    return found


def _pending(batch: Batch) -> dict[str, Any]:
    return {"Input": batch.input_text, "InputDetails": {"Included": True}, "Status": "PENDING"}


def _lines(results: Sequence[Any]) -> str:
    return "\n".join(json.dumps(result, separators=(",", ":"), ensure_ascii=False) for result in results) + "\n"


def _put(run: Interpreter, bucket: str, key: str, body: str) -> None:
    arguments = {"Bucket": bucket, "Key": key, "Body": body}
    try:
        run.call(parse_resource(_PUT), arguments)
    except StateFailed as failure:
        raise StateFailed(RESULT_WRITER, f"{failure.error}: {failure.cause}") from None
