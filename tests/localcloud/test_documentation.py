"""The library says of itself what a caller needs: what it does, in which units, and what it raises."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap

import pytest

import localcloud

PACKAGES = (
    "localcloud", "localcloud.conformance", "localcloud.cost", "localcloud.errors", "localcloud.facts",
    "localcloud.faults", "localcloud.kernel", "localcloud.latency", "localcloud.metering", "localcloud.net",
    "localcloud.pytest_plugin", "localcloud.server", "localcloud.services.agentcore",
    "localcloud.services.appsync_events", "localcloud.services.bedrock", "localcloud.spans",
)  # fmt: skip
UNITS = re.compile(
    r"(_us|_ms|_s|_h|_kb|_mb|_gb|_bytes|_usd|_hours|_days|_id|_per_minute|seconds|port|seed|times|factor|status|count|size|number)$"
)


def exported(package):
    """What a package offers: its __all__, or what is written in it and has a public name."""
    module = importlib.import_module(package)
    names = getattr(module, "__all__", None)
    if names is None:
        names = [name for name, value in vars(module).items() if getattr(value, "__module__", "") == package]
    found = {name: getattr(module, name) for name in names if not name.startswith("_")}
    return {name: value for name, value in found.items() if inspect.isclass(value) or inspect.isfunction(value)}


def functions(owner, name):
    """(name, function) of a function, or of a class's own public methods and properties."""
    if inspect.isfunction(owner):
        yield name, owner
        return
    for member, value in vars(owner).items():
        function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if not member.startswith("_") and inspect.isfunction(function):
            yield f"{name}.{member}", function


def offered():
    """Every exported class and function, once."""
    seen = set()
    for package in PACKAGES:
        for name, value in exported(package).items():
            if id(value) not in seen:
                seen.add(id(value))
                yield pytest.param(value, id=f"{value.__module__.removeprefix('localcloud.')}.{name}")


OFFERED = list(offered())


def words(owner, function):
    """What is said about a function: its own text and its class's."""
    return " ".join(filter(None, (inspect.getdoc(owner), inspect.getdoc(function))))


def raised(function):
    """The names of the exceptions that a function's own lines raise, apart from those it catches itself."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            name = getattr(node.exc.func, "id", "")
            if name[:1].isupper() and name not in ("AssertionError", "AttributeError", "NotImplementedError"):
                yield name


@pytest.mark.parametrize("owner", OFFERED)
def test_everything_offered_says_what_it_is(owner):
    assert inspect.getdoc(owner)
    unsaid = [name for name, function in functions(owner, owner.__name__) if not inspect.getdoc(function)]
    assert unsaid == []


@pytest.mark.parametrize("owner", OFFERED)
def test_what_a_function_raises_is_said(owner):
    missing = [
        f"{name}: {error}"
        for name, function in functions(owner, owner.__name__)
        for error in raised(function)
        if error not in words(owner, function)
    ]
    assert missing == []


@pytest.mark.parametrize("owner", OFFERED)
def test_a_number_has_its_unit_in_its_name_or_is_explained(owner):
    missing = []
    for name, function in [*functions(owner, owner.__name__), (owner.__name__, getattr(owner, "__init__", owner))]:
        if not inspect.isfunction(function):
            continue
        for parameter in inspect.signature(function).parameters.values():
            numeric = re.fullmatch(r"(int|float)( \| None)?", str(parameter.annotation))
            if numeric and not UNITS.search(parameter.name) and parameter.name not in words(owner, function):
                missing.append(f"{name}({parameter.name})")
    assert missing == []


def test_the_package_offers_a_cloud_and_little_else():
    assert localcloud.__all__ == ["Cloud", "Kernel", "active_cloud"]
