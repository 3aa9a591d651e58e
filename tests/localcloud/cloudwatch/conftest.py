"""Short ways to publish and to ask."""

from __future__ import annotations

from datetime import timedelta

import pytest

from localcloud.cloud import DEFAULT_START


@pytest.fixture
def cloudwatch(cloud):
    return cloud.client("cloudwatch")


@pytest.fixture
def start():
    """The start of the virtual time, a full hour."""
    return DEFAULT_START


@pytest.fixture
def put(cloudwatch):
    """put("orders", Value=1): publish one datum in the namespace Shop."""

    def publish(name, **datum):
        cloudwatch.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": name, **datum}])

    return publish


@pytest.fixture
def publish_minutes(put, start):
    """publish_minutes("orders", {0: 1, 2: 5}): one value in each of these minutes."""

    def publish(name, values, **more):
        for minute, value in values.items():
            put(name, Value=value, Timestamp=start + timedelta(minutes=minute), **more)

    return publish


def stat(query_id, name, statistic="Sum", period_s=60, dimensions=(), namespace="Shop", **more):
    """A MetricDataQuery for one metric."""
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": list(dimensions)}
    return {"Id": query_id, "MetricStat": {"Metric": metric, "Period": period_s, "Stat": statistic}, **more}


@pytest.fixture
def ask(cloudwatch, start):
    """ask(query, ...) -> the MetricDataResults of the first `minutes` minutes, in the order of time."""

    def read(*queries, minutes=10, **more):
        more = {"ScanBy": "TimestampAscending", **more}
        answer = cloudwatch.get_metric_data(
            MetricDataQueries=list(queries), StartTime=start, EndTime=start + timedelta(minutes=minutes), **more
        )
        return answer["MetricDataResults"]

    return read


@pytest.fixture
def compute(ask, start):
    """compute("m1 + 1", m1="orders") -> {minute: value}, with the metrics' sums per minute as m1, m2, ..."""

    def read(expression, minutes=10, **metrics):
        queries = [stat(query_id, name, ReturnData=False) for query_id, name in metrics.items()]
        (result,) = ask({"Id": "e1", "Expression": expression}, *queries, minutes=minutes)
        return in_minutes(result, start)

    return read


def in_minutes(result, start):
    pairs = zip(result["Timestamps"], result["Values"], strict=True)
    return {(at - start).total_seconds() / 60: value for at, value in pairs}
