"""botocore's events around a call: the same handlers in the same order, found without a search.

botocore's emitter builds the name of the event, looks it up by its alias and writes a debug line for each handler. When
those lines are wanted, or an emitter is not botocore's own, the stock path is taken. Otherwise botocore's own handlers
that do nothing for an operation, by its model, are left out.
"""

from __future__ import annotations

import logging
from typing import Any

from botocore import handlers as stock
from botocore.discovery import block_endpoint_discovery_required_operations
from botocore.hooks import EventAliaser, HierarchicalEmitter, first_non_none_response

_log = logging.getLogger("botocore.hooks")
_KEPT = 4_096  # lists of handlers; a client makes new ones when somebody registers


class CallEvents:
    """The events of a call: `prepare` before its parameters are looked at, `after` it."""

    def __init__(self) -> None:
        self._names: dict[int, tuple[str, str, str, Any]] = {}
        self._useful: dict[int, tuple[Any, list[Any]]] = {}  # by the emitter's list, which is kept: its id is its own

    def prepare(self, client: Any, model: Any, params: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
        """The parameters as handlers leave them; as botocore's `_emit_api_params`."""
        provide, build, _, _ = self._of(model)
        events = client.meta.events
        found = params
        handlers = self._handlers(events, provide, model)
        if handlers is None:
            responses = events.emit(provide, params=params, model=model, context=context)
            found = first_non_none_response(responses, default=params)
        else:
            name = events._alias_name_cache[provide]
            first = None  # all are asked, and the first answer counts
            for handler in handlers:
                answer = handler(params=params, model=model, context=context, event_name=name)
                if first is None:
                    first = answer
            if first is not None:
                found = first
        self._emit(events, build, model, params=found, context=context)
        return found

    def after(self, client: Any, model: Any, response: Any, parsed: dict[str, Any], context: dict[str, Any]) -> None:
        """The call has an answer, which handlers may change in place."""
        name = self._of(model)[2]
        self._emit(client.meta.events, name, model, http_response=response, parsed=parsed, context=context)

    def _of(self, model: Any) -> tuple[str, str, str, Any]:
        """The names of the three events of an operation, and its model, which is kept: its id is its own."""
        found = self._names.get(id(model))
        if found is None:
            name = f"{model.service_model.service_id.hyphenize()}.{model.name}"
            found = f"provide-client-params.{name}", f"before-parameter-build.{name}", f"after-call.{name}", model
            self._names[id(model)] = found
        return found

    def _emit(self, events: Any, name: str, model: Any, **kwargs: Any) -> None:
        handlers = self._handlers(events, name, model)
        if handlers is None:
            events.emit(name, model=model, **kwargs)
        elif handlers:
            alias = events._alias_name_cache[name]
            for handler in handlers:
                handler(model=model, event_name=alias, **kwargs)

    def _handlers(self, events: Any, name: str, model: Any) -> list[Any] | None:
        """The handlers of an event that may do something; None when the emitter has to find them."""
        emitter: Any = events._emitter if type(events) is EventAliaser else None
        if type(emitter) is not HierarchicalEmitter or _log.isEnabledFor(logging.DEBUG):
            return None
        # both memories are the emitter's own; it forgets the handlers of a name when others are registered
        handlers = emitter._lookup_cache.get(events._alias_name_cache.get(name))
        if handlers is None:
            return None
        known = self._useful.get(id(handlers))
        if known is None:
            if len(self._useful) >= _KEPT:
                self._useful.clear()
            useful = [handler for handler in handlers if not _is_idle(handler, model)]
            known = self._useful[id(handlers)] = handlers, useful
        return known[1]


def _is_idle(handler: Any, model: Any) -> bool:
    """Whether it is one of botocore's own that does nothing for this operation."""
    if handler is stock.generate_idempotent_uuid:
        return not model.idempotent_members
    if handler is stock._handle_request_validation_mode_member:
        return "requestValidationModeMember" not in model.http_checksum
    return handler is block_endpoint_discovery_required_operations and not model.endpoint_discovery
