"""The chapters of the years: their numbers are measured, facts, or the story's, and what they say in words holds."""

from __future__ import annotations

import ast
import re

import pytest
import yaml

from localcloud.facts import Facts
from patisserie.course import course_root
from patisserie.labs.lab03.experiments import SPIKE
from patisserie.labs.lab03.workload import PROVIDER_PER_S
from patisserie.notebooks.shown import shown
from patisserie.story.numbers import load_numbers
from patisserie.story.prose import SPAN, findings, typed

ROOT = course_root()
CHAPTERS = {path.parent.name: path.read_text("utf-8") for path in sorted(ROOT.glob("book/20*/index.md"))}
PAGES = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in sorted(ROOT.glob("book/20*/*.md"))}
NUMBERS = load_numbers(ROOT)


def value(name):
    return NUMBERS[name].value


@pytest.mark.parametrize("page", PAGES)
def test_every_named_number_is_as_its_lab_fact_or_story_says(page):
    assert findings(PAGES[page], NUMBERS) == []


@pytest.mark.parametrize("year", CHAPTERS)
def test_no_number_is_typed_into_a_chapter(year):
    assert typed(CHAPTERS[year]) == [], "write [26 ms]{.m00_p50}, with a name of story/numbers.yaml"


@pytest.mark.parametrize("year", CHAPTERS)
def test_a_chapter_repeats_what_its_lab_has_measured(year):
    labs = {NUMBERS[name].origin for _, name in SPAN.findall(CHAPTERS[year])}
    assert {"2020": "lab 00", "2021": "lab 01", "2022": "lab 02"}[year] in labs


@pytest.mark.parametrize("year", CHAPTERS)
def test_a_chapter_says_why_how_to_recognise_it_how_it_fails_and_what_to_do_on_monday(year):
    wanted = (
        "**Why",
        "**How to recognise",
        "**How it fails",
        "**Talk and sources.**",
        "## In your own system on Monday",
    )
    assert [part for part in wanted if part not in CHAPTERS[year]] == []


def test_the_memory_of_one_whole_cpu_is_that_of_the_facts():
    texts = [path.read_text("utf-8") for path in ROOT.glob("solutions/*.md")]
    named = {found for text in texts for found in re.findall(r"\d,\d{3}(?= MB is one whole CPU)", text)}
    assert named == {f"{Facts.load().value('quota.lambda.vcpu.mb_per_vcpu'):,}"}


# -- 2020 ----------------------------------------------------------------------------------------------


def test_the_report_line_of_2020_is_the_one_that_the_lab_prints():
    (line,) = re.findall(r"^REPORT .*$", CHAPTERS["2020"], re.MULTILINE)
    printed = {text.strip() for cell in shown(ROOT, "00-opening-night") for text in cell.texts}
    assert line in printed


def test_the_lines_of_a_template_in_2020_are_those_that_are_deployed():
    (block,) = re.findall(r"```yaml\n(.*?)```", CHAPTERS["2020"], re.DOTALL)
    assert block in (ROOT / "infra/stacks/00-opening-night/shop/template.yaml").read_text("utf-8")


