"""CloudWatch Logs Insights over real log lines."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def query(cloud):
    def run(text, group="/shop", **params):
        logs = cloud.client("logs")
        now_s = cloud.kernel.unix_us // 1_000_000
        where = {"logGroupName": group} if group else {}
        started = logs.start_query(
            startTime=now_s - 3_600, endTime=now_s + 3_600, queryString=text, **where, **params
        )
        answer = logs.get_query_results(queryId=started["queryId"])
        while answer["status"] == "Running":
            cloud.wait(1)
            answer = logs.get_query_results(queryId=started["queryId"])
        assert answer["status"] == "Complete"
        return [{cell["field"]: cell["value"] for cell in row if cell["field"] != "@ptr"} for row in answer["results"]]

    return run


@pytest.fixture
def orders(cloud):
    """Ten orders, one a minute."""
    start_ms = cloud.kernel.unix_us // 1_000
    for number in range(10):
        document = {"order": {"id": f"o-{number}", "items": ["tarte"]}, "ms": number * 10, "level": "INFO"}
        if number % 5 == 0:
            document |= {"level": "ERROR", "reason": "oven cold"}
        cloud.logs.put("/shop", f"s{number % 2}", [(start_ms + number * 60_000, json.dumps(document))])
    cloud.wait(600)


def test_newest_first_with_time_and_message(cloud, query):
    cloud.logs.put("/shop", "s", [(cloud.kernel.unix_us // 1_000 + at, f"line {at}") for at in (1, 2)])
    rows = query("fields @timestamp, @message")
    assert rows == [
        {"@timestamp": "2025-01-06 08:00:00.002", "@message": "line 2"},
        {"@timestamp": "2025-01-06 08:00:00.001", "@message": "line 1"},
    ]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('level = "ERROR"', [0, 5]),
        ("level != 'INFO'", [0, 5]),
        ("ms >= 30 and ms < 60", [3, 4, 5]),
        ("ms > 70 or level = 'ERROR'", [0, 5, 8, 9]),
        ("not (ms > 10)", [0, 1]),
        ("ms in [10, 20]", [1, 2]),
        ("order.id not in ['o-1'] and ms <= 20", [0, 2]),
        ("@message like 'oven'", [0, 5]),
        ("order.id like /o-[12]$/", [1, 2]),
        ("order.id =~ /(?i)O-3/", [3]),
        ("ms < 50 and level not like /ERR/", [1, 2, 3, 4]),
        ("ispresent(reason)", [0, 5]),
        ("order.items.0 = 'tarte' and ms / 10 % 4 = 3", [3, 7]),
        ("@logStream = 's1' and strlen(order.id) = 3 and ms > 60", [7, 9]),
    ],
)
def test_filters(orders, query, condition, expected):
    rows = query(f"fields order.id as id | filter {condition} | sort ms asc")
    assert [row["id"] for row in rows] == [f"o-{number}" for number in expected]


def test_statistics_by_field(orders, query):
    rows = query(
        "stats count(*) as n, sum(ms), avg(ms) as mean, min(ms), max(ms), pct(ms, 50) as p50, count_distinct(level) "
        "by level | sort n desc"
    )
    assert rows[1] == {
        "level": "ERROR", "n": "2", "sum(ms)": "50", "mean": "25", "min(ms)": "0", "max(ms)": "50", "p50": "25",
        "count_distinct(level)": "1",
    }  # fmt: skip
    assert rows[0]["n"] == "8"


def test_statistics_by_time(orders, query):
    assert query("stats count(*) by bin(5m)") == [
        {"bin(5m)": "2025-01-06 08:00:00.000", "count(*)": "5"},
        {"bin(5m)": "2025-01-06 08:05:00.000", "count(*)": "5"},
    ]


def test_parse_sort_limit_display_dedup(orders, query):
    glob = query("""parse @message '"id": "*", "items"' as id | sort ms desc | limit 2 | display id""")
    assert glob == [{"id": "o-9"}, {"id": "o-8"}]
    regex = query(r"parse @message /o-(?<digit>\d)/ | filter digit > 7 | display digit | sort digit asc # comment")
    assert regex == [{"digit": "8"}, {"digit": "9"}]
    assert query("fields level | dedup level | sort level asc") == [{"level": "ERROR"}, {"level": "INFO"}]


def test_the_first_and_the_last_of_a_field_go_by_time(orders, query):
    assert query("stats earliest(order.id), latest(order.id), sortsLast(level), max(@timestamp), max(level)") == [{
        "earliest(order.id)": "o-0", "latest(order.id)": "o-9", "sortsLast(level)": "INFO",
        "max(@timestamp)": "2025-01-06 08:09:00.000", "max(level)": "INFO",
    }]  # fmt: skip
    (row,) = query("stats stddev(ms) as spread, avg(ms) as mean | fields spread > 28 and spread < 31 as near")
    assert row["near"] == "1"


def test_statistics_of_statistics(orders, query):
    assert query("stats sum(ms) as total by bin(5m) as five | stats max(total) as most, count(*) as parts") == [
        {"most": "350", "parts": "2"}
    ]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("datefloor(@timestamp, 1mo)", "2025-01-01 00:00:00.000"),
        ("dateceil(@timestamp, 1q)", "2025-04-01 00:00:00.000"),
        ("bin(1y)", "2025-01-01 00:00:00.000"),
        ("dateceil(fromMillis(1735689600000), 1y)", "2025-01-01 00:00:00.000"),
        ("now() - tomillis(@timestamp) / 1000 < 3600", "1"),
        ("jsonParse('{\"a\": [1, {\"b\": \"c\"}]}')", '{"a":[1,{"b":"c"}]}'),
        ("jsonStringify(jsonParse('[1, 2]'))", "[1,2]"),
        ("isValidIp('10.0.0.1') + isValidIpV6('::1') + isValidIpV4('::1')", "2"),
        ("isIpInSubnet('10.1.2.3', '10.1.0.0/16')", "1"),
        ("isIpv4InSubnet('10.2.2.3', '10.1.0.0/16')", "0"),
        ("isIpv6InSubnet('2001:db8::1', '2001:db8::/32')", "1"),
        ("ltrim('xxbreadxx', 'x')", "breadxx"),
        ("replace('bread', 'b', 'd')", "dread"),
        ("substr('bread', 1, 3)", "rea"),
        ("coalesce(nothing, 'crumbs')", "crumbs"),
        ("greatest(1, 3, 2) ^ 2 - abs(-1)", "8"),
    ],
)
def test_functions(cloud, query, expression, expected):
    cloud.logs.put("/shop", "s", [(cloud.kernel.unix_us // 1_000, "line")])
    assert query(f"fields {expression} as value") == [{"value": expected}]


def test_maps_and_lists_inside_a_field(cloud, query):
    document = {"detail": json.dumps({"items": [{"name": "tarte"}, {"name": "pain"}], "shop": "Lyon"})}
    cloud.logs.put("/shop", "s", [(cloud.kernel.unix_us // 1_000, json.dumps(document))])
    assert query("fields jsonParse(detail) as d | filter d.shop = 'Lyon' | display d.items.1.name") == [
        {"d.items.1.name": "pain"}
    ]
    rows = query("fields jsonParse(detail) as d | unnest d.items into item | display item.name | sort item.name asc")
    assert rows == [{"item.name": "pain"}, {"item.name": "tarte"}]


def test_unmask_and_filter_index_read_as_fields_and_filter(orders, query):
    assert query("filterIndex level = 'ERROR' | unmask order.id as id | sort id asc") == [{"id": "o-0"}, {"id": "o-5"}]


def test_the_report_lines_of_a_function(cloud, function, invoke, query):
    function("f", "def handler(event, context): return 1", MemorySize=512)
    invoke("f")
    invoke("f")
    (row,) = query(
        'filter @type = "REPORT" | stats count(*) as n, count(@initDuration) as cold, '
        "max(@memorySize) / 1000000 as mb, "
        "sum(@billedDuration) as billed, count_distinct(@requestId) as requests, max(@duration) > 0 as took",
        "/aws/lambda/f",
    )
    assert (row["n"], row["cold"], row["mb"], row["requests"], row["took"]) == ("2", "1", "512", "2", "1")
    assert int(row["billed"]) >= 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("filter", "unexpected symbol"),
        ("fields @message | explode 3", "unexpected symbol"),
        ("filter level = ", "unexpected symbol"),
        ("fields guess(ms)", "not a known function"),
        ("filter count(*) > 1", "not allowed here"),
        ("filter @message like /(/", "regular expression"),
    ],
)
def test_malformed_queries(cloud, orders, query, text, message):
    with pytest.raises(ClientError, match=message) as caught:
        query(text)
    assert caught.value.response["Error"]["Code"] == "MalformedQueryException"
    assert "startCharOffset" in caught.value.response["queryCompileError"]["location"]


def test_scanned_bytes_are_counted_and_billed(cloud, orders, query):
    before = cloud.meter.snapshot()
    query("filter ms > 1000")
    assert cloud.meter.since(before).total("logs.scanned_gb") * 1e9 > 500


def test_a_group_that_is_not_there(query, cloud):
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        query("fields @message", group="/nobody")


# -- patterns and sources ------------------------------------------------------------------------


def test_a_pattern_is_what_lines_have_in_common(cloud, query):
    now_ms = cloud.kernel.unix_us // 1_000
    lines = [f"[INFO] baked order o-{n}-x in {n * 7}.5 ms for 10.0.0.{n}" for n in range(6)]
    lines += [f"[ERROR] 2025-01-0{n} oven 6ba7b810-9dad-11d1-80b4-00c04fd4300{n} is cold" for n in (1, 2)]
    cloud.logs.put("/shop", "s", [(now_ms, line) for line in lines])
    assert query("pattern @message") == [
        {
            "@pattern": "[INFO] baked order o-<Number-1>-x in <Number-2> ms for <IPAddress-3>", "@ratio": "0.75",
            "@sampleCount": "6", "@severityLabel": "Info",
        },
        {
            "@pattern": "[ERROR] <Date-1> oven <UUID-2> is cold", "@ratio": "0.25", "@sampleCount": "2",
            "@severityLabel": "Error",
        },
    ]  # fmt: skip


def test_patterns_are_filtered_before_and_sorted_after(cloud, query, orders):
    rows = query("filter level = 'ERROR' | pattern reason | sort @sampleCount desc | limit 1")
    assert rows == [{"@pattern": "oven cold", "@ratio": "1", "@sampleCount": "2"}]


@pytest.fixture
def groups(cloud):
    """Three log groups with a line each; the last one is of the class Infrequent Access."""
    logs = cloud.client("logs")
    for name in ("/shop/a", "/shop/b", "/oven"):
        logs.create_log_group(logGroupName=name, logGroupClass="INFREQUENT_ACCESS" if name == "/oven" else "STANDARD")
        logs.create_log_stream(logGroupName=name, logStreamName="s")
        event = {"timestamp": cloud.kernel.unix_us // 1_000, "message": f"line of {name}"}
        logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=[event])


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("SOURCE logGroups()", ["/shop/a", "/shop/b"]),
        ("source logGroups(namePrefix: ['/shop/a', '/oven'])", ["/shop/a"]),
        ('SOURCE logGroups(namePrefix: ["/oven"], class: ["INFREQUENT_ACCESS"])', ["/oven"]),
        ("SOURCE logGroups(class: 'STANDARD', accountIdentifiers: ['123456789012'])", ["/shop/a", "/shop/b"]),
        ("SOURCE logGroups(accountIdentifiers: ['210987654321'])", []),
    ],
)
def test_a_query_can_name_its_own_log_groups(query, groups, source, found):
    rows = query(f"{source} | fields @message | sort @message asc", group=None)
    assert [row["@message"] for row in rows] == [f"line of {name}" for name in found]


@pytest.mark.parametrize(
    ("text", "group", "error"),
    [
        ("SOURCE logGroups() | fields @message", "/shop/a", "Exactly one of"),
        ("SOURCE logGroups(namePrefix: ['/nowhere']) | fields @message", None, "No log groups match"),
        ("SOURCE logGroups(namePrefix: ['a','b','c','d','e','f']) | fields @message", None, "At most 5 prefixes"),
        ("SOURCE logGroups(owner: ['x']) | fields @message", None, "owner is not a known keyword"),
        ("SOURCE tables() | fields @message", None, "tables is not a known source"),
        ("pattern @message | diff", "/shop/a", "unexpected symbol"),
    ],
)
def test_a_source_that_makes_no_sense_is_refused(query, groups, text, group, error):
    with pytest.raises(ClientError, match=error):
        query(text, group=group)
