"""What intrinsic functions are given: whether the arguments have the shape that each one asks for.

The messages are CloudFormation's. Arguments that are functions themselves are looked at when they are worked out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from localcloud.stacks.parsing import TemplateError

EXTENDED = ("Fn::Length", "Fn::ToJsonString")  # what AWS::LanguageExtensions adds
_SUPPORTED = (
    "Fn::Base64", "Fn::GetAtt", "Fn::GetAZs", "Fn::ImportValue", "Fn::Join", "Fn::Split", "Fn::FindInMap", "Fn::Select",
    "Ref", "Fn::Equals", "Fn::If", "Fn::Not", "Condition", "Fn::And", "Fn::Or", "Fn::Sub", "Fn::Cidr",
)  # fmt: skip
_GET_ATT = "every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute"


def check_functions(value: Any, extended: bool) -> None:
    """Look at every function in `value`, at any depth. `extended`: AWS::LanguageExtensions is named.

    Raises TemplateError.
    """
    if isinstance(value, list):
        for item in value:
            check_functions(item, extended)
    if not isinstance(value, dict):
        return
    if len(value) == 1:
        ((name, argument),) = value.items()
        _check(name, argument, extended)
    for inner in value.values():
        check_functions(inner, extended)


def _check(name: str, argument: Any, extended: bool) -> None:
    if name == "Fn::FindInMap" and extended:
        _needs(isinstance(argument, list) and len(argument) in (3, 4), _SENTENCES[name])
    elif name in _SHAPES:
        _needs(_SHAPES[name](argument), _SENTENCES[name])
    elif name == "Fn::GetAtt":
        _check_attribute(argument)
    elif name == "Fn::If":
        named = isinstance(argument, list) and argument and isinstance(argument[0], str)
        _needs(named, "Fn::If requires a list argument with the first element being a condition")
        _needs(len(argument) == 3, "Fn::If requires a list argument with three elements")
    elif name.startswith("Fn::") and name not in _SUPPORTED and not (extended and name in EXTENDED):
        needs = "needs Transform: AWS::LanguageExtensions" if name in EXTENDED else "is unknown to the local cloud"
        raise TemplateError(
            f"Template error: Encountered unsupported function: {name} Supported functions are: "
            f"[{', '.join(_SUPPORTED)}] ({name} {needs})"
        )


def _check_attribute(argument: Any) -> None:
    if isinstance(argument, str):
        head, _, attribute = argument.partition(".")
        _needs(
            head and attribute,
            "if specifying one argument to Fn::GetAtt, that argument must be a non-empty string in format "
            "<LogicalId>.<Attribute>",
        )
        return
    _needs(isinstance(argument, list) and len(argument) == 2 and all(argument), _GET_ATT)
    _needs(isinstance(argument[0], str), _GET_ATT)


def _needs(fits: Any, sentence: str) -> None:
    if not fits:
        raise TemplateError(f"Template error: {sentence}")


def _list_of(*counts: int) -> Callable[[Any], bool]:
    return lambda argument: isinstance(argument, list) and len(argument) in counts


def _is_text(argument: Any) -> bool:
    return isinstance(argument, str | int | float | dict)


def _is_substitution(argument: Any) -> bool:
    if isinstance(argument, list):
        return len(argument) == 2 and isinstance(argument[0], str) and isinstance(argument[1], dict)
    return isinstance(argument, str)


def _is_join(argument: Any) -> bool:
    return _list_of(2)(argument) and isinstance(argument[0], str) and isinstance(argument[1], list | dict)


def _is_split(argument: Any) -> bool:
    return _list_of(2)(argument) and isinstance(argument[0], str) and _is_text(argument[1])


def _is_select(argument: Any) -> bool:
    return _list_of(2)(argument) and _is_text(argument[0]) and isinstance(argument[1], list | dict)


def _is_one_condition(argument: Any) -> bool:
    return _list_of(1)(argument) and isinstance(argument[0], dict)


def _are_conditions(argument: Any) -> bool:
    return _list_of(*range(2, 11))(argument) and all(isinstance(item, dict) for item in argument)


_SHAPES: Mapping[str, Callable[[Any], bool]] = {
    "Ref": lambda argument: isinstance(argument, str),
    "Fn::Sub": _is_substitution,
    "Fn::Join": _is_join,
    "Fn::Split": _is_split,
    "Fn::Select": _is_select,
    "Fn::FindInMap": _list_of(3),
    "Fn::Equals": _list_of(2),
    "Fn::And": _are_conditions,
    "Fn::Or": _are_conditions,
    "Fn::Not": _is_one_condition,
    "Fn::Base64": _is_text,
    "Fn::GetAZs": _is_text,
    "Fn::ImportValue": _is_text,
    "Fn::Cidr": _list_of(2, 3),
}
_SENTENCES: Mapping[str, str] = {
    "Ref": "every Ref object must have a single String value.",
    "Fn::Sub": (
        "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, "
        "and an optional second argument to specify a mapping of values to replace in the string"
    ),
    "Fn::Join": (
        "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined "
        "or a function that returns a list of strings (such as Fn::GetAZs) to be joined."
    ),
    "Fn::Split": (
        "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a "
        "function that returns a string to be split."
    ),
    "Fn::Select": "Fn::Select requires a list argument with two elements: an integer index and a list",
    "Fn::FindInMap": (
        "every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value"
    ),
    "Fn::Equals": "every Fn::Equals object requires a list of 2 string parameters.",
    "Fn::And": "every Fn::And object requires a list of at least 2 and at most 10 boolean parameters.",
    "Fn::Or": "every Fn::Or object requires a list of at least 2 and at most 10 boolean parameters.",
    "Fn::Not": "every Fn::Not object requires a list with one boolean parameter.",
    "Fn::Base64": "every Fn::Base64 object must have a String-typed value.",
    "Fn::GetAZs": "every Fn::GetAZs object must have a String-typed value.",
    "Fn::ImportValue": "the attribute in Fn::ImportValue must be a string or a function that returns a string",
    "Fn::Cidr": "every Fn::Cidr object requires two or three parameters, the IP block, the count and the CIDR bits",
}
