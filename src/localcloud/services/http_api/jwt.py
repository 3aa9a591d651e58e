"""JSON Web Tokens: taken apart, and their signatures checked. RSA only, as API Gateway does."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")


class InvalidToken(Exception):
    """What is wrong with a token, as `error_description` says it."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it was sent; nothing in it is proven yet."""

    algorithm: str
    key_id: str
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes


def decode(text: str) -> Token:
    """The parts of a token, with or without "Bearer " before it. Raises InvalidToken."""
    scheme, _, rest = text.strip().partition(" ")
    compact = rest.strip() if scheme.lower() == "bearer" else text.strip()
    segments = compact.split(".")
    if len(segments) != 3:
        raise InvalidToken("token contains an invalid number of segments")
    header, claims = _object(segments[0]), _object(segments[1])
    return Token(
        algorithm=str(header.get("alg")),
        key_id=str(header.get("kid") or ""),
        claims=claims,
        signed=f"{segments[0]}.{segments[1]}".encode(),
        signature=_bytes(segments[2]),
    )


def public_keys(key_set: Mapping[str, Any]) -> dict[str, RSAPublicKey]:
    """The RSA keys of a JSON Web Key Set by `kid`. Raises InvalidToken for a set that cannot be read."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    found: dict[str, RSAPublicKey] = {}
    keys = key_set.get("keys")
    if not isinstance(keys, list):
        raise InvalidToken("JWKS has no keys")
    for key in keys:
        if not isinstance(key, Mapping) or key.get("kty") != "RSA" or key.get("use", "sig") != "sig":
            continue
        try:
            exponent, modulus = (int.from_bytes(_bytes(str(key[part])), "big") for part in ("e", "n"))
            found[str(key.get("kid") or "")] = RSAPublicNumbers(exponent, modulus).public_key()
        except (KeyError, ValueError, InvalidToken) as exc:
            raise InvalidToken('unable to decode "n" from RSA public key') from exc
    return found


def check_algorithm(token: Token) -> None:
    """Raises InvalidToken unless the token is signed by RSA."""
    if token.algorithm not in _ALGORITHMS:
        raise InvalidToken(f"signing method {token.algorithm} is invalid")


def check_signature(token: Token, key: RSAPublicKey) -> None:
    """Raises InvalidToken unless `key` belongs to the one that signed the token."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    check_algorithm(token)
    digests: dict[str, hashes.HashAlgorithm] = {
        "256": hashes.SHA256(),
        "384": hashes.SHA384(),
        "512": hashes.SHA512(),
    }
    digest = digests[token.algorithm[2:]]
    scheme: padding.AsymmetricPadding = padding.PKCS1v15()
    if token.algorithm.startswith("PS"):
        scheme = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
    try:
        key.verify(token.signature, token.signed, scheme, digest)
    except InvalidSignature:
        raise InvalidToken("crypto/rsa: verification error") from None


def as_text(value: Any) -> str:
    """A claim as API Gateway hands it on: always text, lists as "[a b]"."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{' '.join(as_text(item) for item in value)}]"
    return json.dumps(value, separators=(",", ":"))


def _bytes(segment: str) -> bytes:
    try:
        return base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as exc:
        raise InvalidToken("illegal base64 data in the token") from exc


def _object(segment: str) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(segment))
    except ValueError as exc:
        raise InvalidToken("the token is not JSON") from exc
    if not isinstance(found, dict):
        raise InvalidToken("the token is not a JSON object")
    return found
