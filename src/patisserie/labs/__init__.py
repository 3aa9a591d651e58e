"""The labs of the course, by number."""

from __future__ import annotations

from patisserie.labs.lab import Lab, UnknownLab
from patisserie.labs.lab00 import LAB as LAB_00
from patisserie.labs.lab01 import LAB as LAB_01
from patisserie.labs.lab02 import LAB as LAB_02
from patisserie.labs.lab03 import LAB as LAB_03
from patisserie.labs.lab04 import LAB as LAB_04

LABS: tuple[Lab, ...] = (LAB_00, LAB_01, LAB_02, LAB_03, LAB_04)


def find_lab(number: str | int) -> Lab:
    """A lab by its number ("02", "2", 2) or its slug. Raises UnknownLab."""
    wanted = str(number).strip().lower()
    for lab in LABS:
        if wanted in (lab.number, lab.number.lstrip("0") or "0", lab.slug, lab.folder):
            return lab
    known = ", ".join(f"{lab.number} ({lab.slug})" for lab in LABS)
    raise UnknownLab(f"There is no lab {str(number)!r}; the labs are {known}.")


__all__ = ["LABS", "Lab", "UnknownLab", "find_lab"]
