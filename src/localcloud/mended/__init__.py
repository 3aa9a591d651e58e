"""What moto forgets or answers otherwise when resources are described: tools that compare would never be content.

Each module mends moto's own models, so that calls from inside and from outside see the same. `rest_apis` is installed
with the service, when somebody first calls it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.mended import buckets, functions, managed_policies, mappings, partial_arns, tags, versions
from localcloud.mended.topics import TopicAttributes

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

__all__ = ["install"]


def install(cloud: Cloud) -> None:
    """Mend moto until the cloud stops."""
    for part in (buckets, functions, managed_policies, mappings, tags, versions, partial_arns):
        part.install(cloud.patches)
    TopicAttributes(cloud).install()
