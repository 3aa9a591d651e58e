"""ExecuteStatement, BatchExecuteStatement and ExecuteTransaction, carried out by the operations on items."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError
from localcloud.services.dynamodb.partiql import requests
from localcloud.services.dynamodb.partiql.conditions import Placeholders, written
from localcloud.services.dynamodb.partiql.statements import Delete, Exists, Insert, Select, Statement, Update, parse
from localcloud.services.dynamodb.partiql.tokens import MalformedStatement
from localcloud.services.dynamodb.values import refused
from localcloud.stores.dynamodb import Tables
from localcloud.stores.dynamodb.items import as_attributes

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_MOST_IN_BATCH, _MOST_IN_TRANSACTION = 25, 100
_DUPLICATE = "Duplicate primary key exists in table"
_HANDED_ON = ("ConsistentRead", "ReturnConsumedCapacity", "ReturnValuesOnConditionCheckFailure")
_ERROR_CODES = {"ValidationException": "ValidationError", "ThrottlingException": "ThrottlingError",
                "InternalServerError": "InternalServerError"}  # fmt: skip

Answer = Callable[[ApiCall], dict[str, Any]]


class PartiQl:
    """Answers statements.

    Args:
        table_of: finds moto's table by name, or gives None.
        answers: the operations on items by their names.
    """

    def __init__(
        self, cloud: Cloud, tables: Tables, table_of: Callable[[str], Any], answers: Mapping[str, Answer]
    ) -> None:
        self._cloud = cloud
        self._tables = tables
        self._table_of = table_of
        self._answers = answers

    def install(self, inside: float) -> None:
        """Answer the operations; `inside` is the share of its time for which a transaction holds its items."""
        register = self._cloud.api.register
        register("dynamodb", "ExecuteStatement", self._execute)
        register("dynamodb", "BatchExecuteStatement", self._batch)
        register("dynamodb", "ExecuteTransaction", self._transaction, inside=inside)

    # -- one statement -------------------------------------------------------------------------

    def _execute(self, call: ApiCall) -> dict[str, Any]:
        statement = self._parsed(call.params)
        if isinstance(statement, Exists):
            raise refused("EXISTS is supported in ExecuteTransaction only")
        if isinstance(statement, Select):
            return self._select(call, statement)
        answer = self._write(call, statement, call.params)
        found = {"Items": [answer["Attributes"]] if answer.get("Attributes") else []}
        return {**found, **{name: answer[name] for name in ("ConsumedCapacity",) if name in answer}}

    @staticmethod
    def _parsed(params: Mapping[str, Any]) -> Statement:
        try:
            return parse(params["Statement"], params.get("Parameters") or ())
        except MalformedStatement as exc:
            raise refused(str(exc)) from None

    def _keys(self, statement: Statement) -> list[str]:
        """The names of the key's attributes, those of the index where a SELECT reads one. Raises ApiError."""
        select = statement.select if isinstance(statement, Exists) else statement
        assert not isinstance(select, Exists)
        table = self._table_of(select.table)
        if table is None:
            raise ApiError("ResourceNotFoundException", "Requested resource not found")
        if not isinstance(select, Select) or select.index is None:
            return list(table.table_key_attrs)
        index = next((one for one in table.all_indexes() if one.name == select.index), None)
        if index is None:
            raise refused("The table does not have the specified index")
        kinds = {key["KeyType"]: key["AttributeName"] for key in index.schema}
        return [kinds[kind] for kind in ("HASH", "RANGE") if kind in kinds]

    def _call(self, call: ApiCall, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        inner = ApiCall(call.service, operation, params, call.client, call.region, call.inside_us)
        return self._answers[operation](inner)

    def _write(self, call: ApiCall, statement: Statement, given: Mapping[str, Any]) -> dict[str, Any]:
        operation, params = self._written(statement)
        returning = getattr(statement, "returning", "NONE")
        params |= {name: given[name] for name in _HANDED_ON[1:] if name in given}
        if returning != "NONE":
            params["ReturnValues"] = returning
        try:
            return self._call(call, f"{operation}Item", params)
        except ApiError as exc:
            if operation == "Put" and exc.code == "ConditionalCheckFailedException":
                raise ApiError("DuplicateItemException", _DUPLICATE) from None
            raise

    def _written(self, statement: Statement) -> tuple[str, dict[str, Any]]:
        """("Put", "Update", "Delete" or "ConditionCheck", the request). Raises ApiError."""
        keys = self._keys(statement)
        try:
            if isinstance(statement, Insert):
                return "Put", {"TableName": statement.table, **requests.put(statement, keys)}
            if isinstance(statement, Update):
                return "Update", {"TableName": statement.table, **requests.update(statement, keys)}
            if isinstance(statement, Delete):
                return "Delete", {"TableName": statement.table, **requests.delete(statement, keys)}
            assert isinstance(statement, Exists)
            return "ConditionCheck", {"TableName": statement.select.table, **requests.check(statement, keys)}
        except MalformedStatement as exc:
            raise refused(str(exc)) from None

    # -- reading -------------------------------------------------------------------------------

    def _select(self, call: ApiCall, select: Select) -> dict[str, Any]:
        keys, params = self._keys(select), call.params
        queries, rest = requests.reads(select, keys)
        common = {"TableName": select.table, **{name: params[name] for name in _HANDED_ON[:2] if name in params}}
        if select.index is not None:
            common["IndexName"] = select.index
        if select.order is not None:
            if queries is None or select.order[0] not in keys:
                raise refused("Must have at least one non-optional hash key condition in WHERE clause when using "
                              "ORDER BY clause.")  # fmt: skip
            common["ScanIndexForward"] = not select.order[1]
        at, start = _resumed(params.get("NextToken"))
        left: int | None = params.get("Limit")
        items: list[Mapping[str, Any]] = []
        consumed: dict[str, Any] | None = None
        following: dict[str, Any] | None = None
        for position in range(at, len(queries or ({},))):
            request = {**common, **(queries[position] if queries else {})}
            request |= {"ExclusiveStartKey": start} if start else {}
            request |= {"Limit": left} if left is not None else {}
            answer = self._call(call, "Query" if queries else "Scan", request)
            consumed = _added(consumed, answer.get("ConsumedCapacity"))
            items += answer["Items"]
            start = None
            if "LastEvaluatedKey" in answer:
                following = {"at": position, "key": answer["LastEvaluatedKey"]}
                break
            if left is not None:
                left -= answer["ScannedCount"]
        passes = self._filter(rest)
        found: dict[str, Any] = {"Items": [requests.projected(item, select.paths) for item in items if passes(item)]}
        if following is not None:
            found |= {"NextToken": _token(following), "LastEvaluatedKey": following["key"]}
        return {**found, "ConsumedCapacity": consumed} if consumed is not None else found

    def _filter(self, rest: requests.Conditions) -> Callable[[Mapping[str, Any]], bool]:
        if not rest:
            return lambda item: True
        placeholders = Placeholders()
        text = written(rest, placeholders)
        condition = self._tables.conditions.parsed(text, placeholders.names, placeholders.values)
        return lambda item: bool(condition.expr(SimpleNamespace(attrs=as_attributes(dict(item)))))

    def _get(self, select: Select) -> tuple[dict[str, Any], Callable[[Mapping[str, Any]], dict[str, Any] | None]]:
        """A Get of the one item that a SELECT names by its key, and what the SELECT gives of it. Raises ApiError."""
        try:
            key, rest = requests.key_and_rest(select.where, self._keys(select))
        except MalformedStatement:
            raise refused(
                "Select statements within BatchExecuteStatement must specify the primary key in the where clause."
            ) from None
        passes = self._filter(rest)
        return {"TableName": select.table, "Key": key}, lambda item: (
            requests.projected(item, select.paths) if item and passes(item) else None
        )

    # -- several statements --------------------------------------------------------------------

    def _batch(self, call: ApiCall) -> dict[str, Any]:
        """Each statement succeeds or fails for itself."""
        given = call.params["Statements"]
        _check_count(given, "statements", _MOST_IN_BATCH)
        shared = {name: value for name, value in call.params.items() if name == "ReturnConsumedCapacity"}
        responses: list[dict[str, Any]] = []
        consumed: list[Any] = []
        for one in given:
            try:
                response, used = self._in_batch(call, {**one, **shared})
            except ApiError as exc:
                code = _ERROR_CODES.get(exc.code, exc.code.removesuffix("Exception"))
                response, used = {"Error": {"Code": code, "Message": exc.message}}, None
            responses.append(response)
            consumed += [used] if used is not None else []
        return {"Responses": responses, **({"ConsumedCapacity": consumed} if consumed else {})}

    def _in_batch(self, call: ApiCall, given: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
        statement = self._parsed(given)
        if isinstance(statement, Exists):
            raise refused("EXISTS is supported in ExecuteTransaction only")
        if not isinstance(statement, Select):
            answer = self._write(call, statement, given)
            return {"TableName": statement.table}, answer.get("ConsumedCapacity")
        request, give = self._get(statement)
        request |= {name: given[name] for name in _HANDED_ON[:2] if name in given}
        answer = self._call(call, "GetItem", request)
        item = give(answer.get("Item") or {})
        response: dict[str, Any] = {"TableName": statement.table}
        return {**response, "Item": item} if item is not None else response, answer.get("ConsumedCapacity")

    def _transaction(self, call: ApiCall) -> dict[str, Any]:
        given = call.params["TransactStatements"]
        _check_count(given, "transactStatements", _MOST_IN_TRANSACTION)
        statements = [self._parsed(one) for one in given]
        selects = [one for one in statements if isinstance(one, Select)]
        if selects and len(selects) < len(statements):
            raise refused("Transactions can consist of reads only or of writes and EXISTS only.")
        shared: dict[str, Any] = {name: value for name, value in call.params.items() if name != "TransactStatements"}
        if selects:
            return self._read_transaction(call, selects, shared)
        items = []
        for statement, one in zip(statements, given, strict=True):
            operation, params = self._written(statement)
            params |= {name: one[name] for name in _HANDED_ON[2:] if name in one}
            items.append({operation: params})
        try:
            answer = self._call(call, "TransactWriteItems", {"TransactItems": items, **shared})
        except ApiError as exc:
            raise _with_duplicates(exc, statements) from None
        return {"Responses": [{} for _ in statements], **answer}

    def _read_transaction(self, call: ApiCall, selects: list[Select], shared: dict[str, Any]) -> dict[str, Any]:
        gets = [self._get(select) for select in selects]
        shared.pop("ClientRequestToken", None)
        answer = self._call(
            call, "TransactGetItems", {"TransactItems": [{"Get": request} for request, _ in gets], **shared}
        )
        found = [give(one.get("Item") or {}) for (_, give), one in zip(gets, answer["Responses"], strict=True)]
        return {**answer, "Responses": [{} if item is None else {"Item": item} for item in found]}


def _check_count(given: list[Any], member: str, most: int) -> None:
    if not 1 <= len(given) <= most:
        raise refused(
            f"1 validation error detected: Value '[{len(given)} statements]' at '{member}' failed to satisfy "
            f"constraint: Member must have length less than or equal to {most}"
        )


def _with_duplicates(error: ApiError, statements: list[Statement]) -> ApiError:
    """A cancelled transaction as statements tell of it: an INSERT meets a duplicate."""
    reasons = error.fields.get("CancellationReasons")
    if error.code != "TransactionCanceledException" or not reasons:
        return error
    told = [
        {**reason, "Code": "DuplicateItem", "Message": _DUPLICATE}
        if isinstance(statement, Insert) and reason["Code"] == "ConditionalCheckFailed"
        else reason
        for reason, statement in zip(reasons, statements, strict=True)
    ]
    codes = ", ".join(reason["Code"] for reason in told)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    return ApiError(error.code, message, error.status, **{**error.fields, "CancellationReasons": told})


def _added(total: dict[str, Any] | None, more: dict[str, Any] | None) -> dict[str, Any] | None:
    """The consumed capacity of two reads of a table."""
    if total is None or more is None:
        return more if total is None else total
    return {**total, "CapacityUnits": total["CapacityUnits"] + more["CapacityUnits"]}


def _token(place: dict[str, Any]) -> str:
    text = json.dumps(place, default=lambda value: {"_bytes": value.hex()})
    return base64.b64encode(text.encode()).decode()


def _resumed(token: str | None) -> tuple[int, dict[str, Any] | None]:
    """Which query goes on, and after which key. Raises ApiError."""
    if token is None:
        return 0, None
    try:
        place = json.loads(
            base64.b64decode(token),
            object_hook=lambda found: bytes.fromhex(found["_bytes"]) if "_bytes" in found else found,
        )
        return int(place["at"]), place["key"]
    except (ValueError, KeyError, TypeError):
        raise refused("Given NextToken is invalid") from None
