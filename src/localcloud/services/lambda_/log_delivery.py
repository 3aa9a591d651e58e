"""What an environment has written goes to CloudWatch Logs, if the function's role may write there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.principals import Principal
from localcloud.services.lambda_.sandboxes import Sandbox

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


def deliver_logs(cloud: Cloud, sandbox: Sandbox) -> list[tuple[int, str]]:
    """Send the lines of a sandbox, and return them: (unix time in ms, text) each.

    Those of a function whose role may not write are gone, and nobody is told.
    """
    lines, sandbox.lines = sandbox.lines, []
    group = sandbox.config.logs.group
    if lines and _may_write(cloud, Principal(sandbox.config.role, sandbox.config.name), group, sandbox.log_stream):
        cloud.logs.put(group, sandbox.log_stream, lines, by_lambda=True)
    return lines


def _may_write(cloud: Cloud, who: Principal, group: str, stream: str) -> bool:
    arn = f"arn:aws:logs:{cloud.region}:{cloud.account_id}:log-group:{group}"
    needed = [("CreateLogStream", f"{arn}:log-stream:{stream}"), ("PutLogEvents", f"{arn}:log-stream:{stream}")]
    if cloud.iam.enforced and not cloud.logs.has_group(group):
        needed.append(("CreateLogGroup", f"{arn}:log-stream:"))
    return all(cloud.iam.permits(who, f"logs:{action}", resource) for action, resource in needed)
