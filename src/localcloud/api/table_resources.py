"""boto3's table resource with fewer steps: the same parameters, answers and errors.

For every call boto3 walks through all parameters three times, and through the answer once, to find values and
conditions to convert. Where they can be depends on the operation alone: it is found out once, and the rest is left
alone. So is what a resource fills in by itself, such as its table's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableSequence
from typing import Any

from boto3.dynamodb.transform import ParameterTransformer, TransformationInjector
from boto3.dynamodb.types import DYNAMODB_CONTEXT, TypeDeserializer, TypeSerializer
from boto3.resources.model import DefinitionWithParams

from localcloud.patching import Patches

Convert = Callable[[Any], Any]
_PARAMS = "_localcloud_params"
_MOST = 10**38  # DynamoDB's numbers have 38 digits


def install(patches: Patches) -> None:
    """Shorten the way until the patches are undone."""
    paths = _Paths()
    inject_conditions = TransformationInjector.inject_condition_expressions
    inject_input = TransformationInjector.inject_attribute_value_input
    inject_output = TransformationInjector.inject_attribute_value_output
    serialize, deserialize = TypeSerializer.serialize, TypeDeserializer.deserialize
    stock_params = vars(DefinitionWithParams)["params"].fget

    def transform(transformer: Any, params: Any, model: Any, transformation: Convert, target_shape: str) -> None:
        paths.to(model, target_shape).walk(params, transformation)

    def quick_serialize(serializer: Any, value: Any) -> Any:
        found = _typed(value, serializer.serialize) if type(serializer) is TypeSerializer else None
        return serialize(serializer, value) if found is None else found

    def quick_deserialize(deserializer: Any, value: Any) -> Any:
        if type(deserializer) is TypeDeserializer and type(value) is dict and len(value) == 1:
            ((kind, content),) = value.items()
            if kind == "S" or kind == "BOOL":
                return content
            if kind == "N":
                return DYNAMODB_CONTEXT.create_decimal(content)
            if kind == "M":
                return {name: deserializer.deserialize(inner) for name, inner in content.items()}
            if kind == "L":
                return [deserializer.deserialize(inner) for inner in content]
        return deserialize(deserializer, value)

    def quick_input(injector: Any, params: Any, model: Any, **kwargs: Any) -> None:
        if type(injector._transformer) is not ParameterTransformer:
            inject_input(injector, params, model, **kwargs)
            return
        paths.to(model.input_shape, "AttributeValue").walk(params, injector._serializer.serialize)

    def quick_output(injector: Any, parsed: Any, model: Any, **kwargs: Any) -> None:
        if type(injector._transformer) is not ParameterTransformer or model.output_shape is None:
            inject_output(injector, parsed, model, **kwargs)
            return
        paths.to(model.output_shape, "AttributeValue").walk(parsed, injector._deserializer.deserialize)

    def quick_conditions(injector: Any, params: Any, model: Any, **kwargs: Any) -> None:
        if type(injector._transformer) is not ParameterTransformer or not paths.without_conditions(model, params):
            inject_conditions(injector, params, model, **kwargs)

    def params(definition: Any) -> Any:
        known = vars(definition)
        if _PARAMS not in known:
            known[_PARAMS] = stock_params(definition)
        return known[_PARAMS]

    patches.set(DefinitionWithParams, "params", property(params))
    patches.set(ParameterTransformer, "transform", transform)
    patches.set(TransformationInjector, "inject_condition_expressions", quick_conditions)
    patches.set(TransformationInjector, "inject_attribute_value_input", quick_input)
    patches.set(TransformationInjector, "inject_attribute_value_output", quick_output)
    patches.set(TypeSerializer, "serialize", quick_serialize)
    patches.set(TypeDeserializer, "deserialize", quick_deserialize)


def _typed(value: Any, serialize: Convert) -> dict[str, Any] | None:
    """The value as DynamoDB has it; None for what boto3 itself has to look at: sets, bytes, decimals, subclasses."""
    kind = type(value)
    if kind is str:
        return {"S": value}
    if kind is bool:
        return {"BOOL": value}
    if kind is int and -_MOST < value < _MOST:
        return {"N": str(value)}
    if kind is dict:
        return {"M": {name: _typed(inner, serialize) or serialize(inner) for name, inner in value.items()}}
    if kind is list:
        return {"L": [_typed(inner, serialize) or serialize(inner) for inner in value]}
    return None


class _Path:
    """The way through a structure, map or list to all members of one shape: by member of a structure.

    A step is None where the member itself is to be converted, else the way through it.
    """

    __slots__ = ("_kind", "_steps")

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._steps: dict[str, _Path | None] = {}  # of a map or a list under ""

    @property
    def steps(self) -> dict[str, _Path | None]:
        return self._steps

    def add(self, name: str, step: _Path | None) -> None:
        self._steps[name] = step

    def walk(self, value: Any, convert: Convert) -> None:
        """Convert in place, in the order in which the members stand in `value`."""
        steps = self._steps
        if not steps:
            return
        if self._kind == "structure":
            if type(value) is not dict and not isinstance(value, Mapping):
                return
            for name in value:
                if name in steps:
                    _take(steps[name], value, name, convert)
        elif self._kind == "map":
            step = steps[""]
            if step is None and type(value) is dict:
                for name, inner in value.items():
                    value[name] = convert(inner)
            elif type(value) is dict or isinstance(value, Mapping):
                for name in value:
                    _take(step, value, name, convert)
        elif type(value) is list or isinstance(value, MutableSequence):
            for index in range(len(value)):
                _take(steps[""], value, index, convert)


def _take(step: _Path | None, container: Any, key: Any, convert: Convert) -> None:
    if step is None:
        container[key] = convert(container[key])
    else:
        step.walk(container[key], convert)


class _Paths:
    """The ways through shapes, each found once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], tuple[Any, _Path]] = {}  # with the shape, which keeps its id its own
        self._conditions: dict[int, dict[str, Any]] = {}  # where conditions and their placeholders are, by model
        self._models: list[Any] = []

    def to(self, shape: Any, target: str) -> _Path:
        """Through `shape` to the members whose shape is called `target`."""
        found = self._known.get((id(shape), target))
        if found is None:
            found = self._known[id(shape), target] = shape, self._find(shape, target, {})
        return found[1]

    def without_conditions(self, model: Any, params: Any) -> bool:
        """Whether there is nothing to do about conditions: they are texts, and nothing holds some further down."""
        names = self._conditions.get(id(model))
        if names is None:
            shape = model.input_shape
            names = {**self.to(shape, "ConditionExpression").steps, **self.to(shape, "KeyExpression").steps}
            names |= dict.fromkeys(("ExpressionAttributeNames", "ExpressionAttributeValues"))
            self._conditions[id(model)] = names
            self._models.append(model)  # which keeps its id its own
        if type(params) is not dict:
            return False
        for name in params:
            if name in names:
                value = params[name]
                # placeholders come to those that are given, which must be able to take them
                plain = type(value) is dict if name.startswith("ExpressionAttribute") else type(value) is str
                if names[name] is not None or not plain:
                    return False
        return True

    def _find(self, shape: Any, target: str, made: dict[str, _Path]) -> _Path:
        path = made.get(shape.name)
        if path is not None:
            return path  # shapes may hold themselves
        path = made[shape.name] = _Path(shape.type_name)
        for name, member in _members(shape):
            if member.name == target:
                path.add(name, None)
            elif member.type_name in ("structure", "map", "list") and _holds(member, target, set()):
                path.add(name, self._find(member, target, made))
        return path


def _members(shape: Any) -> list[tuple[str, Any]]:
    if shape.type_name == "structure":
        return list(shape.members.items())
    if shape.type_name == "map":
        return [("", shape.value)]
    return [("", shape.member)] if shape.type_name == "list" else []


def _holds(shape: Any, target: str, seen: set[str]) -> bool:
    """Whether there is a member of the shape `target` somewhere below."""
    if shape.name in seen:
        return False
    seen.add(shape.name)
    return any(member.name == target or _holds(member, target, seen) for _, member in _members(shape))
