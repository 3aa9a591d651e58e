"""Function code on disk: each zip is unpacked once, under the name of its content."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import tempfile
import weakref
import zipfile
from pathlib import Path

_SDK_IMPORT = re.compile(rb"^\s*(import|from)\s+boto3\b", re.MULTILINE)


class CodeStore:
    """Unpacked packages in a temporary directory that goes when the store goes."""

    def __init__(self) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="localcloud-code-"))
        self._imports_sdk: dict[Path, bool] = {}
        weakref.finalize(self, shutil.rmtree, str(self._root), ignore_errors=True)

    def unpack(self, archive: bytes) -> Path:
        """The directory with the content of `archive`. Raises zipfile.BadZipFile."""
        target = self._root / hashlib.sha256(archive).hexdigest()
        if not target.exists():
            with zipfile.ZipFile(io.BytesIO(archive)) as opened:
                opened.extractall(target)
        return target

    def imports_sdk(self, directory: Path) -> bool:
        """Whether any module in `directory` imports boto3: that makes Init longer."""
        if directory not in self._imports_sdk:
            self._imports_sdk[directory] = any(
                _SDK_IMPORT.search(file.read_bytes()) for file in sorted(directory.glob("**/*.py"))
            )
        return self._imports_sdk[directory]
