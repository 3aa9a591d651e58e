"""Deploying the architectures of a lab, whole or changed, and reading what they are made of."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from localcloud.stacks.parsing import parse_template
from patisserie.session.releases import Release, changed_stack, changed_template, code_of_functions
from patisserie.session.standing import Standing, plainly
from patisserie.targets import DeployedStack, TargetError

PARTNERS = "partners"


class Deploying(Standing):
    """A session that can deploy."""

    @plainly
    def deploy(self, name: str, parameters: Mapping[str, str] | None = None) -> DeployedStack:
        """Deploy one of the lab's architectures, and the partners that it calls. "mine" is the learner's own.

        Raises TargetError with CloudFormation's own reason.
        """
        return self._deploy(name, self._template(name), parameters)

    def _deploy(self, name: str, template: Path, parameters: Mapping[str, str] | None = None) -> DeployedStack:
        declared = parse_template(template.read_text(encoding="utf-8")).get("Parameters") or {}
        given = dict(parameters or {})
        if any(parameter.endswith("Url") for parameter in declared):
            partners = self._partners()
            given = {key: value for key, value in partners.outputs.items() if key in declared} | given
        stack = self.target.deploy(f"{self.lab.slug}-{name}", template, given)
        self.stacks[name] = stack
        return stack

    @plainly
    def remove(self, name: str) -> None:
        """Delete one architecture that is no longer needed; the others and the partners stay."""
        self.target.delete(self._standing(name).name)
        del self.stacks[name]

    @plainly
    def release(self, name: str, change: str) -> Release:
        """Ship one of the lab's changes: its files take the place of those of the same name, in every package.

        `deploy(name)` takes it back. Raises TargetError for an unknown change.
        """
        before = code_of_functions(self.target.client("lambda"), self._standing(name))
        with changed_stack(self._template(name).parent, self._stacks / "releases", change) as template:
            stack = self._deploy(name, template)
        after = code_of_functions(self.target.client("lambda"), stack)
        replaced = tuple(function for function, code in after.items() if before.get(function) != code)
        return Release(change, replaced, len(after))

    @plainly
    def deploy_changed(self, name: str, change: Callable[[dict[str, Any]], None]) -> DeployedStack:
        """Deploy an architecture as it would be with a change of its template; its own files stay as they are.

        `change` gets the template as a mapping with long-form intrinsic functions, and edits it in place.
        """
        with changed_template(self._template(name).parent, change) as template:
            return self._deploy(name, template)

    @plainly
    def partners(self, parameters: Mapping[str, str]) -> DeployedStack:
        """Deploy the partners anew with these parameters ("PaymentMilliseconds": "500"); {} for the usual ones."""
        return self._partners(parameters)

    def _partners(self, parameters: Mapping[str, str] | None = None) -> DeployedStack:
        if PARTNERS not in self.stacks or parameters is not None:
            template = self.root / "infra" / "stacks" / "partners" / "template.yaml"
            given = {**self.lab.partners, **(parameters or {})}
            self.stacks[PARTNERS] = self.target.deploy(PARTNERS, template, given)
        return self.stacks[PARTNERS]

    def _template(self, name: str) -> Path:
        if name == "mine" and self.workspace is not None:
            return self.workspace.template
        path = self._stacks / name / "template.yaml" if name else self._stacks / "template.yaml"
        if not path.is_file():
            known = sorted(p.parent.name for p in self._stacks.glob("*/template.yaml"))
            raise TargetError(
                f"Lab {self.lab.number} has no architecture {name!r}; it has {', '.join(known)} and mine."
            )
        return path

    def template(self, name: str) -> dict[str, Any]:
        """The template of an architecture, as a mapping."""
        return parse_template(self._template(name).read_text(encoding="utf-8"))

    def source(self, name: str, file: str, function: str) -> str:
        """The lines of one function of an architecture, to be read.

        Raises TargetError for an unknown file or function.
        """
        path = self._template(name).parent / "src" / file
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.name == function:
                return ast.get_source_segment(text, node) or ""
        raise TargetError(f"There is no function {function!r} in {file!r} of {name!r}.")
