"""JWT authorizers of HTTP APIs: issuer, audience, times and scopes of a token.

Signatures are not verified: that takes the issuer's keys, and no issuer is simulated. Everything that a
token says of itself is checked as API Gateway documents it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from localcloud.net import HttpRequest, HttpResponse
from localcloud.services.http_api.authorizers import Refused
from localcloud.services.http_api.proxy import refusal

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_PARTS = 3


def authorized_claims(authorizer: Any, route: Any, request: HttpRequest, cloud: Cloud) -> dict[str, Any]:
    """What requestContext.authorizer.jwt holds: claims and scopes. Raises Refused: 401, or 403 for scopes."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    claims = _claims(token)
    if authorizer is None or claims is None:
        raise _unauthorized("the token is not valid")
    configuration = {name[:1].lower() + name[1:]: value for name, value in (authorizer.jwt_config or {}).items()}
    if claims.get("iss") != configuration.get("issuer"):
        raise _unauthorized("issuer of the token is not valid")
    audience = claims.get("aud") or claims.get("client_id")
    named = audience if isinstance(audience, list) else [audience]
    if not set(named) & set(configuration.get("audience") or ()):
        raise _unauthorized("the token does not have a valid audience")
    now_s = cloud.kernel.unix_us / 1e6
    if not isinstance(claims.get("exp"), int | float) or claims["exp"] <= now_s:
        raise _unauthorized("the token has expired")
    if any(claims.get(name, 0) > now_s for name in ("nbf", "iat")):
        raise _unauthorized("the token is not valid yet")
    scopes = str(claims.get("scope") or claims.get("scp") or "").split()
    wanted = list(route.authorization_scopes or ())
    if wanted and not set(wanted) & set(scopes):
        raise Refused(refusal(403, "Forbidden"))
    return {"claims": {name: _text(value) for name, value in claims.items()}, "scopes": scopes if wanted else None}


def _claims(token: str) -> Mapping[str, Any] | None:
    parts = token.split(".")
    if len(parts) != _PARTS:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return None
    return found if isinstance(found, Mapping) else None


def _text(value: Any) -> str:
    """Claims are text in the event: a list as "[a b]"."""
    if isinstance(value, list):
        return "[" + " ".join(map(str, value)) + "]"
    return value if isinstance(value, str) else json.dumps(value)


def _unauthorized(reason: str) -> Refused:
    answer = refusal(401, "Unauthorized")
    described = f'Bearer scope="" error="invalid_token" error_description="{reason}"'
    return Refused(HttpResponse(answer.status, {**answer.headers, "www-authenticate": described}, answer.body))
