"""AWS's own managed policies, which moto brings along and reads only when it is told to: all of them, at its start.

Here each is read when it is named. Reading draws nothing from moto's random numbers, so that ids stay what they are.
"""

from __future__ import annotations

import json
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend
from moto.moto_api._internal import mock_random

from localcloud.patching import Patches

_PREFIX = "arn:aws:iam::aws:policy/"
_NAMING = (
    "attach_role_policy", "attach_user_policy", "attach_group_policy", "get_policy", "get_policy_version",
    "list_policy_versions",
)  # fmt: skip


def install(patches: Patches) -> None:
    """Let IAM know them until the patches are undone."""
    for name in _NAMING:
        patches.set(IAMBackend, name, _knowing(getattr(IAMBackend, name)))
    stock_list = IAMBackend.list_policies

    def list_policies(backend: Any, *args: Any, **kwargs: Any) -> Any:
        scope = kwargs.get("scope", args[-1] if args else None)
        if scope != "Local" and not kwargs.get("only_attached"):
            for name, data in json.loads(aws_managed_policies_data).items():
                _add(backend, name, data)
        return stock_list(backend, *args, **kwargs)

    patches.set(IAMBackend, "list_policies", list_policies)


def _knowing(method: Any) -> Any:
    """The method, with the policy in it that its arguments name."""

    def known(backend: Any, *args: Any, **kwargs: Any) -> Any:
        for value in (*args, *kwargs.values()):
            if isinstance(value, str) and value.startswith(_PREFIX) and value not in backend.managed_policies:
                name = value.rsplit("/", 1)[-1]
                data = _read(name)
                if data is not None and f"{_PREFIX.removesuffix('/')}{data['Path']}{name}" == value:
                    _add(backend, name, data)
        return method(backend, *args, **kwargs)

    return known


def _read(name: str) -> dict[str, Any] | None:
    """One policy out of moto's text: reading all of them takes a tenth of a second."""
    key = f'\n "{name}":'
    start = aws_managed_policies_data.find(key)
    if start < 0:
        return None
    found: dict[str, Any] = json.JSONDecoder().raw_decode(aws_managed_policies_data, start + len(key))[0]
    return found


def _add(backend: Any, name: str, data: dict[str, Any]) -> None:
    state = mock_random.getstate()
    policy = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, data)
    mock_random.setstate(state)
    if policy.arn not in backend.managed_policies:
        backend.managed_policies[policy.arn] = policy
        backend.aws_managed_policies.append(policy)
