"""The reference pages are whole: every service, every public name, every proven behaviour has its place."""

from __future__ import annotations

import ast
import re

import pytest
import yaml

from localcloud import Cloud, cost, faults, metering, spans
from localcloud.conformance import behaviours
from localcloud.facts import Facts
from localcloud.stacks.types import TYPES
from patisserie.course import course_root
from patisserie.examples import examples, reference_pages

ROOT = course_root()
PAGES = {f"{page.parent.name}/{page.stem}": page.read_text("utf-8") for page in reference_pages(ROOT)}
SERVICES = {name: text for name, text in PAGES.items() if name.startswith("services/")}
SECTIONS = ["What is modelled", "What is not", "How to observe it"]
ID = re.compile(r"\b(?:AI|API|APS|DDB|DUR|ESQ|EVB|LAM|LMI|OBS|PIP|SCH|SFN|SQS|STR)-\d\d\b")
FACT = re.compile(r"`((?:quota|model|latency|price)\.[a-z0-9_.-]+)`")


def proven():
    """The ids that the marks of the conformance tests name."""
    found = set()
    for path in (ROOT / "tests" / "conformance").glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "behaviour":
                found |= {argument.value for argument in node.args}
    return found


@pytest.mark.parametrize("page", sorted(SERVICES))
def test_a_page_says_what_is_modelled_what_is_not_and_how_to_observe_it(page):
    assert re.findall(r"^## (.+)$", SERVICES[page], re.MULTILINE) == SECTIONS


@pytest.mark.parametrize("page", reference_pages(ROOT), ids=lambda page: page.stem)
def test_every_page_has_an_example(page):
    assert list(examples(page))


def test_every_package_of_a_service_is_named_on_a_page():
    folder = ROOT / "src" / "localcloud" / "services"
    packages = sorted(path.parent.name for path in folder.glob("*/__init__.py"))
    text = "\n".join(SERVICES.values())
    assert packages
    assert [name for name in packages if f"`localcloud.services.{name}`" not in text] == []


def test_every_page_is_in_the_table_of_contents_and_linked_from_the_first_one():
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    files = set()

    def collect(node):
        for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            collect(value)
        if isinstance(node, dict) and "file" in node:
            files.add(node["file"])

    collect(contents)
    pages = {page.relative_to(ROOT).with_suffix("").as_posix() for page in reference_pages(ROOT)}
    assert pages <= files
    others = {name for name in PAGES if name != "reference/local-cloud"}
    assert {name for name in others if f"({name}.md)" not in PAGES["reference/local-cloud"]} == set()


def test_pages_name_proven_behaviours_only_and_all_of_them():
    known = {behaviour.id for behaviour in behaviours()}
    named = {found for text in SERVICES.values() for found in ID.findall(text)}
    assert named <= known
    assert named - proven() == set(), "a page claims what no conformance test proves"
    assert proven() - named == set(), "name it on the page of its service, under What is modelled"


def test_facts_and_items_of_the_meter_that_pages_name_are_there():
    facts = Facts.load()
    missing = {name for text in PAGES.values() for name in FACT.findall(text) if not facts.has(name)}
    assert missing == set()
    named = {name for text in PAGES.values() for name in re.findall(r"`([a-z]+\.[a-z_0-9.]+)`", text)}
    services = {item.split(".")[0] for item in cost.PRICES}
    assert {name for name in named if name.split(".")[0] in services and name not in cost.PRICES} == set()


def test_the_list_of_resource_types_is_the_one_that_stacks_know():
    text = SERVICES["services/cloudformation"].split("### Resource types", 1)[1].split("## What is not", 1)[0]
    listed = set()
    for service, names in re.findall(r"^- `AWS::(\w+)::`((?:.|\n  )+)$", text, re.MULTILINE):
        listed |= {f"AWS::{service}::{name}" for name in re.findall(r"\w+", names)}
    assert listed == set(TYPES)


def public(owner):
    """The names of an owner's own public members."""
    return [name for name in vars(owner) if not name.startswith("_")]


def missing(page, names):
    return [name for name in names if not re.search(rf"\b{name}\b", PAGES[page])]


def test_the_clouds_page_names_every_public_member():
    with Cloud(seed=7) as cloud:
        attributes = [name for name in vars(cloud) if not name.startswith("_")]
    assert missing("library/cloud", [*public(Cloud), *attributes]) == []
    assert missing("library/cloud", ["call", "spawn", "sleep", "event", "streams", "now_us", "unix_us"]) == []


def test_the_pages_of_faults_cost_and_spans_name_every_public_member():
    fields = list(faults.Fault.__dataclass_fields__)
    assert missing("library/faults", [*faults.KINDS, *fields, "add", "during", "remove", "clear", "log"]) == []
    reported = [*cost.CostLine.__dataclass_fields__, *cost.CostReport.__dataclass_fields__, *public(cost.CostReport)]
    read = [*public(metering.Meter), *public(metering.Usage), *public(Facts)]
    unsaid = {"billionths", "before_reading"}  # for those who add to the cloud
    assert missing("library/cost", [name for name in (*reported, *read) if name not in unsaid]) == []
    traced = [*spans.Span.__dataclass_fields__, *spans.SpanContext.__dataclass_fields__, *public(spans.Tracer)]
    unsaid = {"keep", "holder", "is_tracing", "now_us"}  # for those who add to the cloud
    assert missing("library/spans", [name for name in traced if name not in unsaid]) == []
