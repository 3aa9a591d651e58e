"""AWS AppSync Events in virtual time: publish over HTTP, subscribe over a connection."""

from __future__ import annotations

from localcloud.services.appsync_events.connection import Connection, ConnectionRefused
from localcloud.services.appsync_events.service import AppSyncEvents

__all__ = ["AppSyncEvents", "Connection", "ConnectionRefused"]
