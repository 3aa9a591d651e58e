"""Filter patterns of CloudWatch Logs."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.services.log_processing.filter_patterns import InvalidPattern, compile_pattern


@pytest.mark.parametrize(
    ("pattern", "message", "expected"),
    [
        ("", "anything", True),
        ("ERROR", "[ERROR] failed", True),
        ("ERROR", "[Error] failed", False),
        ("ERROR timeout", "timeout after ERROR", True),
        ("ERROR timeout", "ERROR", False),
        ("?ERROR ?WARN", "a WARN", True),
        ("?ERROR ?WARN", "INFO", False),
        ("ERROR -Exit", "ERROR Exit", False),
        ('"out of stock"', "it is out of stock", True),
        ("%4\\d\\d%", "status 404", True),
        ('{ $.level = "ERROR" }', '{"level": "ERROR"}', True),
        ("{ $.level = ERROR }", '{"level": "INFO"}', False),
        ('{ $.level = "ERROR" }', "level ERROR", False),
        ("{ $.a.b[1] > 2 && $.c != 4* }", '{"a": {"b": [1, 3]}, "c": 500}', True),
        ("{ ($.a = 1 || $.a = 2) && $.b IS TRUE }", '{"a": 2, "b": true}', True),
        ("{ $.b IS NULL }", '{"b": null}', True),
        ("{ $.b IS NULL }", "{}", False),
        ("{ $.b NOT EXISTS }", "{}", True),
        ("{ $.b NOT EXISTS }", '{"b": null}', False),
        ("{ $.items[*] = tarte }", '{"items": ["eclair", "tarte"]}', True),
        ("{ $.path = %^/orders% }", '{"path": "/orders/7"}', True),
        ('{ $.name = "a*z" }', '{"name": "abcz"}', True),
        ("[ip, user, status = 4*, size > 100]", "1.2.3.4 amelie 404 1024", True),
        ("[ip, user, status = 4*, size > 100]", "1.2.3.4 amelie 200 1024", False),
        ("[ip, user, status, size]", "1.2.3.4 amelie 200", False),
        ("[..., status = 500 || status = 502, size]", 'x "GET / HTTP" [06/Jan] 502 7', True),
    ],
)
def test_matching(pattern, message, expected):
    assert (compile_pattern(pattern).match(message) is not None) is expected


@pytest.mark.parametrize("pattern", ["{ $.a }", "{ $.a = 1", "{ $.a > many }", "[a, b", "{ a = 1 }", "[..., a, ...]"])
def test_what_is_no_pattern(pattern):
    with pytest.raises(InvalidPattern):
        compile_pattern(pattern)


WORDS = st.text("abcXYZ019", min_size=1, max_size=8)


@given(WORDS, st.integers(-1_000, 1_000), st.integers(-1_000, 1_000))
def test_json_conditions_agree_with_python(word, value, limit):
    message = json.dumps({word: {"n": value, "word": word}})
    for sign, expected in (("=", value == limit), ("!=", value != limit), (">", value > limit), ("<=", value <= limit)):
        assert (compile_pattern(f"{{ $.{word}.n {sign} {limit} }}").match(message) is not None) is expected
    assert compile_pattern(f'{{ $.{word}.word = "{word}" }}').match(message) is not None


@given(st.lists(WORDS, min_size=1, max_size=5), WORDS)
def test_all_terms_must_be_there(words, other):
    message = " ".join(words)
    assert compile_pattern(" ".join(reversed(words))).match(message) is not None
    assert (compile_pattern(f"{words[0]} {other}").match(message) is not None) is (other in message)
