"""/tmp of an execution environment, as AWS documents it."""

from __future__ import annotations

import pytest

NOTES = """
    import os, pathlib, time
    def handler(event, context):
        path = pathlib.Path("/tmp/orders/note.txt")
        seen = path.read_text() if path.exists() else None
        path.parent.mkdir(exist_ok=True)
        with open("/tmp/orders/note.txt", "a") as file:
            file.write("x")
        time.sleep((event or {}).get("sleep", 0))
        return [seen, sorted(os.listdir("/tmp")), os.path.getsize("/tmp/orders/note.txt")]
"""


@pytest.mark.behaviour("LAM-02")
def test_it_survives_between_invocations_of_one_environment_and_is_empty_in_another(cloud, function, invoke):
    function("shop", NOTES)
    assert invoke("shop")[0] == [None, ["orders"], 1]
    assert invoke("shop")[0] == ["x", ["orders"], 2]
    cloud.kernel.spawn(invoke, "shop", {"sleep": 5})
    cloud.wait(1)
    assert invoke("shop")[0] == [None, ["orders"], 1]
