"""The shape of Map states: their mode, and what only a distributed one has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.services.states.errors import InvalidDefinition
from localcloud.services.states.queries import is_expression

_ONLY_DISTRIBUTED = ("ItemReader", "ItemBatcher", "ResultWriter", "Label")
_LONGEST_LABEL = 40
_READERS = ("arn:aws:states:::s3:getObject", "arn:aws:states:::s3:listObjectsV2")
_WRITERS = ("arn:aws:states:::s3:putObject",)
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "Mode": ("INLINE", "DISTRIBUTED"),
    "ExecutionType": ("STANDARD", "EXPRESS"),
    "InputType": ("CSV", "JSON", "JSONL", "MANIFEST", "PARQUET"),
    "CSVHeaderLocation": ("FIRST_ROW", "GIVEN"),
    "CSVDelimiter": ("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"),
    "ManifestType": ("S3_INVENTORY", "ATHENA_DATA"),
    "Transformation": ("NONE", "COMPACT", "FLATTEN", "LOAD_AND_FLATTEN"),
    "OutputType": ("JSON", "JSONL"),
}
_READER_CONFIG = {
    "InputType", "CSVHeaderLocation", "CSVHeaders", "CSVDelimiter", "MaxItems", "MaxItemsPath", "ManifestType",
    "ItemsPointer", "Transformation",
}  # fmt: skip
_BATCHER = {
    "BatchInput", "MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath",
}  # fmt: skip


def check_map(raw: Mapping[str, Any], where: str, jsonata: bool) -> None:
    """What the Map state `raw` has beside its processor. Raises InvalidDefinition."""
    processor = raw.get("ItemProcessor", raw.get("Iterator")) or {}
    config = processor.get("ProcessorConfig", {}) if isinstance(processor, dict) else {}
    _fields(config, {"Mode", "ExecutionType"}, f"{where}/ItemProcessor/ProcessorConfig")
    distributed = is_distributed(raw)
    place = f"{where}/ItemProcessor/ProcessorConfig/ExecutionType"
    if distributed:
        _need("ExecutionType" in config, "ExecutionType is required for a DISTRIBUTED Map", place)
    else:
        _need("ExecutionType" not in config, "ExecutionType is only supported for a DISTRIBUTED Map", place)
        for name in _ONLY_DISTRIBUTED:
            _need(name not in raw, f"The field '{name}' is only supported for a DISTRIBUTED Map", f"{where}/{name}")
    _need(len(raw.get("Label", "")) <= _LONGEST_LABEL, f"At most {_LONGEST_LABEL} characters", f"{where}/Label")
    arguments = "Arguments" if jsonata else "Parameters"
    if "ItemReader" in raw:
        _check_reader(raw["ItemReader"], arguments, f"{where}/ItemReader")
    if "ItemBatcher" in raw:
        _fields(raw["ItemBatcher"], _BATCHER, f"{where}/ItemBatcher")
        limited = {name for name in raw["ItemBatcher"] if name.startswith("Max")}
        _need(bool(limited), "MaxItemsPerBatch or MaxInputBytesPerBatch is required", f"{where}/ItemBatcher")
    if "ResultWriter" in raw:
        _check_writer(raw["ResultWriter"], arguments, f"{where}/ResultWriter")


def is_distributed(raw: Mapping[str, Any]) -> bool:
    """Whether a Map state starts an execution for each item."""
    processor = raw.get("ItemProcessor") or {}
    config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
    return isinstance(config, dict) and config.get("Mode") == "DISTRIBUTED"


def _check_reader(reader: Any, arguments: str, where: str) -> None:
    _fields(reader, {"Resource", "ReaderConfig", arguments}, where)
    _need(reader.get("Resource") in _READERS, f"Resource must be one of {', '.join(_READERS)}", f"{where}/Resource")
    _need(arguments in reader, f"Field {arguments} is required", f"{where}/{arguments}")
    config = reader.get("ReaderConfig", {})
    _fields(config, _READER_CONFIG, f"{where}/ReaderConfig")
    loads = reader["Resource"] == _READERS[0] or config.get("Transformation") == "LOAD_AND_FLATTEN"
    _need(not loads or "InputType" in config, "Field InputType is required", f"{where}/ReaderConfig/InputType")
    if config.get("InputType") == "CSV":
        given = config.get("CSVHeaderLocation")
        place = f"{where}/ReaderConfig"
        _need(given is not None, "Field CSVHeaderLocation is required", f"{place}/CSVHeaderLocation")
        _need((given == "GIVEN") == ("CSVHeaders" in config), "CSVHeaders goes with GIVEN", f"{place}/CSVHeaders")


def _check_writer(writer: Any, arguments: str, where: str) -> None:
    _fields(writer, {"Resource", "WriterConfig", arguments}, where)
    _need(bool(writer), "ResultWriter must have WriterConfig, or Resource and its parameters", where)
    _need(("Resource" in writer) == (arguments in writer), f"Resource and {arguments} go together", where)
    if "Resource" in writer:
        _need(writer["Resource"] in _WRITERS, f"Resource must be {_WRITERS[0]}", f"{where}/Resource")
    _fields(writer.get("WriterConfig", {}), {"Transformation", "OutputType"}, f"{where}/WriterConfig")


def _fields(given: Any, allowed: set[str], where: str) -> None:
    _need(isinstance(given, dict), "Expected value of type Object", where)
    for name, value in given.items():
        _need(name in allowed, "Field is not supported", f"{where}/{name}")
        choices = _CHOICES.get(name)
        if choices is not None and not is_expression(value):
            _need(value in choices, f"Value must be one of {', '.join(choices)}", f"{where}/{name}")


def _need(fits: bool, message: str, where: str) -> None:
    if not fits:
        raise InvalidDefinition(f"SCHEMA_VALIDATION_FAILED: {message} at {where}")
