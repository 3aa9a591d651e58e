"""Where the course's files are."""

from __future__ import annotations

from pathlib import Path

from patisserie.errors import OneSentence


class CourseNotFound(OneSentence):
    """The course's files are not where they should be."""


def course_root() -> Path:
    """The directory with infra/, labs/ and solutions/: the repository, wherever Python was started.

    Raises CourseNotFound.
    """
    for start in (Path(__file__).resolve(), Path.cwd().resolve() / "x"):
        for directory in start.parents:
            if (directory / "infra" / "stacks").is_dir() and (directory / "_toc.yml").is_file():
                return directory
    raise CourseNotFound(
        "The course's files (infra/, labs/, solutions/) were not found. Run from inside the repository, installed with "
        "pip install -e ."
    )


def default_workdir() -> Path:
    """Where learners' working copies live. Raises CourseNotFound."""
    return course_root() / "labs" / ".work"
