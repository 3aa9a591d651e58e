"""Sampling rules: which requests are traced, by whom they ask and how."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fnmatch import translate
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

DEFAULT = "Default"
_MATCHED = {  # member of the API -> member of a request
    "ResourceARN": "resource_arn",
    "ServiceName": "service",
    "ServiceType": "kind",
    "Host": "host",
    "HTTPMethod": "method",
    "URLPath": "path",
}
_CHANGEABLE = (*_MATCHED, "Priority", "FixedRate", "ReservoirSize", "Attributes")
_INTERVAL_S = 10  # AWS's SDKs report so often


@dataclass(frozen=True, slots=True)
class Request:
    """What a rule can look at. `service` is "api/stage" for a stage, `kind` "AWS::ApiGateway::Stage"."""

    service: str
    kind: str = ""
    resource_arn: str = ""
    host: str = ""
    method: str = ""
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """`settings` are the members of the API's SamplingRule."""

    settings: Mapping[str, Any]
    created: datetime
    modified: datetime

    @property
    def name(self) -> str:
        return str(self.settings["RuleName"])

    @property
    def rate(self) -> float:
        return float(self.settings["FixedRate"])

    @property
    def reservoir(self) -> int:
        return int(self.settings["ReservoirSize"])

    def matches(self, request: Request) -> bool:
        """Whether it is for this request."""
        for member, part in _MATCHED.items():
            if not _like(str(self.settings[member]), getattr(request, part), member in ("Host", "HTTPMethod")):
                return False
        wanted = self.settings.get("Attributes") or {}
        headers = {name.lower(): value for name, value in request.headers.items()}
        return all(_like(value, headers.get(name.lower(), ""), False) for name, value in wanted.items())

    def described(self) -> dict[str, Any]:
        """A SamplingRuleRecord."""
        return {"SamplingRule": dict(self.settings), "CreatedAt": self.created, "ModifiedAt": self.modified}


class Rules:
    """Those of one account, and the operations on them."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._arn = f"arn:aws:xray:{cloud.region}:{cloud.account_id}:sampling-rule/"
        self._most = int(cloud.facts.value("quota.xray.sampling_rules"))
        own = cloud.facts.value("quota.xray.default_sampling")
        default = {
            "RuleName": DEFAULT,
            "RuleARN": self._arn + DEFAULT,
            "Priority": 10_000,
            "FixedRate": own["rate"],
            "ReservoirSize": own["reservoir_per_s"],
            "Version": 1,
            "Attributes": {},
            **dict.fromkeys(_MATCHED, "*"),
        }
        self.default = Rule(default, cloud.now, cloud.now)
        self._own: dict[str, Rule] = {}

    def install(self) -> None:
        """Answer the operations."""
        register = self._cloud.api.register
        register("xray", "GetSamplingRules", lambda call: {"SamplingRuleRecords": [r.described() for r in self]})
        register("xray", "CreateSamplingRule", self._create)
        register("xray", "UpdateSamplingRule", self._update)
        register("xray", "DeleteSamplingRule", self._delete)
        register("xray", "GetSamplingTargets", self._targets)

    def __iter__(self) -> Iterator[Rule]:
        """All of them, in the order in which they are asked."""
        yield from sorted(self._own.values(), key=lambda rule: (rule.settings["Priority"], rule.name))
        yield self.default

    def of(self, request: Request) -> Rule:
        """The first rule that matches."""
        if not self._own:
            return self.default
        return next(rule for rule in self if rule is self.default or rule.matches(request))

    # -- operations ----------------------------------------------------------------------------

    def _create(self, call: ApiCall) -> dict[str, Any]:
        given = dict(call.params["SamplingRule"])
        name = given.get("RuleName") or ""
        if not name:
            raise _invalid("Rule name is required")
        if name == DEFAULT or name in self._own:
            raise _invalid(f"The rule name {name} already exists")
        if len(self._own) >= self._most:
            raise ApiError("RuleLimitExceededException", "You have reached the maximum number of sampling rules.")
        if given["Version"] != 1:
            raise _invalid("The version of a sampling rule must be 1")
        settings = {"Attributes": {}, **given, "RuleARN": self._arn + name}
        self._own[name] = Rule(_checked(settings), self._cloud.now, self._cloud.now)
        return {"SamplingRuleRecord": self._own[name].described()}

    def _find(self, params: Mapping[str, Any]) -> Rule:
        name = params.get("RuleName") or str(params.get("RuleARN") or "").rpartition("/")[2]
        found = self.default if name == DEFAULT else self._own.get(name)
        if found is None:
            raise _invalid(f"The rule {name} does not exist")
        return found

    def _update(self, call: ApiCall) -> dict[str, Any]:
        given = call.params["SamplingRuleUpdate"]
        found = self._find(given)
        changes = {name: given[name] for name in _CHANGEABLE if name in given}
        if found is self.default and not set(changes) <= {"FixedRate", "ReservoirSize"}:
            raise _invalid("Only the rate and the reservoir of the Default rule can be changed")
        changed = replace(found, settings=_checked({**found.settings, **changes}), modified=self._cloud.now)
        if found is self.default:
            self.default = changed
        else:
            self._own[found.name] = changed
        return {"SamplingRuleRecord": changed.described()}

    def _delete(self, call: ApiCall) -> dict[str, Any]:
        found = self._find(call.params)
        if found is self.default:
            raise _invalid("The Default rule cannot be deleted")
        del self._own[found.name]
        return {"SamplingRuleRecord": found.described()}

    def _targets(self, call: ApiCall) -> dict[str, Any]:
        """What SDKs that sample by themselves may take: each the whole reservoir, since nobody else asks here."""
        known = {rule.name: rule for rule in self}
        wanted = [document["RuleName"] for document in call.params["SamplingStatisticsDocuments"]]
        documents = [
            {
                "RuleName": name,
                "FixedRate": known[name].rate,
                "ReservoirQuota": known[name].reservoir,
                "ReservoirQuotaTTL": self._cloud.now + timedelta(seconds=_INTERVAL_S),
                "Interval": _INTERVAL_S,
            }
            for name in wanted
            if name in known
        ]
        missing = [
            {"RuleName": name, "ErrorCode": "400", "Message": "Unknown rule"} for name in wanted if name not in known
        ]
        modified = max(rule.modified for rule in known.values())
        return {
            "SamplingTargetDocuments": documents, "LastRuleModification": modified, "UnprocessedStatistics": missing,
        }  # fmt: skip


def _checked(settings: dict[str, Any]) -> dict[str, Any]:
    """Raises ApiError for numbers beyond their bounds."""
    name = settings["RuleName"]
    if name != DEFAULT and not 1 <= settings["Priority"] <= 9_999:
        raise _invalid("The priority of a sampling rule must be from 1 to 9999")
    if not 0 <= settings["FixedRate"] <= 1:
        raise _invalid("The fixed rate of a sampling rule must be from 0 to 1")
    if settings["ReservoirSize"] < 0:
        raise _invalid("The reservoir of a sampling rule must not be negative")
    return settings


@lru_cache(maxsize=256)
def _pattern(text: str, folded: bool) -> re.Pattern[str]:
    escaped = text.replace("[", "[[]")  # only * and ? are wild
    return re.compile(translate(escaped), re.IGNORECASE if folded else 0)


def _like(pattern: str, value: str, folded: bool) -> bool:
    return pattern == "*" or _pattern(pattern, folded).match(value) is not None


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidRequestException", message, 400)
