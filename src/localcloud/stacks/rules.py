"""The Rules of a template: what must hold between the values of its parameters.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from localcloud.stacks.intrinsics import Scope
from localcloud.stacks.parsing import TemplateError, as_text

_MEMBERS = frozenset({"Assertions", "RuleCondition"})


def check_rules(body: Mapping[str, Any], scope: Scope) -> None:
    """Whether every assertion holds. `scope` knows the parameters. Raises TemplateError with what an assertion says."""
    for name, rule in (body.get("Rules") or {}).items():
        if not isinstance(rule, dict) or not set(rule) <= _MEMBERS or not isinstance(rule.get("Assertions"), list):
            raise TemplateError(
                f"Template format error: Rule {name} must have a list of Assertions, and may have a RuleCondition."
            )
        if "RuleCondition" in rule and not _holds(rule["RuleCondition"], scope):
            continue
        for assertion in rule["Assertions"]:
            if not isinstance(assertion, dict) or "Assert" not in assertion:
                raise TemplateError(f"Template format error: Every assertion of rule {name} must have an Assert.")
            if not _holds(assertion["Assert"], scope):
                raise TemplateError(assertion.get("AssertDescription") or f"An assertion of rule {name} does not hold.")


def _holds(value: Any, scope: Scope) -> bool:
    if isinstance(value, dict) and len(value) == 1:
        ((name, arguments),) = value.items()
        function = _FUNCTIONS.get(name)
        if function is not None:
            return function(arguments, scope)
    raise TemplateError(
        "Template format error: A rule takes functions that are true or false: "
        f"{', '.join(_FUNCTIONS)}. Others are unknown to the local cloud."
    )


def _texts(value: Any, scope: Scope) -> list[str]:
    """A list of strings, whether it is written down or the value of a parameter."""
    found = scope.resolve(value)
    return [as_text(item) for item in (found if isinstance(found, list) else [found])]


def _contains(arguments: Any, scope: Scope) -> bool:
    choices, wanted = _pair("Fn::Contains", arguments)
    return as_text(scope.resolve(wanted)) in _texts(choices, scope)


def _each_equals(arguments: Any, scope: Scope) -> bool:
    members, wanted = _pair("Fn::EachMemberEquals", arguments)
    return set(_texts(members, scope)) <= {as_text(scope.resolve(wanted))}


def _each_in(arguments: Any, scope: Scope) -> bool:
    members, choices = _pair("Fn::EachMemberIn", arguments)
    return set(_texts(members, scope)) <= set(_texts(choices, scope))


def _equals(arguments: Any, scope: Scope) -> bool:
    left, right = _pair("Fn::Equals", arguments)
    return as_text(scope.resolve(left)) == as_text(scope.resolve(right))


def _pair(name: str, arguments: Any) -> tuple[Any, Any]:
    if not isinstance(arguments, list) or len(arguments) != 2:
        raise TemplateError(f"Template error: every {name} object requires a list of 2 parameters.")
    return arguments[0], arguments[1]


def _conditions(name: str, arguments: Any, least: int, most: int) -> list[Any]:
    if not isinstance(arguments, list) or not least <= len(arguments) <= most:
        counted = "one boolean parameter" if most == 1 else f"at least {least} and at most {most} boolean parameters"
        raise TemplateError(f"Template error: every {name} object requires a list of {counted}.")
    return arguments


_FUNCTIONS: Mapping[str, Callable[[Any, Scope], bool]] = {
    "Fn::And": lambda given, scope: all(_holds(item, scope) for item in _conditions("Fn::And", given, 2, 10)),
    "Fn::Contains": _contains,
    "Fn::EachMemberEquals": _each_equals,
    "Fn::EachMemberIn": _each_in,
    "Fn::Equals": _equals,
    "Fn::Not": lambda given, scope: not _holds(_conditions("Fn::Not", given, 1, 1)[0], scope),
    "Fn::Or": lambda given, scope: any(_holds(item, scope) for item in _conditions("Fn::Or", given, 2, 10)),
}
