"""Who answers, watches and delays which calls: found out once for each client and operation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from localcloud.api.calls import ApiCall, ApiError
from localcloud.api.constraints import Constraints
from localcloud.api.events import CallEvents
from localcloud.api.moto_direct import MotoDirect
from localcloud.api.validation import Validator

Handler = Callable[[ApiCall], dict[str, Any]]
Listener = Callable[[ApiCall, "dict[str, Any] | ApiError", int], None]
Interceptor = Callable[[ApiCall], None]

# The operations that runs make by the thousand. Everything else keeps the stock path through moto.
HOT_OPERATIONS = frozenset(
    {
        ("dynamodb", "GetItem"), ("dynamodb", "PutItem"), ("dynamodb", "UpdateItem"), ("dynamodb", "DeleteItem"),
        ("dynamodb", "Query"), ("dynamodb", "Scan"), ("dynamodb", "BatchGetItem"), ("dynamodb", "BatchWriteItem"),
        ("dynamodb", "TransactWriteItems"), ("dynamodb", "TransactGetItems"),
        ("sqs", "SendMessage"), ("sqs", "SendMessageBatch"), ("sqs", "ReceiveMessage"), ("sqs", "DeleteMessage"),
        ("sqs", "DeleteMessageBatch"), ("sqs", "ChangeMessageVisibility"),
    }
)  # fmt: skip


@dataclass(slots=True)
class Plan:
    """How the calls of one operation by one client are made: found out at the first of them.

    Nobody here answers a call that has neither `handler` nor `method` (of moto's): it takes the stock path.
    """

    client: Any
    service: str
    operation: str
    region: str
    model: Any  # as the next two: of those that are answered here
    events: Any
    check: Any
    handler: Handler | None
    method: str | None
    inside: float | None
    interceptors: tuple[Interceptor, ...]
    listeners: tuple[Listener, ...]


class Registry:
    """What services have said of operations. `moto` answers the hot ones that nobody has taken over."""

    def __init__(self, moto: MotoDirect) -> None:
        self._moto = moto
        self._handlers: dict[tuple[str, str], Handler] = {}
        self._unprepared: dict[str, Callable[[], None]] = {}
        self._inside: dict[tuple[str, str], float] = {}
        self._listeners: list[tuple[str | None, Listener]] = []
        constraints = Constraints()
        self._interceptors: list[tuple[str | None, Interceptor]] = [(one, constraints) for one in Constraints.services]
        self._plans: dict[tuple[int, str], Plan] = {}  # by client and operation, until somebody changes what they say
        self._validator = Validator()

    def register(self, service: str, operation: str, handler: Handler, inside: float = 0.0) -> None:
        """Answer an operation ourselves instead of moto. `handler` runs in the caller's task.

        `inside` is the share of the call's latency that the handler lets pass itself, by `spend_inside`.
        """
        self._plans.clear()
        self._handlers[service, operation] = handler
        if inside:
            self._inside[service, operation] = inside

    def when_called(self, service: str, prepare: Callable[[], None]) -> None:
        """Call `prepare()` before the first call of `service`: it installs what takes long to import and few need."""
        self._plans.clear()
        self._unprepared[service] = prepare

    def prepare(self, service: str) -> None:
        """Let what `when_called` was told of `service` be done now, if it has not been done yet."""
        prepare = self._unprepared.get(service)
        if prepare is not None:
            prepare()
            self._unprepared.pop(service, None)

    def on_call(self, listener: Listener, service: str | None = None) -> None:
        """Tell `listener(call, result_or_error, duration_us)` of every finished call (of a service)."""
        self._plans.clear()
        self._listeners.append((service, listener))

    def before_call(self, interceptor: Interceptor, service: str | None = None) -> None:
        """Ask `interceptor(call)` before every attempt (of a service). It may sleep, raise ApiError (AWS's answer) or
        one of botocore's HTTPClientErrors (no answer); the client's retry policy goes on from there, as faults need it.
        """
        self._plans.clear()
        self._interceptors.append((service, interceptor))

    def takes_over(self, service: str, operation: str) -> bool:
        """Whether an operation is answered without moto's own HTTP handling."""
        self.prepare(service)
        return (service, operation) in self._handlers or (service, operation) in HOT_OPERATIONS

    def plan(self, client: Any, operation: str) -> Plan:
        """How this client's calls of an operation are made."""
        plan = self._plans.get((id(client), operation))
        if plan is not None:
            return plan
        service_model = client.meta.service_model
        service: str = service_model.service_name
        self.prepare(service)
        key = (service, operation)
        handler = self._handlers.get(key)
        method = self._moto.method(service, operation) if handler is None and key in HOT_OPERATIONS else None
        answered = handler is not None or method is not None
        # what takes the stock path may be an operation that botocore has no model of, such as a browser's upload to S3
        model = service_model.operation_model(operation) if answered else None
        plan = self._plans[id(client), operation] = Plan(  # it keeps the client, whose id stays its own
            client,
            service,
            operation,
            client.meta.region_name,
            model,
            CallEvents(client, model) if answered else None,
            self._validator.check(service, model) if answered else None,
            handler,
            method,
            self._inside.get(key),
            tuple(interceptor for of, interceptor in self._interceptors if of in (None, service)),
            tuple(listener for of, listener in self._listeners if of in (None, service)),
        )
        return plan
