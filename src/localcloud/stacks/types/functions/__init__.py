"""AWS::Lambda::*."""

from __future__ import annotations

from localcloud.stacks.types.functions.access import Permission, Url
from localcloud.stacks.types.functions.events import EventInvokeConfig, EventSourceMapping
from localcloud.stacks.types.functions.function import Function
from localcloud.stacks.types.functions.resources import CapacityProvider, LayerVersion
from localcloud.stacks.types.functions.versions import Alias, Version

ALL = (
    CapacityProvider(), Function(), Version(), Alias(), Permission(), EventSourceMapping(), EventInvokeConfig(), Url(),
    LayerVersion(),
)  # fmt: skip
