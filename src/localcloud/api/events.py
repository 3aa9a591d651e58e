"""botocore's events around a call: the same handlers in the same order, found without a search.

botocore's emitter builds the name of the event, looks it up by its alias and writes a debug line for each handler. When
those lines are wanted, or an emitter is not botocore's own, the stock path is taken.
"""

from __future__ import annotations

import logging
from typing import Any

from botocore.hooks import EventAliaser, HierarchicalEmitter, first_non_none_response

_log = logging.getLogger("botocore.hooks")
Responses = list[tuple[Any, Any]]


class CallEvents:
    """The events of a call: `prepare` before its parameters are looked at, `after` it."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], tuple[str, str, str]] = {}

    def prepare(self, client: Any, model: Any, params: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
        """The parameters as handlers leave them; as botocore's `_emit_api_params`."""
        provide, build, _ = self._of(client, model.name)
        events = client.meta.events
        responses = _emit(events, provide, params=params, model=model, context=context)
        found: dict[str, Any] = first_non_none_response(responses, default=params)
        _emit(events, build, params=found, model=model, context=context)
        return found

    def after(self, client: Any, model: Any, response: Any, parsed: dict[str, Any], context: dict[str, Any]) -> None:
        """The call has an answer, which handlers may change in place."""
        name = self._of(client, model.name)[2]
        _emit(client.meta.events, name, http_response=response, parsed=parsed, model=model, context=context)

    def _of(self, client: Any, operation: str) -> tuple[str, str, str]:
        service_model = client._service_model
        key = (service_model.service_name, operation)
        found = self._names.get(key)
        if found is None:
            name = f"{service_model.service_id.hyphenize()}.{operation}"
            found = f"provide-client-params.{name}", f"before-parameter-build.{name}", f"after-call.{name}"
            self._names[key] = found
        return found


def _emit(events: Any, name: str, **kwargs: Any) -> Responses:
    emitter: Any = events._emitter if type(events) is EventAliaser else None
    if type(emitter) is not HierarchicalEmitter or _log.isEnabledFor(logging.DEBUG):
        return list(events.emit(name, **kwargs))
    # both memories are the emitter's own; it forgets the handlers of a name when others are registered
    alias = events._alias_name_cache.get(name)
    handlers = emitter._lookup_cache.get(alias) if alias is not None else None
    if handlers is None:
        return list(events.emit(name, **kwargs))
    if not handlers:
        return []
    kwargs["event_name"] = alias
    return [(handler, handler(**kwargs)) for handler in handlers]
