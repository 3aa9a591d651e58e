"""Identifiers are what the standard library would make of the same stream."""

from __future__ import annotations

import random
import uuid

from localcloud.ids import uuid4_text


def test_an_identifier_is_the_version_4_uuid_of_its_stream():
    ours, theirs = random.Random(3), random.Random(3)
    assert [uuid4_text(ours) for _ in range(500)] == [
        str(uuid.UUID(int=theirs.getrandbits(128), version=4)) for _ in range(500)
    ]
