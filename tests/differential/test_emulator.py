"""The same stack, handlers and calls on the local cloud and on an independent emulator.

What both claim to do must come out the same; where it does not, `differences.py` says what AWS documents.
"""

from __future__ import annotations

import json

import pytest

from tests.differential.differences import DIFFERENCES
from tests.differential.observations import OBSERVATIONS
from tests.differential.worlds import emulator_world, local_world

pytestmark = pytest.mark.stand_in


@pytest.fixture(scope="module")
def observed():
    """Every observation in both worlds, as plain JSON."""
    found = []
    for world in (local_world, emulator_world):
        with world() as cloud:
            found.append({name: json.loads(json.dumps(look(cloud))) for name, look in OBSERVATIONS.items()})
    return found


def differing(ours, theirs) -> tuple[str, ...] | None:
    """None when both are the same, else the members that differ, or () for values without members."""
    if ours == theirs:
        return None
    if not (isinstance(ours, dict) and isinstance(theirs, dict)):
        return ()
    return tuple(sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)))


@pytest.mark.parametrize("name", sorted(OBSERVATIONS))
def test_both_clouds_do_the_same_but_for_what_is_explained(observed, name):
    ours, theirs = (each[name] for each in observed)
    explained = DIFFERENCES.get(name)
    assert differing(ours, theirs) == (tuple(sorted(explained.where)) if explained else None), (ours, theirs)


def test_every_explanation_is_about_an_observation_and_cites_a_page():
    assert set(DIFFERENCES) <= set(OBSERVATIONS)
    assert all(each.why.endswith(".") and each.source.startswith("https://") for each in DIFFERENCES.values())
