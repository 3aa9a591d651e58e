"""IAM: what roles may do."""

from localcloud.services.iam.handed_roles import HandedRoles
from localcloud.services.iam.service import Iam

__all__ = ["HandedRoles", "Iam"]
