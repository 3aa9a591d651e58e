"""Local code to deployable code: what `aws cloudformation package` does, byte for byte repeatable.

Every `CodeUri` and `ContentUri` of a SAM template that names a directory beside it becomes a zip
in an S3 bucket, named by its content, and the template points there.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.stacks.parsing import TemplateError, parse_template

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip can hold: archives must not depend on the clock
_IGNORED = ("__pycache__", ".DS_Store")
_CODE_PROPERTIES = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
}


class PackagingError(Exception):
    """A template or the code beside it cannot be packaged."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip of code. `key` names its content, so the same code has the same key."""

    key: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Package:
    """A template ready for CloudFormation (`template`, with every code reference rewritten) and its archives."""

    template: dict[str, Any]
    archives: tuple[Archive, ...]


def load_template(path: Path) -> dict[str, Any]:
    """A template with long-form intrinsic functions.

    Raises PackagingError when the file is missing, is not YAML, or has no Resources.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise PackagingError(f"No template at {path}: {exc.strerror}.") from exc
    try:
        return parse_template(text)
    except TemplateError as exc:
        raise PackagingError(f"{path.name}: {exc}") from exc


def zip_directory(directory: Path) -> bytes:
    """A zip with the same bytes for the same files: sorted, without times or owners."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(directory.rglob("*"), key=lambda p: p.relative_to(directory).as_posix()):
            relative = path.relative_to(directory)
            if path.is_dir() or any(part in _IGNORED for part in relative.parts):
                continue
            info = zipfile.ZipInfo(relative.as_posix(), _EPOCH)
            info.external_attr = 0o644 << 16
            archive.writestr(info, path.read_bytes())
    return buffer.getvalue()


def package(template_path: Path, bucket: str) -> Package:
    """Package a SAM template for `bucket`.

    Raises PackagingError when a code directory does not exist or is empty.
    """
    template = load_template(template_path)
    archives: dict[str, Archive] = {}
    for holder, name in _code_references(template):
        directory = template_path.parent / holder[name]
        if not directory.is_dir() or not any(directory.iterdir()):
            raise PackagingError(
                f"{template_path.name} names {holder[name]!r} as code, but there is no such directory with files "
                f"in {template_path.parent}."
            )
        content = zip_directory(directory)
        archive = Archive(f"{hashlib.sha256(content).hexdigest()}.zip", content)
        archives[archive.key] = archive
        holder[name] = f"s3://{bucket}/{archive.key}"
    return Package(template, tuple(archives[key] for key in sorted(archives)))


def _code_references(template: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Every mapping and key that names a local directory of code."""
    candidates = [(template.get("Globals", {}).get("Function"), "CodeUri")]
    for resource in template["Resources"].values():
        name = _CODE_PROPERTIES.get(resource.get("Type"))
        if name is not None:
            candidates.append((resource.get("Properties"), name))
    for holder, name in candidates:
        if isinstance(holder, dict) and isinstance(holder.get(name), str) and not holder[name].startswith("s3://"):
            yield holder, name
