"""PyJWT verifies what tokenmint mints, and the reverse."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from tokenmint import Issuer, Key, KeySet, TokenError, Verifier
from vectors import ROOT

ALGORITHMS = ["HS256", "HS384", "HS512", "RS256", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA"]
SECRET = b"0123456789abcdef" * 4
CLAIMS = {"sub": "ent_ü", "n": 2**63 - 1, "list": [1, 2.5, None, True], "deep": {"a": {"b": "c"}}}


def keys(algorithm: str) -> tuple[Key, Any, Any]:
    """Our key, and PyJWT's private and public ones."""
    if algorithm.startswith("HS"):
        return Key.hmac(SECRET, kid="k1", algorithm=algorithm), SECRET, SECRET
    if algorithm[:2] in ("RS", "PS"):
        pem = (ROOT / "core/tests-data/keys/rsa2048.pem").read_text()
        private = serialization.load_pem_private_key(pem.encode(), None)
        return Key.from_pem(pem, kid="k1", algorithm=algorithm), private, private.public_key()
    jwk = Key.generate_jwk(algorithm, kid="k1")
    private = jwt.PyJWK(jwk, algorithm=algorithm).key
    return Key.from_jwk(jwk), private, private.public_key()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_takes_the_others_tokens(algorithm: str) -> None:
    key, private, public = keys(algorithm)
    issuer = Issuer(KeySet(key), "https://api.example.com", audience="app")
    expected: dict[str, Any] = {"algorithms": [algorithm], "audience": "app", "issuer": "https://api.example.com"}

    token = issuer.mint(CLAIMS, timedelta(hours=1))
    claims = jwt.decode(token, public, **expected)
    assert CLAIMS.items() <= claims.items() and jwt.get_unverified_header(token)["kid"] == "k1"
    assert claims == issuer.verifier().verify(token)

    now = datetime.now(UTC)
    theirs = {**CLAIMS, "iss": "https://api.example.com", "aud": ["x", "app"], "exp": now + timedelta(hours=1)}
    token = jwt.encode(theirs, private, algorithm, headers={"kid": "k1"})
    verifier = Verifier(KeySet(key), issuer="https://api.example.com", audience="app")
    assert verifier.verify(token) == jwt.decode(token, public, **expected)

    head, _, signature = token.rpartition(".")
    spoilt = f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
    refusals: list[Callable[[], object]] = [
        lambda: verifier.verify(spoilt),
        lambda: jwt.decode(spoilt, public, **expected),
    ]
    for refuse in refusals:
        with pytest.raises((TokenError, jwt.PyJWTError)):
            refuse()
