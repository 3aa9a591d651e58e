"""Cheap boto3 clients: neither a cold start nor a new cloud must pay for parsing the same service models again.

One model loader for all sessions of the process, one botocore session for all default boto3 sessions of a cloud, and
one client per service, Region, endpoint, credentials and configuration. A client keeps no state of its caller: what it
does keep (its retry quota) is kept per execution environment, see `retries`.
"""

from __future__ import annotations

import copy
import gzip
import json
import os
from decimal import Decimal
from typing import Any

import boto3.session
import botocore.endpoint
import botocore.handlers
import botocore.loaders
import botocore.session
import botocore.utils
from boto3.dynamodb import transform
from botocore.hooks import EVENT_ALIASES, EventAliaser, HierarchicalEmitter
from botocore.loaders import JSONFileLoader, Loader

from localcloud.patching import Patches


def install(patches: Patches) -> None:
    """Share loaders, sessions and clients until the patches are undone."""
    cache: dict[Any, Any] = {}
    _share_loader(patches)
    _share_session(patches, cache)
    _share_clients(patches, cache)
    _share_aliases(patches)
    for module in (botocore.endpoint, botocore.utils):  # no request leaves this process: none goes through a proxy
        patches.set(module, "get_environ_proxies", lambda url: {})
    patches.set(transform, "copy_dynamodb_params", lambda params, **kwargs: plain_copy(params))


# What botocore reads from its own data files, by search path: it is the same in every cloud of this process.
_loaders: dict[str | None, Any] = {}


class _Files(JSONFileLoader):  # type: ignore[misc]
    """Reads models as plain dictionaries, which keep the order as well: faster than ordered ones, and smaller."""

    def load_file(self, file_path: str) -> Any:
        for suffix, open_file in ((".json", open), (".json.gz", gzip.open)):
            if os.path.isfile(f"{file_path}{suffix}"):
                with open_file(f"{file_path}{suffix}", "rb") as file:
                    return json.loads(file.read())
        return None


class _Paths(list[str]):
    """A loader's search path. Every boto3 session adds boto3's own directory to it: once is enough."""

    def append(self, path: str) -> None:
        if path not in self:
            super().append(path)


def _share_loader(patches: Patches) -> None:
    real = botocore.session.create_loader

    def create_loader(search_path_string: str | None = None) -> Any:
        found = _loaders.get(search_path_string)
        if found is None:
            found = _loaders[search_path_string] = real(search_path_string)
            found._search_paths = _Paths(found._search_paths)
        return found

    patches.set(Loader, "FILE_LOADER_CLASS", _Files)  # moto's loader of models is one of these as well
    for module in (botocore.loaders, botocore.session):  # the session took the name when it was imported
        patches.set(module, "create_loader", create_loader)


class _Handlers:
    """botocore's own event handlers. Registering them looks at the signature of each: done once, copied since."""

    def __init__(self) -> None:
        self._known: list[Any] = []
        self._registered: Any = None

    def copy(self) -> HierarchicalEmitter:
        """The emitter of a new session. What other libraries have added to the handlers is there as well."""
        known = botocore.handlers.BUILTIN_HANDLERS
        if self._registered is None or self._known != known:
            emitter = HierarchicalEmitter()
            botocore.session.Session(event_hooks=emitter)
            self._known, self._registered = list(known), emitter
        return copy.copy(self._registered)


_handlers = _Handlers()


def _share_session(patches: Patches, cache: dict[Any, Any]) -> None:
    session_class = boto3.session.Session
    real_init, real_register = session_class.__init__, session_class._register_default_handlers

    def init(
        self: Any,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        aws_session_token: str | None = None,
        region_name: str | None = None,
        botocore_session: Any = None,
        profile_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not any((aws_access_key_id, botocore_session, profile_name)):
            key = ("session", region_name)
            if key not in cache:
                cache[key] = botocore.session.Session(event_hooks=_handlers.copy(), include_builtin_handlers=False)
            botocore_session = cache[key]
        real_init(
            self, aws_access_key_id, aws_secret_access_key, aws_session_token, region_name, botocore_session,
            profile_name, **kwargs,
        )  # fmt: skip

    def register_default_handlers(self: Any) -> None:
        if ("registered", id(self._session)) not in cache:
            cache["registered", id(self._session)] = self._session  # keeps it alive, so its id stays its own
            real_register(self)

    patches.set(session_class, "__init__", init)
    patches.set(session_class, "_register_default_handlers", register_default_handlers)


def _share_clients(patches: Patches, cache: dict[Any, Any]) -> None:
    session_class = boto3.session.Session
    real_client, real_resource = session_class.client, session_class.resource
    depth = 0  # boto3.resource() registers its own (de)serialisers: never share that client with boto3.client()

    def client(self: Any, service_name: str, region_name: str | None = None, **kwargs: Any) -> Any:
        config = kwargs.get("config")
        options = tuple(sorted((k, repr(v)) for k, v in config._user_provided_options.items())) if config else None
        rest = tuple(sorted((k, v) for k, v in kwargs.items() if k != "config" and v is not None))
        key = ("client", id(self._session), service_name, region_name or self.region_name, rest, options, depth > 0)
        if key not in cache:
            cache[key] = real_client(self, service_name, region_name=region_name, **kwargs)
        return cache[key]

    def resource(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal depth
        depth += 1
        try:
            return real_resource(self, *args, **kwargs)
        finally:
            depth -= 1

    patches.set(session_class, "client", client)
    patches.set(session_class, "resource", resource)


# What botocore calls its events by now, by any of their names; found by a search through all aliases.
_aliases: dict[str, str] = {}


def _share_aliases(patches: Patches) -> None:
    real = EventAliaser.__init__

    def init(self: Any, event_emitter: Any, event_aliases: Any = None) -> None:
        if event_aliases is None or event_aliases == EVENT_ALIASES:
            real(self, event_emitter, EVENT_ALIASES)
            self._alias_name_cache = _aliases
        else:
            real(self, event_emitter, event_aliases)

    patches.set(EventAliaser, "__init__", init)


_UNCHANGING = frozenset({str, int, float, bool, bytes, Decimal, type(None)})


def plain_copy(value: Any) -> Any:
    """`copy.deepcopy` for parameters, which are mostly plain; a table resource copies those of every call."""
    kind = type(value)
    if kind in _UNCHANGING:
        return value
    if kind is dict:
        return {name: inner if type(inner) in _UNCHANGING else plain_copy(inner) for name, inner in value.items()}
    if kind is list:
        return [inner if type(inner) in _UNCHANGING else plain_copy(inner) for inner in value]
    return copy.deepcopy(value)
