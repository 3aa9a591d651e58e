"""The learner's own working copy of a lab's stacks. What is in infra/ is never changed."""

from __future__ import annotations

import ast
import itertools
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from localcloud.stacks.parsing import TemplateError, parse_fragment, parse_template
from patisserie.errors import OneSentence


class WorkspaceError(OneSentence):
    """What the learner asked for is not in the working copy. The message says what is."""


class Workspace:
    """A working copy of one stack: a base with an overlay of the files that differ at the start.

    Args:
        directory: where the copy lives.
        base: the stack that the lab ends with.
        overlay: the files that the lab starts with instead, in the same layout.
    """

    def __init__(self, directory: Path, base: Path, overlay: Path) -> None:
        self.directory = directory
        self._base, self._overlay = base, overlay

    def ensure(self) -> None:
        """Make the copy when there is none; a copy that is there stays as it is."""
        if not self.directory.exists():
            self._copy()

    def reset(self) -> Path | None:
        """Start again; the old copy is kept and its new place returned (None when there was none)."""
        kept = self._free_name() if self.directory.exists() else None
        if kept is not None:
            self.directory.rename(kept)
        self._copy()
        return kept

    def _free_name(self) -> Path:
        numbers = itertools.count(1)
        names = (self.directory.with_name(f"{self.directory.name}.kept-{number}") for number in numbers)
        return next(path for path in names if not path.exists())

    def _copy(self) -> None:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(self._base, self.directory, ignore=ignored)
        shutil.copytree(self._overlay, self.directory, dirs_exist_ok=True, ignore=ignored)

    def untouched(self, files: Iterable[str]) -> bool:
        """Whether all of these are as they were at the start. A file that is gone is not."""
        return all(_same(self.directory / name, self._original(name)) for name in files)

    def pristine(self) -> bool:
        """Whether the whole copy is as it was at the start, byte for byte."""
        start = {path.relative_to(base) for base in (self._base, self._overlay) for path in _files(base)}
        mine = {path.relative_to(self.directory) for path in _files(self.directory)}
        return mine == start and all(
            (self.directory / name).read_bytes() == self._original(name.as_posix()).read_bytes() for name in mine
        )

    def _original(self, name: str) -> Path:
        overlay = self._overlay / name
        return overlay if overlay.exists() else self._base / name

    @property
    def template(self) -> Path:
        return self.directory / "template.yaml"

    def write_handler(self, name: str, source: str) -> None:
        """Put the source of one file in place. Raises WorkspaceError for an unknown file or wrong Python."""
        path = self._known(name)
        try:
            compile(source, name, "exec")
        except SyntaxError as exc:
            raise WorkspaceError(f"{name} is not valid Python, line {exc.lineno}: {exc.msg}.") from exc
        path.write_text(source, encoding="utf-8")

    def replace_functions(self, name: str, source: str) -> None:
        """Put the functions that `source` defines in the place of those of the same name in one file.

        What else it holds (imports, constants, helpers) goes before the first of them, or in the place of its namesake.
        Raises WorkspaceError for an unknown file or function, or wrong Python.
        """
        path = self._known(name)
        text = path.read_text(encoding="utf-8")
        new, old = _parsed(source, "The cell"), _parsed(text, name)
        functions = [node.name for node in new if isinstance(node, _FUNCTIONS)]
        places = [node.name for node in old if isinstance(node, _FUNCTIONS)]
        if not functions:
            raise WorkspaceError("The cell defines no function; it should hold the one to be replaced.")
        if not set(functions) & set(places):
            raise WorkspaceError(f"{name} has no function {functions[0]!r}; it has {', '.join(places)}.")
        named = {_name(node): node for node in old if _name(node)}
        there = {ast.dump(node) for node in old}
        lines, given = text.splitlines(), source.splitlines()
        changes: list[tuple[int, int, list[str]]] = []  # from, to, what takes their place
        added: list[str] = []
        for node in new:
            first, last = _span(node)
            if _name(node) in named:
                changes.append((*_span(named[_name(node)]), given[first:last]))
            elif ast.dump(node) not in there:
                added += given[first:last]
        before = min(_span(node)[0] for node in old if isinstance(node, _FUNCTIONS) and node.name in functions)
        changes.append((before, before, [*added, "", ""] if added else []))
        for start, end, text_lines in sorted(changes, key=lambda change: change[:2], reverse=True):
            lines[start:end] = text_lines
        self.write_handler(name, "\n".join(lines) + "\n")

    def _known(self, name: str) -> Path:
        path = self.directory / "src" / name
        files = (self.directory / "src").rglob("*.py")
        known = ", ".join(sorted(p.relative_to(self.directory / "src").as_posix() for p in files))
        if name not in known.split(", "):  # never a path to somewhere else
            known = known or "gone (lab.reset() brings them back)"
            raise WorkspaceError(f"There is no file {name!r} in this system; its files are {known}.")
        return path

    def merge_template(self, fragment: str) -> None:
        """Merge resources into the template: mappings member by member, null takes a member away.

        Raises WorkspaceError when the fragment is not YAML or names a resource that needs a Type.
        """
        try:
            changes = parse_fragment(fragment)
        except TemplateError as exc:
            raise WorkspaceError(f"The cell is not a part of a template: {exc}") from exc
        template = parse_template(self.template.read_text(encoding="utf-8"))
        merged = merge(template["Resources"], changes)
        for name, resource in merged.items():
            if name in _SECTIONS:
                raise WorkspaceError(
                    f"{name!r} is a section of a template, and a cell is a part of its Resources: begin with the name "
                    "of a resource. The other sections stay as they are."
                )
            if "Type" not in resource:
                known = ", ".join(template["Resources"])
                raise WorkspaceError(f"{name!r} is new and has no Type; the system's resources are {known}.")
        template["Resources"] = merged
        self.restore_template(yaml.safe_dump(template, sort_keys=False, allow_unicode=True))

    def restore_template(self, text: str) -> None:
        """Put a whole template in place."""
        self.template.write_text(text, encoding="utf-8")


