"""A small table shows its rows as text and as HTML with headers."""

from __future__ import annotations

from patisserie.measure import Table

TABLE = Table(("bound", "dead"), (("2 reserved", "60"), ("at most <2>", "0")))


def test_text_is_aligned_in_columns():
    assert repr(TABLE).splitlines() == ["bound        dead", "2 reserved     60", "at most <2>     0"]


def test_html_has_headers_and_is_escaped():
    found = TABLE._repr_html_()
    assert found.count('scope="col"') == 2
    assert '<th scope="row">at most &lt;2&gt;</th><td>0</td>' in found
