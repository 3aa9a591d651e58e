"""How the generated pages write the facts' values."""

from __future__ import annotations

import pytest

from patisserie.reference import _value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.66667e-05, "0.0000166667"),
        (6000000000.0, "6,000,000,000"),
        (0.2, "0.2"),
        (400000, "400,000"),
        (10, "10"),
        (0, "0"),
        (True, "True"),
        (None, "none"),
        ([{"usd": 1.5e-05, "up_to": None}], "usd: 0.000015, up_to: none"),
    ],
)
def test_a_value_is_written_as_people_write_it(value, shown):
    assert _value(value) == shown
