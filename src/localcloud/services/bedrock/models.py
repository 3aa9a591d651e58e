"""The models that can be called, by the ids and ARNs that AWS knows them under."""

from __future__ import annotations

import re
from dataclasses import dataclass

from localcloud.api import ApiError
from localcloud.facts import Facts

_ARN = re.compile(r"^arn:aws:bedrock:[a-z0-9-]*:\d*:(?:foundation-model|inference-profile)/(.+)$")
_PROFILE = re.compile(r"^(us|eu|apac|global)\.(.+)$")


@dataclass(frozen=True, slots=True)
class Model:
    """One foundation model. Quotas are per minute; tokens are input and output together.

    `key` names it in facts and cost lines ("nova_lite"). `on_demand` is False for a model that only an inference
    profile reaches.
    """

    id: str
    key: str
    context_tokens: int
    output_tokens: int
    requests_per_minute: int
    tokens_per_minute: int
    on_demand: bool

    @property
    def first_token_fact(self) -> str:
        return f"model.api.bedrock.{self.key}.first_token"


@dataclass(frozen=True, slots=True)
class Called:
    """A model as a request names it. `name` is the ModelId of its metrics: the profile's where one is used."""

    model: Model
    name: str
    profile: str = ""


class Catalogue:
    """The models of the facts file."""

    def __init__(self, facts: Facts) -> None:
        known = facts.value("quota.bedrock.models")
        self._models = {model_id: Model(id=model_id, **entry) for model_id, entry in known.items()}

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._models)

    @property
    def models(self) -> tuple[Model, ...]:
        return tuple(self._models.values())

    def called(self, reference: str) -> Called:
        """The model of an id, an inference profile or the ARN of either. Raises ApiError (ValidationException)."""
        arn = _ARN.match(reference)
        name = arn[1] if arn else reference
        profile = _PROFILE.match(name)
        model = self._models.get(profile[2] if profile else name)
        if model is None:
            raise ApiError("ValidationException", "The provided model identifier is invalid.", 400)
        if profile is None and not model.on_demand:
            raise ApiError(
                "ValidationException",
                f"Invocation of model ID {name} with on-demand throughput isn’t supported. Retry your request with "
                "the ID or ARN of an inference profile that contains this model.",
                400,
            )
        return Called(model, name, profile[1] if profile else "")

    def any_form(self, reference: str) -> Model | None:
        """The model behind a reference, called or not; None for one that is not known."""
        arn = _ARN.match(reference)
        name = arn[1] if arn else reference
        profile = _PROFILE.match(name)
        return self._models.get(profile[2] if profile else name)
