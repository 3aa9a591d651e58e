"""Workload identities: which agent acts, and for whom.

A token names its workload and its user; nobody signs it, so nothing outside the simulation may trust it. Roles,
consent and the OAuth flows towards other providers are left out; API keys come back as they were stored.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from localcloud.api import ApiCall, ApiError

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

CONTROL = "bedrock-agentcore-control"
SERVICE = "bedrock-agentcore"


class Identities:
    """Workload identities, their tokens, and the API keys that tokens give access to."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._life_s = int(cloud.facts.value("model.agentcore.token_life_s"))
        self._workloads: dict[str, dict[str, Any]] = {}
        self._keys: dict[str, dict[str, Any]] = {}

    def install(self) -> None:
        """Answer the operations of both planes."""
        control = {
            "CreateWorkloadIdentity": self._create,
            "GetWorkloadIdentity": self._get,
            "ListWorkloadIdentities": self._list,
            "UpdateWorkloadIdentity": self._update,
            "DeleteWorkloadIdentity": self._delete,
            "CreateApiKeyCredentialProvider": self._create_key,
            "GetApiKeyCredentialProvider": self._get_key,
            "ListApiKeyCredentialProviders": self._list_keys,
            "DeleteApiKeyCredentialProvider": self._delete_key,
        }
        for operation, handler in control.items():
            self._cloud.api.register(CONTROL, operation, handler)
        register = self._cloud.api.register
        register(SERVICE, "GetWorkloadAccessToken", self._token)
        register(SERVICE, "GetWorkloadAccessTokenForUserId", self._token_for_user)
        register(SERVICE, "GetWorkloadAccessTokenForJWT", self._token_for_jwt)
        register(SERVICE, "GetResourceApiKey", self._api_key)

    def runtime_token(self, workload: str, user: str | None) -> str:
        """The token that a runtime hands to its agent."""
        return self._encode(workload, user)

    def api_key(self, name: str) -> str:
        """The key that a credential provider keeps, for a gateway's use, which is free. Raises ApiError."""
        return str(self._provider(name)["key"])

    # -- workloads -----------------------------------------------------------------------------

    def _create(self, call: ApiCall) -> dict[str, Any]:
        name = call.params["name"]
        if name in self._workloads:
            raise ApiError("ConflictException", f"WorkloadIdentity with name: {name} already exists", 409)
        made = {
            "name": name,
            "workloadIdentityArn": self._arn(f"workload-identity-directory/default/workload-identity/{name}"),
            "allowedResourceOauth2ReturnUrls": list(call.params.get("allowedResourceOauth2ReturnUrls") or ()),
            "createdTime": self._cloud.now,
            "lastUpdatedTime": self._cloud.now,
        }
        self._workloads[name] = made
        return {name: value for name, value in made.items() if not name.endswith("Time")}

    def _get(self, call: ApiCall) -> dict[str, Any]:
        return dict(self._workload(call.params["name"]))

    def _list(self, call: ApiCall) -> dict[str, Any]:
        shown = ("name", "workloadIdentityArn")
        return {"workloadIdentities": [{key: made[key] for key in shown} for made in self._workloads.values()]}

    def _update(self, call: ApiCall) -> dict[str, Any]:
        made = self._workload(call.params["name"])
        made["allowedResourceOauth2ReturnUrls"] = list(call.params.get("allowedResourceOauth2ReturnUrls") or ())
        made["lastUpdatedTime"] = self._cloud.now
        return dict(made)

    def _delete(self, call: ApiCall) -> dict[str, Any]:
        self._workload(call.params["name"])
        del self._workloads[call.params["name"]]
        return {}

    def _workload(self, name: str) -> dict[str, Any]:
        if name not in self._workloads:
            raise ApiError("ResourceNotFoundException", f"WorkloadIdentity with name: {name} does not exist", 404)
        return self._workloads[name]

    # -- tokens --------------------------------------------------------------------------------

    def _token(self, call: ApiCall) -> dict[str, Any]:
        return self._issue(call, None)

    def _token_for_user(self, call: ApiCall) -> dict[str, Any]:
        return self._issue(call, call.params["userId"])

    def _token_for_jwt(self, call: ApiCall) -> dict[str, Any]:
        """The user is the JWT's subject. Its signature is not checked."""
        parts = call.params["userToken"].split(".")
        try:
            claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
            subject = f"{claims['iss']}:{claims['sub']}"
        except (ValueError, KeyError, IndexError, TypeError) as exc:
            raise ApiError("ValidationException", "The user token is not a JWT with an issuer and a subject.") from exc
        return self._issue(call, subject)

    def _issue(self, call: ApiCall, user: str | None) -> dict[str, Any]:
        name = self._workload(call.params["workloadName"])["name"]
        return {"workloadAccessToken": self._encode(name, user)}

    def _encode(self, workload: str, user: str | None) -> str:
        claims = {"workload": workload, "user": user, "expires": self._cloud.kernel.unix_us // 1_000_000 + self._life_s}
        return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()

    def _checked(self, token: str) -> dict[str, Any]:
        """The claims of a token that is ours and not expired. Raises ApiError (UnauthorizedException)."""
        try:
            claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token))
            alive = claims["expires"] >= self._cloud.kernel.unix_us // 1_000_000
        except (ValueError, KeyError, TypeError):
            alive = False
        if not alive:
            raise ApiError("UnauthorizedException", "The workload access token is invalid or has expired.", 401)
        return claims

    # -- API keys ------------------------------------------------------------------------------

    def _create_key(self, call: ApiCall) -> dict[str, Any]:
        name = call.params["name"]
        if "apiKey" not in call.params:
            raise ApiError("ValidationException", "The local cloud keeps the key itself: pass apiKey.", 400)
        if name in self._keys:
            raise ApiError("ConflictException", f"Credential provider with name: {name} already exists", 409)
        secret = f"arn:aws:secretsmanager:{self._cloud.region}:{self._cloud.account_id}:secret"
        self._keys[name] = {
            "name": name,
            "credentialProviderArn": (
                f"arn:aws:acps:{self._cloud.region}:{self._cloud.account_id}:"
                f"token-vault/default/apikeycredentialprovider/{name}"
            ),
            "apiKeySecretArn": {"secretArn": f"{secret}:bedrock-agentcore-identity!default/apikey/{name}"},
            "createdTime": self._cloud.now,
            "lastUpdatedTime": self._cloud.now,
            "key": call.params["apiKey"],
        }
        shown = ("name", "credentialProviderArn", "apiKeySecretArn")
        return {key: self._keys[name][key] for key in shown}

    def _get_key(self, call: ApiCall) -> dict[str, Any]:
        return {key: value for key, value in self._provider(call.params["name"]).items() if key != "key"}

    def _list_keys(self, call: ApiCall) -> dict[str, Any]:
        shown = ("name", "credentialProviderArn", "createdTime", "lastUpdatedTime")
        return {"credentialProviders": [{key: made[key] for key in shown} for made in self._keys.values()]}

    def _delete_key(self, call: ApiCall) -> dict[str, Any]:
        self._provider(call.params["name"])
        del self._keys[call.params["name"]]
        return {}

    def _provider(self, name: str) -> dict[str, Any]:
        if name not in self._keys:
            raise ApiError("ResourceNotFoundException", f"Credential provider with name: {name} does not exist", 404)
        return self._keys[name]

    def _api_key(self, call: ApiCall) -> dict[str, Any]:
        claims = self._checked(call.params["workloadIdentityToken"])
        found = self._provider(call.params["resourceCredentialProviderName"])
        self._cloud.meter.add("agentcore.identity_requests", 1, claims["workload"])
        return {"apiKey": found["key"]}

    def _arn(self, resource: str) -> str:
        return f"arn:aws:bedrock-agentcore:{self._cloud.region}:{self._cloud.account_id}:{resource}"
