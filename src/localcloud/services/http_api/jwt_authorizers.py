"""JWT authorizers of HTTP APIs: issuer, audience, times, scopes and the signature by the issuer's own keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from localcloud.net import HttpRequest, HttpResponse
from localcloud.net.plane import HttpTimeout, HttpUnreachable
from localcloud.services.http_api.authorizers import Refused
from localcloud.services.http_api.jwt import (
    InvalidToken,
    Token,
    as_text,
    check_algorithm,
    check_signature,
    decode,
    public_keys,
)
from localcloud.services.http_api.sources import Sources

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from localcloud.cloud import Cloud

_DISCOVERY = "/.well-known/openid-configuration"
_JSON = {"content-type": "application/json"}


class JwtAuthorizers:
    """Checks tokens, and keeps the keys of their issuers for as long as API Gateway does."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        limits = cloud.facts.value("quota.apigw.http.jwt")
        self._kept_us = int(limits["key_cache_s"]) * 1_000_000
        self._timeout_us = int(limits["endpoint_timeout_ms"]) * 1_000
        self._largest = int(limits["key_set_bytes"])
        self._keys: dict[str, tuple[int, dict[str, RSAPublicKey]]] = {}  # by issuer; kept until, keys by kid

    def authorize(self, authorizer: Any, scopes: list[str], sources: Sources) -> dict[str, Any]:
        """The claims and scopes for the integration. Raises Refused: 401 for a bad token, 403 for missing scopes."""
        wanted = authorizer.identity_source or ["$request.header.Authorization"]
        found = sources.value(wanted if isinstance(wanted, str) else wanted[0])
        if not found:
            raise Refused(_refusal(401, "Unauthorized", "Bearer"))
        settings = {name[:1].lower() + name[1:]: value for name, value in (authorizer.jwt_config or {}).items()}
        try:
            token = decode(found)
            check_algorithm(token)
            keys = self._keys_of(str(settings.get("issuer") or ""))
            key = keys.get(token.key_id)
            if key is None:
                raise InvalidToken("the token's kid is not among the issuer's keys")
            check_signature(token, key)
            self._check_claims(token, settings)
        except InvalidToken as exc:
            raise Refused(_refusal(401, "Unauthorized", _challenge(scopes, "invalid_token", str(exc)))) from None
        granted = [scope for scope in scopes if scope in _scopes_of(token)]
        if scopes and not granted:
            challenge = _challenge(scopes, "insufficient_scope", "the token does not have the required scopes")
            raise Refused(_refusal(403, "Forbidden", challenge))
        claims = {name: as_text(value) for name, value in token.claims.items()}
        return {"jwt": {"claims": claims, "scopes": granted or None}}

    def _check_claims(self, token: Token, settings: Mapping[str, Any]) -> None:
        claims, now_s = token.claims, self._cloud.kernel.unix_us / 1e6
        if claims.get("iss") != settings.get("issuer"):
            raise InvalidToken("the token does not have a valid issuer")
        audience = claims["aud"] if "aud" in claims else claims.get("client_id")
        given = audience if isinstance(audience, list) else [audience]
        if not set(map(str, given)) & set(settings.get("audience") or ()):
            raise InvalidToken("the token does not have a valid audience")
        if not _is_time(claims.get("exp")) or claims["exp"] <= now_s:
            raise InvalidToken("the token has expired")
        for name, problem in (("nbf", "not valid yet"), ("iat", "used before issued")):
            if name in claims and (not _is_time(claims[name]) or claims[name] > now_s):
                raise InvalidToken(f"the token is {problem}")

    # -- keys --------------------------------------------------------------------------------------

    def _keys_of(self, issuer: str) -> dict[str, RSAPublicKey]:
        kept = self._keys.get(issuer)
        if kept is not None and kept[0] > self._cloud.kernel.now_us:
            return kept[1]
        place = self._fetch(issuer.rstrip("/") + _DISCOVERY, "OIDC discovery endpoint").get("jwks_uri")
        if not isinstance(place, str):
            raise InvalidToken("OIDC discovery endpoint names no jwks_uri")
        keys = public_keys(self._fetch(place, "JWKS"))
        self._keys[issuer] = self._cloud.kernel.now_us + self._kept_us, keys
        return keys

    def _fetch(self, url: str, what: str) -> dict[str, Any]:
        try:
            answer = self._cloud.http.request(HttpRequest("GET", url), self._timeout_us)
        except (HttpTimeout, HttpUnreachable):
            raise InvalidToken(f"{what} communication error") from None
        if answer.status != 200:
            raise InvalidToken(f"{what} communication error: [{answer.status}]")
        if len(answer.body) > self._largest:
            raise InvalidToken(f"{what} communication error: the answer is larger than {self._largest} bytes")
        try:
            found = json.loads(answer.body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise InvalidToken(f"{what} communication error: the answer is not a JSON object")
        return found


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _scopes_of(token: Token) -> list[str]:
    """The scopes of a token: text with spaces, or a list."""
    found = token.claims["scope"] if "scope" in token.claims else token.claims.get("scp")
    if isinstance(found, list):
        return [str(scope) for scope in found]
    return str(found or "").split()


def _challenge(scopes: list[str], error: str, description: str) -> str:
    description = description.replace('"', "'")
    return f'Bearer scope="{" ".join(scopes)}" error="{error}" error_description="{description}"'


def _refusal(status: int, message: str, challenge: str) -> HttpResponse:
    body = json.dumps({"message": message}, separators=(",", ":")).encode()
    return HttpResponse(status, {**_JSON, "www-authenticate": challenge}, body)
