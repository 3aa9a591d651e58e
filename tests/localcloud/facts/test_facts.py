"""Every figure has a source or says that it is an estimate."""

from __future__ import annotations

import pytest

from localcloud.facts import Facts, UnknownFact


@pytest.fixture(scope="module")
def facts():
    return Facts.load()


def test_every_fact_has_a_source_or_is_flagged_as_an_estimate(facts):
    unfounded = [i for i in facts.ids() if not facts.fact(i).sources and not facts.fact(i).estimate]
    assert unfounded == []


def test_every_source_says_what_it_is_and_when(facts):
    for fact_id in facts.ids():
        for source in facts.fact(fact_id).sources:
            assert source.title
            assert source.date
            assert source.url == "" or source.url.startswith("https://")


def test_a_fact_is_found_by_its_id_with_unit_and_date(facts):
    fact = facts.fact("quota.lambda.timeout.max")
    assert (fact.value, fact.unit) == (900, "s")
    assert fact.sources[0].title == "Lambda quotas (Developer Guide)"


def test_an_unknown_id_names_the_nearest(facts):
    with pytest.raises(UnknownFact, match=r"quota\.lambda\.timeout\.max"):
        facts.value("quota.lambda.timeouts.max")


def test_ids_are_listed_by_prefix(facts):
    assert "price.sqs.standard" in facts.ids("price.sqs")
    assert all(i.startswith("price.sqs") for i in facts.ids("price.sqs"))
