"""Where the items of a distributed Map state come from: its input, or objects of S3.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from localcloud.services.states.data_flow import field, map_items
from localcloud.services.states.definition import State
from localcloud.services.states.errors import ITEM_READER, StateFailed
from localcloud.services.states.integrations import parse_resource
from localcloud.services.states.templates import View

if TYPE_CHECKING:
    from localcloud.services.states.interpreter import Interpreter

STATE_DATA = "STATE_DATA"
_DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
_GET, _LIST = "arn:aws:states:::s3:getObject", "arn:aws:states:::s3:listObjectsV2"


@dataclass(frozen=True, slots=True)
class Dataset:
    """The items, and where they came from: an S3 URI, or "" for the state's input."""

    items: list[Any]
    source: str = ""


def read_items(run: Interpreter, state: State, view: View, data: Any) -> Dataset:
    """Raises StateFailed: States.ItemReaderFailed for what cannot be read."""
    reader = state.raw.get("ItemReader")
    if reader is None:
        return Dataset(map_items(state, view, data)[0])
    config = reader.get("ReaderConfig") or {}
    place = field(state, view, "ItemReader.Arguments") or {}
    most = field(state, view, "ItemReader.MaxItems")
    source = f"s3://{place.get('Bucket', '')}/{place.get('Key', place.get('Prefix', ''))}"
    try:
        found = _objects(run, place, config) if reader["Resource"] == _LIST else _object(run, place, config)
        items = list(islice(found, int(most) if most else None))
    except StateFailed as failure:
        raise StateFailed(ITEM_READER, f"{failure.error}: {failure.cause}") from None
    except (ValueError, KeyError, TypeError, csv.Error, OSError) as exc:
        raise StateFailed(ITEM_READER, f"Attempting to read {source} failed: {exc}") from None
    return Dataset(items, source)


def _ask(run: Interpreter, action: str, arguments: Mapping[str, Any]) -> Any:
    resource = parse_resource(f"arn:aws:states:::aws-sdk:s3:{action}")
    return run.call(resource, dict(arguments))


def _text(run: Interpreter, place: Mapping[str, Any]) -> str:
    body: str = _ask(run, "getObject", place)["Body"]
    return body


# -- lists of objects ------------------------------------------------------------------------------


def _objects(run: Interpreter, place: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[Any]:
    """What is told of each object, or (LOAD_AND_FLATTEN) the items that stand in it."""
    loads = config.get("Transformation") == "LOAD_AND_FLATTEN"
    token = None
    while True:
        answer = _ask(run, "listObjectsV2", {**place, **({"ContinuationToken": token} if token else {})})
        for one in answer.get("Contents", ()):
            if loads:
                yield from _object(run, {"Bucket": place["Bucket"], "Key": one["Key"]}, config)
            else:
                yield {
                    "Etag": one["ETag"], "Key": one["Key"], "LastModified": _epoch_s(one["LastModified"]),
                    "Size": one["Size"], "StorageClass": one.get("StorageClass", "STANDARD"),
                }  # fmt: skip
        token = answer.get("NextContinuationToken")
        if not token:
            return


def _epoch_s(text: str) -> int:
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


# -- one object ------------------------------------------------------------------------------------


def _object(run: Interpreter, place: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[Any]:
    kind = config.get("InputType", "JSON")
    if kind == "CSV":
        return _csv(_text(run, place), config)
    if kind == "JSONL":
        return (json.loads(line) for line in _text(run, place).splitlines() if line.strip())
    if kind == "JSON":
        return iter(_array(json.loads(_text(run, place)), config.get("ItemsPointer", "")))
    if kind == "MANIFEST":
        return _inventory(run, place)
    raise ValueError(f"the local cloud does not read InputType {kind}")


def _array(parsed: Any, pointer: str) -> list[Any]:
    """The array of a JSON document, at a JSON Pointer, or the pairs of an object there."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        parsed = parsed[int(name)] if isinstance(parsed, list) else parsed[name]
    if isinstance(parsed, dict):
        return [{"Key": key, "Value": value} for key, value in parsed.items()]
    if not isinstance(parsed, list):
        raise ValueError("the JSON document is neither an array nor an object")
    return parsed


def _csv(text: str, config: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Rows as objects of strings, with the names of the first row or those that are given."""
    delimiter = _DELIMITERS[config.get("CSVDelimiter", "COMMA")]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    given = config.get("CSVHeaderLocation") == "GIVEN"
    headers = list(config["CSVHeaders"]) if given else next(rows, [])
    for row in rows:
        if row:
            yield dict(zip(headers, row, strict=False))


def _inventory(run: Interpreter, place: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The objects that an S3 inventory lists, by its manifest; its files are CSV, packed with gzip."""
    manifest = json.loads(_text(run, place))
    if manifest.get("fileFormat", "CSV") != "CSV":
        raise ValueError(f"the local cloud reads inventories in CSV, not in {manifest['fileFormat']}")
    headers = [name.strip() for name in manifest["fileSchema"].split(",")]
    bucket = manifest["destinationBucket"].removeprefix("arn:aws:s3:::")
    for file in manifest["files"]:
        body = run.cloud.client("s3").get_object(Bucket=bucket, Key=file["key"])["Body"].read()
        text = (gzip.decompress(body) if file["key"].endswith(".gz") else body).decode()
        for row in csv.reader(io.StringIO(text, newline="")):
            yield dict(zip(headers, row, strict=False))
