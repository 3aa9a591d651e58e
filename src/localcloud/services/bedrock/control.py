"""Bedrock's control plane as far as it concerns the stand-ins: the list of models, and the log of their invocations.

Logging configurations are moto's. Records go to CloudWatch Logs; delivery to S3 is left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moto.bedrock.models import bedrock_backends

from localcloud.api import ApiCall, ApiError
from localcloud.ids import uuid4_text
from localcloud.services.bedrock.answers import Generated
from localcloud.services.bedrock.models import Called, Catalogue, Model

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

SERVICE = "bedrock"
_STREAM = "aws/bedrock/modelinvocations"
_JSON = "application/json"


class FoundationModels:
    """ListFoundationModels and GetFoundationModel over the catalogue."""

    def __init__(self, cloud: Cloud, catalogue: Catalogue) -> None:
        self._cloud = cloud
        self._catalogue = catalogue

    def install(self) -> None:
        """Answer both operations."""
        self._cloud.api.register(SERVICE, "ListFoundationModels", self._list)
        self._cloud.api.register(SERVICE, "GetFoundationModel", self._get)

    def _list(self, call: ApiCall) -> dict[str, Any]:
        wanted = call.params
        found = [self._described(model) for model in self._catalogue.models]
        if "byProvider" in wanted:
            found = [each for each in found if each["providerName"].lower() == wanted["byProvider"].lower()]
        if "byInferenceType" in wanted:
            found = [each for each in found if wanted["byInferenceType"] in each["inferenceTypesSupported"]]
        if "byOutputModality" in wanted:
            found = [each for each in found if wanted["byOutputModality"] in each["outputModalities"]]
        if "byCustomizationType" in wanted:
            found = []
        return {"modelSummaries": found}

    def _get(self, call: ApiCall) -> dict[str, Any]:
        model = self._catalogue.any_form(call.params["modelIdentifier"])
        if model is None:
            message = "Could not resolve the foundation model from the model identifier."
            raise ApiError("ResourceNotFoundException", message, 404)
        return {"modelDetails": self._described(model)}

    def _described(self, model: Model) -> dict[str, Any]:
        return {
            "modelArn": f"arn:aws:bedrock:{self._cloud.region}::foundation-model/{model.id}",
            "modelId": model.id,
            "modelName": model.key.replace("_", " ").title(),
            "providerName": "Amazon",
            "inputModalities": ["TEXT"],  # all that the stand-in takes
            "outputModalities": ["TEXT"],
            "responseStreamingSupported": True,
            "customizationsSupported": [],
            "inferenceTypesSupported": ["ON_DEMAND"] if model.on_demand else ["INFERENCE_PROFILE"],
            "modelLifecycle": {"status": "ACTIVE"},
        }


class InvocationLog:
    """Writes what is asked and answered to the log group of the account's logging configuration, if there is one."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._ids = cloud.kernel.streams["bedrock/log"]

    def install(self) -> None:
        """Look at the log group before a configuration is kept."""
        self._cloud.api.register(SERVICE, "PutModelInvocationLoggingConfiguration", self._put)

    def _put(self, call: ApiCall) -> dict[str, Any]:
        group = (call.params["loggingConfig"].get("cloudWatchConfig") or {}).get("logGroupName")
        if group is not None:
            found = self._cloud.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
            if not any(each["logGroupName"] == group for each in found):
                raise ApiError("ValidationException", f"The log group {group} does not exist.", 400)
        return self._cloud.api.stock(call)

    def write(
        self, operation: str, called: Called, request: Mapping[str, Any], answer: Mapping[str, Any], made: Generated
    ) -> None:
        """One record, at the time of the request."""
        backend = bedrock_backends[self._cloud.account_id][self._cloud.region]
        config = backend.get_model_invocation_logging_configuration() or {}
        group = (config.get("cloudWatchConfig") or {}).get("logGroupName")
        if group is None:
            return
        text = config.get("textDataDeliveryEnabled", True)
        record = {
            "timestamp": f"{self._cloud.now:%Y-%m-%dT%H:%M:%SZ}",
            "accountId": self._cloud.account_id,
            "region": self._cloud.region,
            "requestId": uuid4_text(self._ids),
            "operation": operation,
            "modelId": called.name,
            "input": {
                "inputContentType": _JSON,
                **({"inputBodyJson": request} if text else {}),
                "inputTokenCount": made.input_tokens,
            },
            "output": {
                "outputContentType": _JSON,
                **({"outputBodyJson": answer} if text else {}),
                "outputTokenCount": made.output_tokens,
            },
            "schemaType": "ModelInvocationLog",
            "schemaVersion": "1.0",
        }
        line = json.dumps(record, ensure_ascii=False, default=str)
        self._cloud.logs.put(group, _STREAM, ((self._cloud.kernel.unix_us // 1_000, line),))
