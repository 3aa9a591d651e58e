"""The story's data file, read and typed."""

from __future__ import annotations

import pytest

from patisserie.story import Story, UnknownYear


def test_the_volumes_of_the_talk_stand_and_the_others_are_marked_as_assumptions():
    story = Story.load()
    told = {year.year: year.orders_per_month for year in story.years.values() if not year.assumption}
    assert told == {2020: 40, 2023: 180_000, 2025: 320_000}


def test_the_bakery_grows_every_year_from_2020_to_2025():
    story = Story.load()
    assert list(story.years) == list(range(2020, 2026))
    volumes = [year.orders_per_month for year in story.years.values()]
    assert volumes == sorted(set(volumes))


def test_an_unknown_year_is_refused_with_the_years_there_are():
    with pytest.raises(UnknownYear, match=r"no year 2019; it tells of 2020, 2021, 2022, 2023, 2024, 2025"):
        Story.load().year(2019)
