"""Puts the parts of a cloud together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.api import Api, clients, retries
from localcloud.api.moto_direct import MotoDirect
from localcloud.facts import Facts
from localcloud.latency import Latency
from localcloud.net import HttpPlane, sockets
from localcloud.services.cloudwatch import CloudWatch
from localcloud.services.lambda_ import Lambda
from localcloud.services.logs import Logs

if TYPE_CHECKING:
    from localcloud.cloud import Cloud


def assemble(cloud: Cloud) -> None:
    """Give `cloud` its services, in the order in which they need each other."""
    clients.install(cloud.patches)
    retries.install(cloud.kernel, cloud.patches)
    cloud.facts = Facts.load()
    cloud.latency = Latency(cloud.facts, cloud.kernel.streams)
    cloud.api = Api(cloud.kernel, MotoDirect(cloud.account_id, cloud.region), cloud.latency.api_us)
    cloud.api.install(cloud.patches)
    cloud.http = HttpPlane(cloud.kernel)
    sockets.install(cloud.kernel, cloud.http, cloud.patches)
    cloud.logs = Logs(cloud)
    cloud.cloudwatch = CloudWatch(cloud)
    cloud.cloudwatch.install()
    cloud.lambda_ = Lambda(cloud)
    cloud.lambda_.install()