_SECTIONS = ("Resources", "Outputs", "Parameters", "Globals", "Conditions", "Mappings", "Metadata", "Transform")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _parsed(source: str, what: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except SyntaxError as exc:
        raise WorkspaceError(f"{what} is not valid Python, line {exc.lineno}: {exc.msg}.") from exc


def _name(node: ast.stmt) -> str:
    """What a statement at the top of a module defines; "" when it is not one thing."""
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        return node.name
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return ""


def _span(node: ast.stmt) -> tuple[int, int]:
    """The lines of a statement with its decorators, for slicing."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(part.lineno for part in decorators)]) - 1, node.end_lineno or node.lineno


def _same(one: Path, other: Path) -> bool:
    """Whether two files mean the same: of Python without comments and open gaps (...), of anything else the bytes."""
    if not one.is_file():
        return False
    if one.suffix != ".py" or one.read_bytes() == other.read_bytes():
        return one.read_bytes() == other.read_bytes()
    try:
        ast.parse(one.read_bytes())
    except SyntaxError:
        return False  # edited by hand, and half-way: the function itself will say so
    return _meaning(one.read_text(encoding="utf-8")) == _meaning(other.read_text(encoding="utf-8"))


def _files(directory: Path) -> list[Path]:
    return [path for path in sorted(directory.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]


def _meaning(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and len(body) > 1:
            node.body = [part for part in body if not _is_gap(part)] or body  # type: ignore[attr-defined]
    return ast.dump(tree)


def _is_gap(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is Ellipsis


def merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """`old` with the members of `new`; None takes one away."""
    merged = dict(old)
    for name, value in new.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(merged.get(name), Mapping) and len(_functions(value)) == 0:
            merged[name] = merge(merged[name], value)
        else:
            merged[name] = value
    return merged


def _functions(value: Mapping[str, Any]) -> list[str]:
    """Intrinsic functions are values, not structure."""
    return [name for name in value if name == "Ref" or name.startswith("Fn::")]
