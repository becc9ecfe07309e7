"""Keys and key sets."""

import json
from collections.abc import Callable

import pytest
from tokenmint import ConfigurationError, Issuer, Key, KeySet, TokenError, Verifier
from tokenmint.errors import KeyDuplicate, KeyMissing, KeyUsage, KeyWeak


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"])
def test_generated_keys_sign_and_verify(algorithm: str) -> None:
    jwk = Key.generate_jwk(algorithm, kid="k1", seed=b"\7" * 32)
    key = Key.from_jwk(jwk)
    assert (key.kid, key.algorithm, key.can_sign) == ("k1", algorithm, True)
    assert Key.from_jwk(json.dumps(jwk)).thumbprint == key.thumbprint
    issuer = Issuer(KeySet(key), "https://api.example.com", audience="app")
    token = issuer.mint({"sub": "s"}, "1h")
    assert issuer.verifier().verify(token)["sub"] == "s"
    jwks = issuer.public_jwks()
    if algorithm.startswith("HS"):
        assert jwks == {"keys": []} and key.public_jwk() is None and key.thumbprint is None
        return
    assert jwks["keys"] == [key.public_jwk()] and "d" not in jwks["keys"][0]
    public = KeySet.from_jwks(jwks)
    assert not public.keys[0].can_sign
    assert Verifier(public, issuer="https://api.example.com", audience="app").verify(token)["sub"] == "s"
    with pytest.raises(KeyMissing):
        Issuer(public, "i")
    assert key.with_thumbprint_kid().kid == key.thumbprint


def test_what_is_refused() -> None:
    with pytest.raises(KeyWeak):
        Key.hmac(b"short")
    with pytest.raises(TypeError):
        Key.hmac(bytearray(32))  # type: ignore[arg-type]
    with pytest.raises(KeyDuplicate):
        KeySet(Key.generate("HS256", kid="k"), Key.generate("HS256", kid="k"))
    with pytest.raises(KeyUsage):
        Key.generate("HS256").with_thumbprint_kid()
    wrong: list[Callable[[], Key]] = [
        lambda: Key.generate("none"),
        lambda: Key.generate("RS256"),
        lambda: Key.from_pem("x"),
    ]
    for call in wrong:
        with pytest.raises((ConfigurationError, TokenError)):
            call()


def test_a_key_that_cannot_be_used_is_skipped_with_its_reason() -> None:
    good = Key.generate_jwk("HS256", kid="good")
    keys = KeySet.from_jwks({"keys": [{"kty": "oct", "alg": "HS256", "kid": "short", "k": "c2hvcnQ"}, good]})
    assert [key.kid for key in keys.keys] == ["good"] and len(keys) == 1
    [(kid, reason)] = keys.skipped
    assert kid == "short" and isinstance(reason, KeyWeak)
    assert repr(keys) == 'KeySet(Key(kid="good", algorithm="HS256"))'
