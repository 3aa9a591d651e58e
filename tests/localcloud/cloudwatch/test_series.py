"""A series counts what repeats, and tells no difference when it is read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localcloud.services.cloudwatch.store import Series, buckets

points = st.lists(st.tuples(st.integers(0, 4).map(lambda minute: minute * 60), st.integers(0, 2)), max_size=60)


@given(points)
def test_values_that_repeat_are_all_there_when_they_are_read(given_points):
    series = Series()
    for unix_s, value in given_points:
        series.add(unix_s, value)
    read = sorted((unix_s, value) for unix_s, value, count in series.points(0, 600) for _ in range(int(count)))
    assert read == sorted(given_points)


@given(points, points)
def test_writing_may_go_on_after_reading(first, second):
    series = Series()
    for unix_s, value in first:
        series.add(unix_s, value)
    list(series.points(0, 600))
    for unix_s, value in second:
        series.add(unix_s, value)
    assert sum(bucket.count for bucket in buckets([series], 0, 600, 60).values()) == len(first) + len(second)
    assert sum(bucket.total for bucket in buckets([series], 0, 600, 60).values()) == sum(
        value for _, value in [*first, *second]
    )