def test_2020_is_cheap_whole_and_mostly_warm():
    assert value("m00_orders") == value("s_orders_2020")
    assert value("m00_failed") == 0
    assert value("m00_month_usd") < 0.001  # not a cent, and not a tenth of one
    assert value("m00_cold_billed") == -(-(value("m00_cold_duration") + value("m00_cold_init")) // 1)  # rounded up
    assert value("m00_p99") > value("m00_cold_billed")  # what the line does not show
    assert value("f_idle_most") * 60 < 10 * 3_600 / 2  # one or two orders in ten open hours: nearly each is cold
    assert value("f_init_sdk") > 2 * value("f_init_bare")  # most of Init is the import
    assert yaml.safe_load(re.search(r"Timeout: \d+", CHAPTERS["2020"])[0])["Timeout"] > value("f_default_timeout")


# -- 2021 ----------------------------------------------------------------------------------------------


def test_what_2021_says_of_one_four_and_twelve_functions_holds():
    assert value("m01_saved_four") / 100 > value("t_compute_saved")  # the saving of this shop is larger than the talk's
    assert value("c_01_saved_by_memory") > 0.9  # nearly all of it can be had without any cut
    assert value("m01_lost_four") == value("m01_lost_twelve") == 0  # the cuts after the fourth contain nothing
    assert value("m01_cold_twelve") > 2 * value("m01_cold_four")  # cold starts multiply
    assert value("m01_p50_twelve") < 1.1 * value("m01_p50_after")  # the median hardly moves
    assert value("m01_p95_twelve") > 1.3 * value("m01_p95_after")  # the slow orders become much slower
    assert value("m01_replaced_after") == 1
    assert value("m01_report_tuned") > 2 * value("m01_report_four")  # no size at which the report is quick too


def test_an_order_of_the_twelve_passes_seven_functions_in_turn():
    source = ROOT / "infra/stacks/01-right-size-the-monolith/swarm/src/receive/receive.py"
    loops = [node for node in ast.walk(ast.parse(source.read_text("utf-8"))) if isinstance(node, ast.For)]
    waited_for = max((ast.literal_eval(loop.iter) for loop in loops), key=len)
    assert 1 + len(waited_for) == 7
    assert "passes seven functions in turn" in CHAPTERS["2021"]


# -- 2022 ----------------------------------------------------------------------------------------------


def test_what_2022_says_of_the_chain_and_of_stored_first_holds():
    assert value("m02_failed_after") == value("m02_left_after") == 0  # none fails and none leaves
    assert value("m02_lost_outage") == value("m02_failed_outage") == 0
    assert value("m02_p95_outage") < 1.2 * value("m02_p95_after")  # as on any other day
    assert value("c_02_outage_calls") > 1.3  # what the insurance cost
    assert value("c_02_parts_usd") < 0.1 * value("m02_usd_after")  # the short bars
    assert pytest.approx(0.99, abs=0.001) == 0.999**10  # ten links that each fail once in a thousand
    assert value("m02_accepted") < value("m02_orders") - value("m02_left")
    assert abs(value("c_02_lost") - value("t_left")) < 0.02  # comes close, for the patience is set so


def test_the_outage_in_2022_lasts_longer_than_lambdas_own_retries():
    assert value("f_async_first") + value("f_async_second") < 10 * 60


# -- 2022: queues -------------------------------------------------------------------------------------


def test_the_numbers_of_the_chapter_on_queues_are_those_of_the_facts_and_of_its_lab():
    facts = Facts.load()
    text = " ".join(PAGES["book/2022/queues.md"].split())
    pollers = facts.value("quota.lambda.esm.sqs.provisioned")
    days = {name: seconds // 86_400 for name, seconds in facts.value("quota.sqs.retention").items() if name != "min"}
    batch = facts.value("quota.lambda.esm.batch_size")["sqs_standard"]
    assert days == {"default": 4, "max": 14}
    assert (batch["default"], facts.value("quota.lambda.esm.sqs.start_concurrency")) == (10, 5)
    assert facts.value("quota.lambda.esm.sqs.low_traffic_wait") == 20
    assert PROVIDER_PER_S == 4
    for said in (
        "Four days is what AWS sets, two weeks the most",
        "of up to ten messages unless told otherwise",
        f"standard queues allow up to {batch['max']:,}",
        "may take twenty seconds",
        f"begins with five batches at once, adds {facts.value('quota.lambda.esm.sqs.scale_rate')} a minute",
        f"[{facts.value('quota.lambda.esm.sqs.max_on_demand'):,}]",
        f"[{pollers['max_pollers']['range'][1]:,} pollers]",
        f"{pollers['max_concurrency']:,} invocations at once",
        "each for up to ten invocations at once, ten polls and one megabyte a second",
        "The provider takes four calls a second",
        f"how long {SPIKE:,} messages wait",
    ):
        assert said in text, said
    each = pollers["per_poller"]
    assert (each["concurrent_invokes"], each["polls_s"], each["mb_s"]) == (10, 10, 1)
