"""The files that simulated code sees, under the paths that Lambda's code knows.

`/tmp` is a directory of its own for each execution environment, on the host a directory that goes when the environment
goes. `/var/task` is the function's code and the working directory, `/opt` its layers: both are read only, as is all
the rest, so that a handler cannot write on the learner's disk. Reading elsewhere finds the host's files. Code outside
of environments sees the host's files only.
"""

from __future__ import annotations

import builtins
import errno
import functools
import io
import os
import posixpath
import shutil
import sys
import tempfile
import weakref
from collections.abc import Callable
from typing import Any

from localcloud.patching import Patches

_TMP = "/tmp"
_TASK = "/var/task"
_LAYERS = "/opt"
_DEVICES = "/dev"
_READ = ("access", "listdir", "lstat", "readlink", "scandir", "stat", "statvfs")
_WRITE = ("chmod", "mkdir", "remove", "rmdir", "truncate", "unlink", "utime")
_WRITE_TWO = ("link", "rename", "replace")
_OURS = "localcloud-"  # directories that the local cloud itself has in the host's /tmp, such as unpacked code
_DIRECTORIES = ("dir_fd", "src_dir_fd", "dst_dir_fd")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


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


class _Place:
    """Where a path of an environment's code is on the host. `own` is what the code calls it."""

    __slots__ = ("host", "own", "owner", "writable")

    def __init__(self, owner: Any, own: str, host: str, writable: bool) -> None:
        self.owner, self.own, self.host, self.writable = owner, own, host, writable

    def known_as(self, path: Any) -> Any:
        """The path in an error, as the environment's code knows it."""
        return self.own if path == self.host else self.owner.tmp.own_path(path)


class _Places:
    """Finds the place of a path in the running environment."""

    def __init__(self, environment: Callable[[], Any]) -> None:
        self._environment = environment
        # libraries and our own files may lie below /tmp of the host
        self._kept = tuple(path for path in (*sys.path, sys.prefix, sys.base_prefix) if path.startswith(f"{_TMP}/"))
        host_tmp = tempfile.gettempdir()  # where libraries keep files of their own in simulated code's name
        self._writable = (_DEVICES, *(() if host_tmp == _TMP else (host_tmp, os.path.realpath(host_tmp))))

    def find(self, path: Any) -> _Place | None:
        """None for what is no path, such as a file descriptor, and outside of environments."""
        if type(path) is not str:
            if not isinstance(path, os.PathLike):
                return None
            path = os.fspath(path)
            if not isinstance(path, str):
                return None
        owner = self._environment()
        if owner is None:
            return None
        full = path if path[:1] == "/" else self._relative(owner, path)
        if _below(full, _TMP):
            if full.startswith((f"{_TMP}/{_OURS}", *self._kept)):
                return _Place(owner, path, full, True)
            return _Place(owner, path, owner.tmp.host_path(full), True)
        if _below(full, _TASK) and owner.code_dirs:
            return _Place(owner, path, str(owner.code_dirs[0]) + full[len(_TASK) :], False)
        if _below(full, _LAYERS) and owner.layers_root is not None:
            return _Place(owner, path, f"{owner.layers_root}{full[len(_LAYERS) :]}", False)
        return _Place(owner, path, full, full.startswith(self._writable))

    @staticmethod
    def _relative(owner: Any, path: str) -> str:
        if os.path.isabs(path):
            return path  # another system's absolute path
        return posixpath.normpath(posixpath.join(owner.working_directory, path))


def _below(path: str, root: str) -> bool:
    return path.startswith(root) and (len(path) == len(root) or path[len(root)] == "/")


def install(patches: Patches, environment: Callable[[], Any]) -> None:
    """Make files belong to the running environment."""
    places = _Places(environment)

    def redirect(real: Callable[..., Any], paths: int, writes: Callable[..., bool]) -> Callable[..., Any]:
        @functools.wraps(real)
        def redirected(*args: Any, **kwargs: Any) -> Any:
            if not args and paths == 1 and environment() is not None:
                args = (".",)  # listdir and scandir look there by themselves
            # relative to an open directory, which has been found already
            relative = any(kwargs.get(name) is not None for name in _DIRECTORIES)
            found = [] if relative else [places.find(path) for path in args[:paths]]
            if not any(found):
                return real(*args, **kwargs)
            if writes(*args, **kwargs):
                for place in found:
                    if place is not None and not place.writable:
                        raise OSError(errno.EROFS, os.strerror(errno.EROFS), place.own)
            hosts = [path if place is None else place.host for place, path in zip(found, args, strict=False)]
            try:
                return real(*hosts, *args[paths:], **kwargs)
            except OSError as exc:
                place = next(place for place in found if place is not None)
                exc.filename = place.known_as(exc.filename)
                if exc.filename2 is not None:  # set to None, it would be shown
                    exc.filename2 = place.known_as(exc.filename2)
                raise

        return redirected

    opening = redirect(io.open, 1, _opens_to_write)
    patches.set(builtins, "open", opening)
    patches.set(io, "open", opening)
    patches.set(os, "open", redirect(os.open, 1, lambda _path, flags, *_, **__: bool(flags & _WRITING)))
    for name in _READ:
        patches.set(os, name, redirect(getattr(os, name), 1, lambda *_, **__: False))
    for name in _WRITE:
        patches.set(os, name, redirect(getattr(os, name), 1, lambda *_, **__: True))
    for name in _WRITE_TWO:
        patches.set(os, name, redirect(getattr(os, name), 2, lambda *_, **__: True))
    _install_symlinks(patches, places)
    _install_working_directory(patches, environment)


def _opens_to_write(_path: Any, mode: str = "r", *_: Any, **__: Any) -> bool:
    return not mode.isalpha() or bool(set(mode) & set("wax"))


def _install_symlinks(patches: Patches, places: _Places) -> None:
    real = os.symlink

    def symlink(src: Any, dst: Any, *args: Any, **kwargs: Any) -> None:
        target, place = places.find(src), places.find(dst)
        if place is None:
            real(src, dst, *args, **kwargs)
            return
        if not place.writable:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), place.own)
        absolute = target is not None and str(src).startswith("/")
        real(target.host if absolute and target is not None else src, place.host, *args, **kwargs)

    patches.set(os, "symlink", symlink)


def _install_working_directory(patches: Patches, environment: Callable[[], Any]) -> None:
    real_getcwd, real_chdir = os.getcwd, os.chdir

    def getcwd() -> str:
        owner = environment()
        return real_getcwd() if owner is None else str(owner.working_directory)

    def chdir(path: Any) -> None:
        owner = environment()
        if owner is None:
            real_chdir(path)
            return
        os.listdir(path)  # it must be there
        owner.working_directory = posixpath.normpath(posixpath.join(owner.working_directory, os.fspath(path)))

    patches.set(os, "getcwd", getcwd)
    patches.set(os, "chdir", chdir)
