"""Cell magics: what a learner writes in a cell lands in the working copy, and is deployed.

%%handler order.py      the cell is the file src/order.py of the learner's system
%%function order.py     the cell's functions take the place of those of the same name in src/order.py
%%template              the cell is merged into the template's resources
%%aws                   the cell runs only when the person has opted in to AWS
"""

from __future__ import annotations

from collections.abc import Callable

from IPython.core.magic import Magics, cell_magic, magics_class

from patisserie.session import current_session
from patisserie.session.workspace import Workspace, WorkspaceError
from patisserie.targets import TargetError
from patisserie.targets.opt_in import require_opt_in


@magics_class
class LabMagics(Magics):
    """Registered by open_lab."""

    @cell_magic
    def handler(self, line: str, cell: str) -> None:
        """Write one file of the learner's system and redeploy it."""
        self._file("handler", line, cell, lambda workspace, name: workspace.write_handler(name, cell))

    @cell_magic
    def function(self, line: str, cell: str) -> None:
        """Replace functions in one file of the learner's system and redeploy it."""
        self._file("function", line, cell, lambda workspace, name: workspace.replace_functions(name, cell))

    @cell_magic
    def template(self, line: str, cell: str) -> None:
        """Merge the cell into the template of the learner's system and redeploy it.

        A template that CloudFormation refuses is taken back: it would spoil every later deployment.
        """

        def change(workspace: Workspace) -> Callable[[], None]:
            before = workspace.template.read_text(encoding="utf-8")
            workspace.merge_template(cell)
            return lambda: workspace.restore_template(before)

        self._change(change, "template.yaml", cell)

    @cell_magic
    def aws(self, line: str, cell: str) -> None:
        """Run the cell for a person who has opted in, so that "Run all cells" never stops at what costs money."""
        try:
            require_opt_in(opted_in=False)
        except TargetError as exc:
            print(f"Skipped. {exc}")
            return
        assert self.shell is not None  # a magic has the shell that read it
        self.shell.run_cell(cell)  # type: ignore[no-untyped-call]  # IPython has no types here

    def _file(self, magic: str, line: str, cell: str, change: Callable[[Workspace, str], None]) -> None:
        name = line.strip()
        if not name:
            print(f"Which file? Write %%{magic} order.py in the first line of the cell.")
            return
        self._change(lambda workspace: change(workspace, name), f"src/{name}", cell)

    def _change(self, change: Callable[[Workspace], Callable[[], None] | None], what: str, cell: str) -> None:
        session = current_session()
        if not cell.strip() or all(line.lstrip().startswith("#") for line in cell.splitlines() if line.strip()):
            print("Nothing to save yet: the cell has no content.")
            return
        if session is None or session.workspace is None:
            print("Open the lab first: run the cell with open_lab(...).")
            return
        try:
            undo = change(session.workspace)
        except WorkspaceError as exc:
            print(f"Not deployed. {exc}")
            return
        try:
            session.deploy("mine")
        except TargetError as exc:
            if undo is None:
                print(f"Saved {what}, but not deployed. {exc}")
            else:
                undo()
                print(f"Not deployed, and {what} is as it was before. {exc}")
            return
        print(f"Saved {what} and deployed your system.")


def register() -> None:
    """Make the magics known to the running IPython, when there is one."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
        shell.register_magics(LabMagics)
