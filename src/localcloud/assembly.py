"""Puts the parts of a cloud together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.api import Api, clients, retries
from localcloud.api.moto_direct import MotoDirect

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


def assemble(cloud: Cloud) -> None:
    """Give `cloud` its services, in the order in which they need each other."""
    clients.install(cloud.patches)
    retries.install(cloud.kernel, cloud.patches)
    cloud.api = Api(cloud.kernel, MotoDirect(cloud.account_id, cloud.region), lambda service, operation: 0)
    cloud.api.install(cloud.patches)
