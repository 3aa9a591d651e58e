"""Short-term memory: the events of each actor's sessions, until they expire.

moto keeps the memories; the events are kept here. Long-term memory (strategies, extraction, records) needs a model
that understands and is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from moto.bedrockagentcorecontrol.models import bedrockagentcorecontrol_backends

from localcloud.api import ApiCall, ApiError

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

CONTROL = "bedrock-agentcore-control"
SERVICE = "bedrock-agentcore"
_SHOWN = ("memoryId", "actorId", "sessionId", "eventId", "eventTimestamp", "payload", "branch", "metadata")


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event as ListEvents shows it. `at` is the caller's timestamp; `number` tells the order of arrival."""

    shown: Mapping[str, Any]
    at: datetime
    number: int


class Memories:
    """Events by memory, actor and session."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._events: dict[str, list[StoredEvent]] = {}
        self._tokens: dict[tuple[str, str], str] = {}
        self._ids = cloud.kernel.streams["agentcore/memory"]
        self._count = 0
        self._page_size = int(cloud.facts.value("quota.agentcore.memory_page"))

    def install(self) -> None:
        """Answer the operations of short-term memory."""
        self._cloud.api.register(CONTROL, "CreateMemory", self._create_memory)
        handlers = {
            "CreateEvent": self._create,
            "GetEvent": self._get,
            "DeleteEvent": self._delete,
            "ListEvents": self._list,
            "ListSessions": self._sessions,
            "ListActors": self._actors,
        }
        for operation, handler in handlers.items():
            self._cloud.api.register(SERVICE, operation, handler)

    def _create_memory(self, call: ApiCall) -> dict[str, Any]:
        if call.params.get("memoryStrategies"):
            raise ApiError(
                "ValidationException",
                "The local cloud has short-term memory only; create the memory without memoryStrategies.",
                400,
            )
        return self._cloud.api.stock(call)

    # -- operations ----------------------------------------------------------------------------

    def _create(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        memory = self._memory(params["memoryId"])
        kept = self._alive(memory)
        token = params.get("clientToken")
        if token is not None and (memory.memory_id, token) in self._tokens:
            earlier = self._tokens[memory.memory_id, token]
            return {"event": self._found(kept, earlier).shown}
        self._count += 1
        at: datetime = params["eventTimestamp"]
        event_id = f"{round(at.timestamp() * 1_000):016d}#{self._ids.getrandbits(32):08x}"
        branch = params.get("branch") or {"name": "main"}
        self._check_branch(kept, branch)
        given = {
            **params,
            "memoryId": memory.memory_id,
            "sessionId": params.get("sessionId", "default"),
            "eventId": event_id,
            "branch": branch,
        }
        made = StoredEvent({name: given[name] for name in _SHOWN if name in given}, at, self._count)
        kept.append(made)
        if token is not None:
            self._tokens[memory.memory_id, token] = event_id
        self._cloud.meter.add("agentcore.memory_events", 1, memory.memory_id)
        return {"event": made.shown}

    @staticmethod
    def _check_branch(kept: Sequence[StoredEvent], branch: Mapping[str, Any]) -> None:
        root = branch.get("rootEventId")
        if root is not None and not any(event.shown["eventId"] == root for event in kept):
            raise ApiError("ValidationException", f"The branch's root event {root} does not exist.", 400)

    def _get(self, call: ApiCall) -> dict[str, Any]:
        return {"event": self._found(self._of(call.params), call.params["eventId"]).shown}

    def _delete(self, call: ApiCall) -> dict[str, Any]:
        found = self._found(self._of(call.params), call.params["eventId"])
        self._events[found.shown["memoryId"]].remove(found)
        return {"eventId": call.params["eventId"]}

    def _list(self, call: ApiCall) -> dict[str, Any]:
        """Newest first, as AWS lists them."""
        params = call.params
        found = sorted(self._of(params), key=lambda event: (event.at, event.number), reverse=True)
        branch = ((params.get("filter") or {}).get("branch") or {}).get("name")
        if branch is not None:
            found = [event for event in found if event.shown["branch"]["name"] == branch]
        for condition in (params.get("filter") or {}).get("eventMetadata") or ():
            found = [event for event in found if _meets(event.shown.get("metadata") or {}, condition)]
        page, token = _page(found, params, self._page_size)
        shown = [event.shown if params.get("includePayloads", True) else _bare(event.shown) for event in page]
        return {"events": shown, **token}

    def _sessions(self, call: ApiCall) -> dict[str, Any]:
        params = call.params
        first: dict[str, datetime] = {}
        for event in self._alive(self._memory(params["memoryId"])):
            if event.shown["actorId"] == params["actorId"]:
                first.setdefault(event.shown["sessionId"], event.at)
        page, token = _page(list(first.items()), params, self._page_size)
        actor = params["actorId"]
        return {"sessionSummaries": [{"sessionId": s, "actorId": actor, "createdAt": at} for s, at in page], **token}

    def _actors(self, call: ApiCall) -> dict[str, Any]:
        kept = self._alive(self._memory(call.params["memoryId"]))
        page, token = _page(list(dict.fromkeys(event.shown["actorId"] for event in kept)), call.params, self._page_size)
        return {"actorSummaries": [{"actorId": actor} for actor in page], **token}

    # -- state ---------------------------------------------------------------------------------

    def _memory(self, reference: str) -> Any:
        memory_id = reference.rsplit("/", 1)[-1]
        memory = bedrockagentcorecontrol_backends[self._cloud.account_id][self._cloud.region].memories.get(memory_id)
        if memory is None:
            raise ApiError("ResourceNotFoundException", f"Memory not found: {memory_id}", 404)
        return memory

    def _alive(self, memory: Any) -> list[StoredEvent]:
        """The memory's events in the order they came, without those whose days are over."""
        oldest = self._cloud.now - timedelta(days=memory.event_expiry_duration)
        kept = self._events.setdefault(memory.memory_id, [])
        kept[:] = [event for event in kept if event.at >= oldest]
        return kept

    def _of(self, params: Mapping[str, Any]) -> list[StoredEvent]:
        kept = self._alive(self._memory(params["memoryId"]))
        wanted = ("actorId", "sessionId")
        return [event for event in kept if all(event.shown[name] == params[name] for name in wanted)]

    @staticmethod
    def _found(kept: Sequence[StoredEvent], event_id: str) -> StoredEvent:
        for event in kept:
            if event.shown["eventId"] == event_id:
                return event
        raise ApiError("ResourceNotFoundException", f"Event not found: {event_id}", 404)


def _bare(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {**shown, "payload": []}


def _meets(metadata: Mapping[str, Any], condition: Mapping[str, Any]) -> bool:
    key, operator = condition["left"]["metadataKey"], condition["operator"]
    if operator == "EQUALS_TO":
        return bool(metadata.get(key) == condition["right"]["metadataValue"])
    return bool((key in metadata) == (operator == "EXISTS"))


def _page(found: Sequence[Any], params: Mapping[str, Any], default: int) -> tuple[Sequence[Any], dict[str, str]]:
    """One page and its `nextToken`, which is the place to go on from."""
    start, size = int(params.get("nextToken") or 0), params.get("maxResults", default)
    more = len(found) > start + size
    return found[start : start + size], {"nextToken": str(start + size)} if more else {}
