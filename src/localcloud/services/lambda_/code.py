"""Function code on disk: each zip is unpacked once, under the name of its content."""

from __future__ import annotations

import hashlib
import io
import shutil
import tempfile
import weakref
import zipfile
from collections.abc import Sequence
from pathlib import Path


class CodeStore:
    """Unpacked packages in a temporary directory that goes when the store goes."""

    def __init__(self) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="localcloud-code-"))
        weakref.finalize(self, shutil.rmtree, str(self._root), ignore_errors=True)

    def unpack(self, archive: bytes) -> Path:
        """The directory with the content of `archive`. Raises zipfile.BadZipFile."""
        return self.merge([archive])

    def merge(self, archives: Sequence[bytes]) -> Path:
        """One directory with the content of all of them; of files with the same name the last one stays.

        Raises zipfile.BadZipFile.
        """
        digests = [hashlib.sha256(archive).hexdigest() for archive in archives]
        name = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
        target = self._root / name
        if not target.exists():
            for archive in archives:
                with zipfile.ZipFile(io.BytesIO(archive)) as opened:
                    opened.extractall(target)
        return target


def unzipped_bytes(archive: bytes) -> int:
    """How large the content of `archive` is; 0 for what is no zip."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            return sum(entry.file_size for entry in opened.infolist())
    except zipfile.BadZipFile:
        return 0
