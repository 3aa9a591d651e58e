"""Opening a lab on a target: nothing is done on AWS before it was asked for, shown and confirmed."""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from localcloud.facts import Facts
from localcloud.stacks.parsing import parse_template
from patisserie.course import course_root
from patisserie.labs.lab import Lab
from patisserie.session.deploying import PARTNERS
from patisserie.session.measuring import AWS_ARRIVALS
from patisserie.session.session import LabSession
from patisserie.targets import TargetError
from patisserie.targets.aws import AwsTarget
from patisserie.targets.local import LocalTarget
from patisserie.targets.opt_in import cost_bound_usd, plan_text, require_opt_in
from patisserie.widgets import UNATTENDED_VARIABLE

DEFAULT_SEED = 7

_open: list[LabSession] = []


def current_session() -> LabSession | None:
    """The lab that is open in this process, or None."""
    return _open[-1] if _open else None


def open_lab(
    number: str | int,
    seed: int | None = None,
    target: str | None = None,
    workdir: Path | None = None,
    *,
    opted_in: bool = False,
    confirm: Callable[[str], bool] | None = None,
) -> LabSession:
    """Open a lab on a target ("local" unless told otherwise). A lab that was open before is closed.

    "aws" needs PATISSERIE_AWS=1 in the environment, or `opted_in`. Account, Region and a bound on the costs are
    handed to `confirm`, which says whether to go on; without it they are printed.

    Raises UnknownLab and TargetError, each with one clear sentence.
    """
    from patisserie import magics
    from patisserie.labs import find_lab

    lab = find_lab(number)
    if workdir is None and os.environ.get(UNATTENDED_VARIABLE) == "1":
        workdir = Path(tempfile.mkdtemp(prefix="patisserie-"))  # a run without a learner starts afresh
        atexit.register(shutil.rmtree, workdir, ignore_errors=True)
    chosen = target or "local"
    if chosen not in ("local", "aws"):
        raise TargetError(f'The target {chosen!r} is not there; use "local" or "aws".')
    if chosen == "aws":
        require_opt_in(opted_in)
    while _open:
        _open.pop().close()
    seed = DEFAULT_SEED if seed is None else seed
    opened = _open_aws(lab, seed, confirm) if chosen == "aws" else LocalTarget(seed, _tags(lab, f"{lab.number}-{seed}"))
    session = LabSession(lab, opened, seed, workdir)
    _open.append(session)
    magics.register()
    return session


def _tags(lab: Lab, run: str) -> dict[str, str]:
    return {"patisserie:lab": lab.number, "patisserie:run": run}


def cost_bound(lab: Lab) -> tuple[int, float]:
    """How many orders a run of the lab on AWS places at most, and what that costs at most in USD at list prices."""
    stacks = course_root() / "infra" / "stacks"
    paths = [*sorted((stacks / lab.folder).glob("*/template.yaml")), stacks / PARTNERS / "template.yaml"]
    templates = [parse_template(path.read_text(encoding="utf-8")) for path in paths]
    # before, after, and at most one small load for each exercise
    orders = round(AWS_ARRIVALS.rate_per_s * AWS_ARRIVALS.duration_s) * (2 + len(lab.exercises))
    return orders, cost_bound_usd(templates, orders, Facts.load())


def _open_aws(lab: Lab, seed: int, confirm: Callable[[str], bool] | None) -> AwsTarget:
    run = f"{lab.number}-{secrets.token_hex(4)}"  # two runs in one account must not meet
    target = AwsTarget(seed, _tags(lab, run))
    text = plan_text(target.account, run, *cost_bound(lab))
    if confirm is None:
        print(text)
    elif not confirm(text):
        target.close()
        raise TargetError("Nothing was done on AWS: it was not confirmed.")
    return target
