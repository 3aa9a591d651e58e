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
Found = tuple[str, list[Any]]  # the name of an event by its alias, and the handlers that may do something
_NOBODY: Found = ("", [])


class CallEvents:
    """The events of one operation of one client: `prepare` before the parameters are looked at, `after` the call."""

    __slots__ = ("_after", "_build", "_events", "_lookup", "_model", "_names", "_provide")

    def __init__(self, client: Any, model: Any) -> None:
        name = f"{model.service_model.service_id.hyphenize()}.{model.name}"
        self._model = model
        self._events = client.meta.events
        self._names = f"provide-client-params.{name}", f"before-parameter-build.{name}", f"after-call.{name}"
        self._lookup: Any = None  # the emitter's memory that the handlers were found in: it begins another when
        self._provide = self._build = self._after = _NOBODY  # somebody registers

    def prepare(self, params: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
        """The parameters as handlers leave them; as botocore's `_emit_api_params`."""
        model, found = self._model, None
        if self._knows_handlers():
            name, handlers = self._provide
            for handler in handlers:  # all are asked, and the first answer counts
                answer = handler(params=params, model=model, context=context, event_name=name)
                if found is None:
                    found = answer
        else:
            responses = self._events.emit(self._names[0], params=params, model=model, context=context)
            found = first_non_none_response(responses)
        if found is None:
            found = params
        if self._knows_handlers():
            name, handlers = self._build
            for handler in handlers:
                handler(params=found, model=model, context=context, event_name=name)
        else:
            self._events.emit(self._names[1], params=found, model=model, context=context)
        return found

    def after(self, response: Any, parsed: dict[str, Any], context: dict[str, Any]) -> None:
        """The call has an answer, which handlers may change in place."""
        model = self._model
        if self._knows_handlers():
            name, handlers = self._after
            for handler in handlers:
                handler(http_response=response, parsed=parsed, model=model, context=context, event_name=name)
        else:
            self._events.emit(self._names[2], http_response=response, parsed=parsed, model=model, context=context)

    def _knows_handlers(self) -> bool:
        """Whether the handlers are known, and may be called without botocore's emitter."""
        emitter: Any = self._events._emitter if type(self._events) is EventAliaser else None
        if type(emitter) is not HierarchicalEmitter or _log.isEnabledFor(logging.DEBUG):
            return False
        if emitter._lookup_cache is not self._lookup:
            self._lookup = emitter._lookup_cache
            self._provide, self._build, self._after = (self._find(emitter, name) for name in self._names)
        return True

    def _find(self, emitter: Any, name: str) -> Found:
        """As the emitter finds them, and remembers them."""
        alias = self._events._alias_event_name(name)
        handlers = emitter._lookup_cache.get(alias)
        if handlers is None:
            handlers = emitter._lookup_cache[alias] = emitter._handlers.prefix_search(alias)
        return alias, [handler for handler in handlers if not _is_idle(handler, self._model)]


def _is_idle(handler: Any, model: Any) -> bool:
    """Whether it is one of botocore's own that does nothing for this operation."""
    if handler is stock.generate_idempotent_uuid:
        return not model.idempotent_members
    if handler is stock._handle_request_validation_mode_member:
        return "requestValidationModeMember" not in model.http_checksum
    return handler is block_endpoint_discovery_required_operations and not model.endpoint_discovery
