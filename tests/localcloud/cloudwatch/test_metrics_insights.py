"""SQL over metrics, and SEARCH: what is found, grouped, ordered and refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def shop(put, start):
    """Two ovens and a front desk with a metric Trays in two minutes, and one without dimensions."""
    for minute in (0, 1):
        at = start + timedelta(minutes=minute)
        for name, trays in (("left", 2), ("right", 6)):
            dimensions = [{"Name": "Oven", "Value": name}, {"Name": "Room", "Value": "back"}]
            put("Trays", Value=trays + minute, Timestamp=at, Dimensions=dimensions)
        put("Trays", Value=1, Timestamp=at, Dimensions=[{"Name": "Desk", "Value": "front"}])
        put("TraysLost", Value=9, Timestamp=at)


@pytest.fixture
def ask(cloud, cloudwatch, start):
    """ask("SELECT ..."): {label: values, oldest first}."""

    def read(expression, period_s=60, **more):
        cloud.wait(300)
        query = {"Id": "q", "Expression": expression, "Period": period_s, **more}
        answer = cloudwatch.get_metric_data(
            MetricDataQueries=[query], StartTime=start, EndTime=start + timedelta(minutes=5),
            ScanBy="TimestampAscending",
        )  # fmt: skip
        return {result["Label"]: result["Values"] for result in answer["MetricDataResults"]}

    return read


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("SELECT SUM(Trays) FROM Shop", {"q": [9, 11]}),
        ("select avg(Trays) from Shop", {"q": [3, 11 / 3]}),
        ("SELECT COUNT(Trays) FROM Shop", {"q": [3, 3]}),
        ("SELECT MAX(Trays) FROM SCHEMA(Shop, Oven, Room)", {"q": [6, 7]}),
        ("SELECT MAX(Trays) FROM SCHEMA(Shop, Oven)", {}),
        ('SELECT MIN("TraysLost") FROM SCHEMA("Shop")', {"q": [9, 9]}),
        ("SELECT SUM(Trays) FROM Shop WHERE Oven = 'left'", {"q": [2, 3]}),
        ("SELECT SUM(Trays) FROM Shop WHERE Oven != 'left'", {"q": [6, 7]}),
        ("SELECT SUM(Trays) FROM Shop WHERE Oven = 'left' OR Desk = 'front'", {"q": [3, 4]}),
        ("SELECT SUM(Trays) FROM Shop WHERE (Oven = 'left' OR Oven = 'right') AND Room = 'back'", {"q": [8, 10]}),
        ("SELECT SUM(Trays) FROM Shop GROUP BY Oven", {"left": [2, 3], "right": [6, 7]}),
        ("SELECT SUM(Trays) FROM Shop GROUP BY Oven, Room", {"left back": [2, 3], "right back": [6, 7]}),
        ("SELECT SUM(Trays) FROM Shop GROUP BY Oven ORDER BY MAX() DESC LIMIT 1", {"right": [6, 7]}),
        ("SELECT SUM(Trays) FROM Shop GROUP BY Oven ORDER BY MAX() LIMIT 1", {"left": [2, 3]}),
    ],
)
def test_a_query_pools_the_observations_of_all_metrics_that_match(shop, ask, query, found):
    assert ask(query) == found


def test_groups_are_ordered_as_asked(shop, ask):
    assert list(ask("SELECT AVG(Trays) FROM Shop GROUP BY Oven ORDER BY AVG() DESC")) == ["right", "left"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT p99(Trays) FROM Shop", "Unknown function"),
        ("SELECT SUM(Trays)", "Expected FROM"),
        ("SELECT SUM(Trays) FROM AWS/Lambda", "Unexpected character"),
        ("SELECT SUM(Trays) FROM Shop WHERE Oven > 'left'", "Unexpected character"),
        ("SELECT SUM(Trays) FROM Shop WHERE Oven = left", "Unexpected token 'left'"),
        ("SELECT SUM(Trays) FROM Shop LIMIT 0", "LIMIT must be a positive number"),
        ("SELECT SUM(Trays) FROM Shop ORDER AVG()", "Expected BY"),
        ("SELECT SUM(Trays) FROM Shop please", "Unexpected token 'please'"),
    ],
)
def test_a_query_that_cannot_be_read_is_refused(ask, query, message):
    with pytest.raises(ClientError, match="Error in expression 'q': ") as caught:
        ask(query)
    assert message in str(caught.value)


def test_an_alarm_watches_a_query(cloud, cloudwatch, put):
    cloudwatch.put_metric_alarm(
        AlarmName="trays", ComparisonOperator="GreaterThanThreshold", Threshold=10, EvaluationPeriods=1,
        Metrics=[{"Id": "q", "Expression": "SELECT SUM(Trays) FROM Shop", "Period": 60}],
    )  # fmt: skip
    for oven in ("left", "right"):
        put("Trays", Value=6, Dimensions=[{"Name": "Oven", "Value": oven}])
    cloud.wait(120)
    assert cloudwatch.describe_alarms()["MetricAlarms"][0]["StateValue"] == "ALARM"


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ('{Shop,Oven,Room} MetricName="Trays"', ["Trays left back", "Trays right back"]),
        ("{Shop,Room,Oven} left", ["Trays left back"]),
        ("{Shop} lost", ["TraysLost"]),
        ('MetricName="Trays" NOT Desk="front"', ["Trays left back", "Trays right back"]),
        ("{Shop,Oven,Room} Oven=(left OR right)", ["Trays left back", "Trays right back"]),
        ("{Shop,Desk}", ["Trays front"]),
        ("Trays (front OR right)", ["Trays right back", "Trays front"]),
        ("{Nowhere,Oven}", []),
    ],
)
def test_a_search_finds_metrics_by_schema_and_tokens(shop, ask, search, found):
    assert list(ask(f"SEARCH('{search}', 'Sum', 60)")) == found


def test_what_is_found_can_be_sorted_cut_and_summed(shop, ask):
    search = "SEARCH('{Shop,Oven,Room}', 'Sum', 60)"
    assert ask(f"SUM({search})") == {"q": [8, 10]}
    assert ask(f"SORT({search}, MAX, DESC)") == {"Trays right back": [6, 7], "Trays left back": [2, 3]}
    assert ask(f"SLICE(SORT({search}, MAX, DESC), 0, 1)") == {"Trays right back": [6, 7]}
    assert ask(f"REMOVE_EMPTY({search})") == {"Trays left back": [2, 3], "Trays right back": [6, 7]}


def test_functions_tell_the_time_of_each_value(shop, ask, start):
    series = "SLICE(SEARCH('{Shop}', 'Sum', 60), 0)"
    assert ask(f"HOUR({series})") == {"q": [start.hour] * 2}
    assert ask(f"MINUTE({series})") == {"q": [0, 1]}
    assert ask(f"DAY({series})") == {"q": [start.isoweekday()] * 2}


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ("SEARCH('', 'Sum', 60)", "needs a metric schema"),
        ("SEARCH('{Shop} Oven=', 'Sum', 60)", "A value is missing after 'Oven='"),
        ("SEARCH('{Shop} (left', 'Sum', 60)", "')' is missing"),
        ("SEARCH('{Shop}', 'Most', 60)", "the statistic Most is not supported"),
        ("SEARCH('{Shop}')", "SEARCH expects a search and a statistic"),
    ],
)
def test_a_search_that_cannot_be_read_is_refused(ask, search, message):
    with pytest.raises(ClientError) as caught:
        ask(search)
    assert message in str(caught.value)


def test_an_alarm_cannot_search(cloudwatch):
    with pytest.raises(ClientError, match="SEARCH is not supported on Metric Alarms"):
        cloudwatch.put_metric_alarm(
            AlarmName="trays", ComparisonOperator="GreaterThanThreshold", Threshold=10, EvaluationPeriods=1,
            Metrics=[{"Id": "q", "Expression": "SUM(SEARCH('{Shop}', 'Sum', 60))"}],
        )  # fmt: skip


@pytest.mark.parametrize(("period_s", "periods", "what"), [(60, 1_441, "day"), (3_600, 169, "week")])
def test_an_alarm_looks_back_a_day_or_with_long_periods_a_week(cloudwatch, period_s, periods, what):
    with pytest.raises(ClientError, match=f"cannot be checked across more than a {what}"):
        cloudwatch.put_metric_alarm(
            AlarmName="trays", Namespace="Shop", MetricName="Trays", Statistic="Sum", Period=period_s,
            EvaluationPeriods=periods, Threshold=1, ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip
