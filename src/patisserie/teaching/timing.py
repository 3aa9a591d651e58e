"""Measures how long this machine takes for each solved lab: `python -m patisserie.teaching.timing [NN]`."""

from __future__ import annotations

import datetime
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

from patisserie.course import course_root
from patisserie.notebooks.execute import executed
from patisserie.notebooks.sync import chosen
from patisserie.teaching.machine import LabTime, MachineTimes, load_machine

_CELL_LIMIT_S = 900.0  # a busy computer may be measured too: what counts is the time of the CPU
_HEAD = "# Written by: python -m patisserie.teaching.timing. Seconds of CPU of the solved notebooks, on one machine.\n"


def measure(root: Path, only: str = "", known: Mapping[str, LabTime] | None = None) -> MachineTimes:
    """Run every solved notebook of the course once, or `only` one; the other labs keep the times that are `known`.

    Raises ExecutionFailed, and SourceError when there is no such lab.
    """
    labs = dict(known or {}) if only else {}
    for source in chosen(root, only):
        notebook, took_s = source.solution(), dict[int, float]()
        used_s = _cpu_of_ended_processes_s()
        executed(notebook, source.stem, root / "solutions", cell_limit_s=_CELL_LIMIT_S, took_s=took_s)
        cpu_s = _cpu_of_ended_processes_s() - used_s
        longest = max(took_s, key=lambda index: took_s[index])
        share = took_s[longest] / sum(took_s.values())  # a computer that is busy with other work slows all cells
        labs[source.stem[:2]] = LabTime(round(cpu_s), round(cpu_s * share), _said(notebook.cells[longest].source))
    machine = f"{os.cpu_count()} CPUs, Python {platform.python_version()} on {platform.system()}"
    return MachineTimes(datetime.date.today().isoformat(), machine, dict(sorted(labs.items())))


def _said(source: str) -> str:
    """The line of a cell that says most: its first call; else its first line."""
    lines = source.splitlines()
    return next((line for line in lines if "(" in line), lines[0])


def _cpu_of_ended_processes_s() -> float:
    """Kernels are processes of their own; what they used is known when they have ended. Not there on Windows."""
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure, and write the file. A lab's number as the argument measures that lab alone."""
    root = course_root()
    times = measure(root, sys.argv[1] if len(sys.argv) > 1 else "", load_machine().labs)
    labs = {n: {"all_s": t.all_s, "longest_s": t.longest_s, "longest": t.longest} for n, t in times.labs.items()}
    data = {"measured": times.measured, "machine": times.machine, "labs": labs}
    path = root / "src" / "patisserie" / "teaching" / "machine.yaml"
    path.write_text(_HEAD + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")
    print(f"wrote {path.relative_to(root)}")


if __name__ == "__main__":
    main()
