"""boto3's resource actions with fewer steps: the same parameters, calls and answers.

What an action fills in of its resource (a table's name) is read off the model at every call, and two debug lines are
made that hardly anybody sees. Here the model is read once. When the lines are wanted, boto3's own code runs.
"""

from __future__ import annotations

import logging
from typing import Any

from boto3.resources.action import ServiceAction
from botocore import xform_name

from localcloud.patching import Patches

_log = logging.getLogger("boto3.resources.action")
_PLAN = "_localcloud_plan"


def install(patches: Patches) -> None:
    """Shorten the way until the patches are undone."""
    stock = ServiceAction.__call__

    def call(action: Any, parent: Any, *args: Any, **kwargs: Any) -> Any:
        known = vars(action)
        plan = known.get(_PLAN)
        if plan is None:
            plan = known[_PLAN] = _plan(action)
        if not plan or _log.isEnabledFor(logging.DEBUG):
            return stock(action, parent, *args, **kwargs)
        operation, identifiers = plan
        params = {target: getattr(parent, name) for target, name in identifiers}
        params.update(kwargs)
        response = getattr(parent.meta.client, operation)(*args, **params)
        return action._response_handler(parent, params, response)

    patches.set(ServiceAction, "__call__", call)


def _plan(action: Any) -> tuple[Any, ...]:
    """The client's method, and (parameter, attribute of the resource); empty when an action fills in anything else."""
    request = action._action_model.request
    found = []
    for param in request.params:
        if param.source == "input":
            continue
        if param.source != "identifier" or not param.target.isalnum():
            return ()
        found.append((param.target, xform_name(param.name)))
    return xform_name(request.operation), tuple(found)
