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


def test_the_working_directory_is_the_functions_code_and_read_only(function, invoke):
    function("shop", """
        import os
        def handler(event, context):
            found = [os.getcwd(), os.listdir(), open("app.py").read()[:5], os.path.exists("/var/task/app.py")]
            refused = [
                refusal(open, "note.txt", "w"), refusal(os.mkdir, "/var/task/x"), refusal(os.remove, "app.py"),
                refusal(open, os.path.expanduser("~/note.txt"), "a"), refusal(os.rename, "app.py", "/tmp/x"),
                refusal(os.open, "/etc/note", os.O_CREAT | os.O_WRONLY),
            ]
            os.chdir("/tmp")
            open("note.txt", "w").close()
            return found, refused, os.getcwd(), os.listdir("."), os.path.abspath("note.txt")
        def refusal(call, *args):
            try:
                call(*args)
            except OSError as exc:
                return exc.strerror
        """)  # fmt: skip
    found, refused, where, files, path = invoke("shop")[0]
    assert found == ["/var/task", ["app.py"], "\nimpo", True]
    assert refused == ["Read-only file system"] * 6
    assert (where, files, path) == ("/tmp", ["note.txt"], "/tmp/note.txt")


def test_errors_name_the_paths_that_the_code_knows(function, invoke):
    function("shop", "def handler(event, context): open('menu.json')")
    assert invoke("shop")[0]["errorMessage"] == "[Errno 2] No such file or directory: 'menu.json'"
