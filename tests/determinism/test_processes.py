"""The same run gives the same bytes in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

RUSH = Path(__file__).with_name("rush.py")


def digest(hash_seed):
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run([sys.executable, str(RUSH)], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_two_processes_with_different_hash_seeds_print_the_same_digest():
    first = digest("0")
    assert len(first) == 64
    assert digest("1") == first
