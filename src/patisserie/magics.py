"""Cell magics: what a learner writes in a cell lands in the working copy, and is deployed.

%%handler order.py      the cell is the file src/order.py of the learner's system
%%template              the cell is merged into the template's resources
"""

from __future__ import annotations

from typing import Any

from IPython.core.magic import Magics, cell_magic, magics_class

from patisserie.session.session import current_session
from patisserie.session.workspace import WorkspaceError
from patisserie.targets import TargetError


@magics_class
class LabMagics(Magics):
    """Registered by open_lab."""

    @cell_magic
    def handler(self, line: str, cell: str) -> None:
        """Write one file of the learner's system and redeploy it."""
        name = line.strip()
        if not name:
            print("Which file? Write %%handler order.py in the first line of the cell.")
            return
        self._change(lambda session: session.workspace.write_handler(name, cell), f"src/{name}", cell)

    @cell_magic
    def function(self, line: str, cell: str) -> None:
        """Replace functions in one file of the learner's system and redeploy it."""
        name = line.strip()
        self._change(lambda session: session.workspace.replace_functions(name, cell), f"src/{name}", cell)

    @cell_magic
    def template(self, line: str, cell: str) -> None:
        """Merge the cell into the template of the learner's system and redeploy it."""
        self._change(lambda session: session.workspace.merge_template(cell), "template.yaml", cell)

    def _change(self, change: Any, what: str, cell: str) -> None:
        session = current_session()
        if not cell.strip() or all(line.lstrip().startswith("#") for line in cell.splitlines() if line.strip()):
            print("Nothing to save yet: the cell has no content.")
            return
        if session is None or session.workspace is None:
            print("Open the lab first: run the cell with open_lab(...).")
            return
        try:
            change(session)
            session.deploy("mine")
        except (WorkspaceError, TargetError) as exc:
            print(f"Not deployed. {exc}")
            return
        print(f"Saved {what} and deployed your system.")


def register() -> None:
    """Make the magics known to the running IPython, when there is one."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
        shell.register_magics(LabMagics)
