"""Who a call comes from: a role, assumed in a session."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

GATEWAY_SESSION = "BackplaneAssumeRoleSession"  # how API Gateway calls its sessions


@dataclass(frozen=True, slots=True)
class Principal:
    """`role_arn` of the role ("arn:aws:iam::123456789012:role/orders"); `session` is the name of the session.

    `policy` is the JSON of the session's own policy, which bounds what the role may do; "" for none. `tags` are those
    of the session, (key, value) each.
    """

    role_arn: str
    session: str
    policy: str = ""
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def role_name(self) -> str:
        return self.role_arn.rsplit("/", 1)[-1]

    @property
    def account_id(self) -> str:
        return ":".join(self.role_arn.split(":")[4:5])

    @property
    def arn(self) -> str:
        """The ARN of the session, as AWS names who was refused; it leaves the role's path out."""
        return f"arn:aws:sts::{self.account_id}:assumed-role/{self.role_name}/{self.session}"

    @property
    def user_id(self) -> str:
        """What GetCallerIdentity says."""
        unique = hashlib.sha256(self.role_arn.encode()).hexdigest().upper()[:17]
        return f"AROA{unique}:{self.session}"
