"""The transforms of a template: AWS::LanguageExtensions, and AWS::Serverless-2016-10-31 by AWS's own translator."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from typing import Any

from localcloud.imports import URI_GRAMMAR, without
from localcloud.stacks.language_extensions import LANGUAGE_EXTENSIONS, unrolled
from localcloud.stacks.parsing import TemplateError, check_resources

SAM = "AWS::Serverless-2016-10-31"
# SAM warns that nobody publishes its usage metrics here, and that there is no configuration of its new features
_APPLICATION = "AWS::Serverless::Application"
_TALKERS = ("samtranslator.metrics.metrics", "samtranslator.feature_toggle.feature_toggle")


class _ManagedPolicies:
    """SAM asks IAM for the ARNs of managed policies; it falls back on its own list for those of AWS."""

    def load(self) -> dict[str, str]:
        return {}


def transforms(template: Mapping[str, Any]) -> list[str]:
    """The names of the transforms a template asks for."""
    named = template.get("Transform") or []
    return [named] if isinstance(named, str) else list(named)


def processed(template: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """The template after its transforms. Raises TemplateError, with SAM's own findings."""
    names = transforms(template)
    strange = [name for name in names if name not in (SAM, LANGUAGE_EXTENSIONS)]
    if strange:
        raise TemplateError(f"No transform named {strange[0]} found.")
    body = copy.deepcopy(dict(template))
    body.pop("Transform", None)
    if LANGUAGE_EXTENSIONS in names:
        body = unrolled(body, parameters)
    check_resources(body["Resources"])
    if SAM not in names:
        return body
    for name, resource in body["Resources"].items():
        place = (resource.get("Properties") or {}).get("Location")
        if resource["Type"] == _APPLICATION and isinstance(place, dict):
            raise TemplateError(
                f"The local cloud has no Serverless Application Repository: {name} must name its template by a URL."
            )
    body["Transform"] = SAM
    for talker in _TALKERS:
        logging.getLogger(talker).setLevel(logging.ERROR)
    transform, invalid_document = _translator()
    try:
        translated: dict[str, Any] = transform(body, dict(parameters), _ManagedPolicies())
    except invalid_document as exc:
        findings = " ".join(cause.message for cause in exc.causes)
        raise TemplateError(
            f"Transform {SAM} failed with: Invalid Serverless Application Specification document. Number of errors "
            f"found: {len(exc.causes)}. {findings}"
        ) from None
    translated.pop("Transform", None)
    return translated


def _translator() -> tuple[Any, Any]:
    """SAM's transform and the exception for documents it refuses, imported when first needed."""
    with without(URI_GRAMMAR):
        from samtranslator.model.exceptions import InvalidDocumentException
        from samtranslator.translator.transform import transform
    return transform, InvalidDocumentException
