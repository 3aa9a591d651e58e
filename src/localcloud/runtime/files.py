"""/tmp: a directory of its own for each execution environment, under the path that its code knows.

Whatever simulated code opens, lists or removes below /tmp is found in a directory of the host's that goes when
the environment goes. Everything else, and everybody else, sees the host's files.
"""

from __future__ import annotations

import builtins
import functools
import io
import os
import shutil
import sys
import tempfile
import weakref
from collections.abc import Callable
from typing import Any

from localcloud.patching import Patches

_TMP = "/tmp"
_ONE_PATH = (
    "access", "chmod", "listdir", "lstat", "mkdir", "open", "readlink", "remove", "rmdir", "scandir", "stat",
    "statvfs", "truncate", "unlink", "utime",
)  # fmt: skip
_TWO_PATHS = ("link", "rename", "replace", "symlink")
_OURS = "localcloud-"  # directories that the local cloud itself has in the host's /tmp, such as unpacked code


class TmpDirectory:
    """The /tmp of one environment, made when it is first used."""

    def __init__(self) -> None:
        self._root = ""

    @property
    def root(self) -> str:
        """Where it is on the host."""
        if not self._root:
            self._root = tempfile.mkdtemp(prefix="localcloud-tmp-")
            weakref.finalize(self, shutil.rmtree, self._root, ignore_errors=True)
        return self._root

    def host_path(self, path: str) -> str:
        return self.root + path[len(_TMP) :]

    def own_path(self, path: Any) -> Any:
        """The path as the environment's code knows it."""
        inside = self._root and isinstance(path, str) and path.startswith(self._root)
        return _TMP + path[len(self._root) :] if inside else path


def install(patches: Patches, environment: Callable[[], Any]) -> None:
    """Make files below /tmp belong to the running environment."""
    kept = tuple(path for path in (*sys.path, sys.prefix, sys.base_prefix) if path.startswith(f"{_TMP}/"))

    def translated(path: Any) -> tuple[TmpDirectory, str] | None:
        """(its directory, the host's path) of a path below the running environment's /tmp."""
        if type(path) is not str:
            if not isinstance(path, os.PathLike):
                return None
            path = os.fspath(path)
        if not isinstance(path, str) or not path.startswith(_TMP):
            return None
        below = path[len(_TMP) :]
        if (below and below[0] != "/") or below.startswith(f"/{_OURS}") or path.startswith(kept):
            return None
        owner = environment()
        return None if owner is None else (owner.tmp, owner.tmp.host_path(path))

    def redirect(real: Callable[..., Any], paths: int) -> Callable[..., Any]:
        @functools.wraps(real)
        def redirected(*args: Any, **kwargs: Any) -> Any:
            found = [translated(path) for path in args[:paths]]
            if not any(found):
                return real(*args, **kwargs)
            places = [place[1] if place else path for place, path in zip(found, args, strict=False)]
            try:
                return real(*places, *args[paths:], **kwargs)
            except OSError as exc:
                directory = next(place[0] for place in found if place)
                exc.filename = directory.own_path(exc.filename)
                if exc.filename2 is not None:  # set to None, it would be shown
                    exc.filename2 = directory.own_path(exc.filename2)
                raise

        return redirected

    opening = redirect(io.open, 1)
    patches.set(builtins, "open", opening)
    patches.set(io, "open", opening)
    for name in _ONE_PATH:
        patches.set(os, name, redirect(getattr(os, name), 1))
    for name in _TWO_PATHS:
        patches.set(os, name, redirect(getattr(os, name), 2))
