"""/tmp belongs to the execution environment."""

from __future__ import annotations

import os
from pathlib import Path


def test_the_host_sees_nothing_of_it(function, invoke):
    source = "import pathlib\ndef handler(event, context): return pathlib.Path('/tmp/orders.txt').write_text('bread')"
    function("shop", source)
    assert invoke("shop")[0] == len("bread")
    assert not Path("/tmp/orders.txt").exists()


def test_its_files_can_be_moved_walked_and_removed(function, invoke):
    function("shop", """
        import os, shutil, tempfile
        def handler(event, context):
            with tempfile.NamedTemporaryFile(dir="/tmp", delete=False, mode="w") as file:
                file.write("bread")
            os.makedirs("/tmp/a/b")
            shutil.move(file.name, "/tmp/a/b/bread.txt")
            os.replace("/tmp/a/b/bread.txt", "/tmp/a/cake.txt")
            shutil.copy("/tmp/a/cake.txt", "/tmp/a/b/copy.txt")
            walked = [(top, sorted(files)) for top, _, files in os.walk("/tmp")]
            shutil.rmtree("/tmp/a")
            return [walked, os.listdir("/tmp"), os.path.exists("/tmp/a")]
        """)  # fmt: skip
    walked, left, there = invoke("shop")[0]
    assert walked == [["/tmp", []], ["/tmp/a", ["cake.txt"]], ["/tmp/a/b", ["copy.txt"]]]
    assert (left, there) == ([], False)


def test_an_error_names_the_path_that_the_code_knows(function, invoke):
    function("shop", "def handler(event, context): open('/tmp/missing.txt')")
    assert invoke("shop")[0]["errorMessage"] == "[Errno 2] No such file or directory: '/tmp/missing.txt'"


def test_other_files_are_the_hosts_and_leaving_the_cloud_leaves_open_as_it_was(cloud, function, invoke, tmp_path):
    (tmp_path / "here.txt").write_text("real")
    function("shop", "import os\ndef handler(event, context): return os.path.exists(os.__file__)")
    assert invoke("shop")[0] is True
    assert (tmp_path / "here.txt").read_text() == "real"
    cloud.stop()
    assert os.stat.__module__ == "posix"
