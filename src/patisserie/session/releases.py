"""Shipping a change to a system that stands, and seeing how many functions it reaches."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from localcloud.stacks.parsing import parse_template
from patisserie.targets.base import DeployedStack, TargetError


@dataclass(frozen=True, slots=True)
class Release:
    """A change that was deployed: `replaced` are the functions whose code is another one now, of so many."""

    change: str
    replaced: tuple[str, ...]
    of: int

    def __repr__(self) -> str:
        names = f": {', '.join(self.replaced)}" if self.replaced else ""
        return f"The release {self.change!r} replaced the code of {len(self.replaced)} of {self.of} functions{names}."


@contextmanager
def changed_stack(stack: Path, releases: Path, change: str) -> Iterator[Path]:
    """The template of a copy of a stack in which the files of a change have taken their places.

    Raises TargetError for an unknown change.
    """
    known = sorted(path.name for path in releases.glob("*") if path.is_dir())
    if change not in known:
        raise TargetError(f"There is no release {change!r}; there are: {', '.join(known) or 'none'}.")
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / stack.name
        shutil.copytree(stack, copy, ignore=shutil.ignore_patterns("__pycache__"))
        for new in sorted((releases / change).glob("*.py")):
            for old in sorted((copy / "src").rglob(new.name)):
                shutil.copyfile(new, old)
        yield copy / "template.yaml"


@contextmanager
def changed_template(stack: Path, change: Callable[[dict[str, Any]], None]) -> Iterator[Path]:
    """The template of a copy of a stack after `change` has edited it."""
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / stack.name
        shutil.copytree(stack, copy, ignore=shutil.ignore_patterns("__pycache__"))
        path = copy / "template.yaml"
        template = parse_template(path.read_text(encoding="utf-8"))
        change(template)
        path.write_text(yaml.safe_dump(template, sort_keys=False, allow_unicode=True), encoding="utf-8")
        yield path


def code_of_functions(client: Any, stack: DeployedStack) -> dict[str, str]:
    """The fingerprint of each function's code, by its name in the template."""
    return {
        resource.logical_id: client.get_function_configuration(FunctionName=resource.physical_id)["CodeSha256"]
        for resource in stack.resources
        if resource.type == "AWS::Lambda::Function"
    }
