"""No secret in any text form, error or pickle."""

import copy
import pickle
from typing import Any

import pytest
from stores import DictStore
from tokenmint import (
    Endpoint,
    Issuer,
    Key,
    KeySet,
    MemoryStore,
    TokenExpired,
    TokenmintError,
    Verifier,
    generate_secret,
    hash_secret,
    open_store,
    secret_matches,
)

SECRET = "hunter2-hunter2-hunter2-hunter2-hunter2"
KEY = Key.hmac(SECRET, kid="k1")
ISSUER = Issuer(KeySet(KEY), "https://api.example.com", audience="api", session_secret=SECRET)


def config(secret: Any) -> dict[str, Any]:
    return {"keys": [{"kid": "k1", "secret": secret}], "mercoa": {"issuer": "i", "key": "k1"}}


OBJECTS = [KEY, KeySet(KEY), ISSUER, ISSUER.verifier(), Endpoint(config(SECRET)), MemoryStore()]
OBJECTS += [
    ISSUER.client_credentials("c", SECRET),
    Verifier(KeySet(KEY), issuer="i", audience="a"),
    open_store("memory:"),
]


@pytest.mark.parametrize("value", OBJECTS, ids=lambda value: type(value).__name__)
def test_no_text_form_and_no_pickle_holds_a_secret(value: Any) -> None:
    for text in (repr(value), str(value), f"{value}", repr([value])):
        assert "hunter2" not in text
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(value, protocol)
    with pytest.raises(TypeError):
        copy.deepcopy(value)


def test_no_error_holds_a_secret() -> None:
    wrong: list[Any] = [
        lambda: Endpoint({"keys": SECRET}),
        lambda: Endpoint(config({"x": SECRET})),
        lambda: Endpoint(config([SECRET])),
        lambda: Endpoint(config(SECRET) | {"mercoa": 1}),
        lambda: Issuer(KeySet(KEY), "i", session_secret={"x": SECRET}),  # type: ignore[arg-type]
        lambda: Issuer(KeySet(KEY), "i", session_secret="hunter2"),
        lambda: Key.hmac("hunter2"),
        lambda: Key.from_jwk({"kty": "oct", "k": "hunter2"}),
        lambda: Key.from_pem("-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----"),
        lambda: ISSUER.client_credentials("c1", SECRET).run(MemoryStore()),
        lambda: ISSUER.client_credentials("c1", [SECRET]).run(MemoryStore()),  # type: ignore[arg-type]
        lambda: ISSUER.refresh(SECRET).run(MemoryStore()),
        lambda: ISSUER.entity_token(SECRET, entity="e").run(MemoryStore()),
        lambda: secret_matches(SECRET, SECRET),
    ]
    for call in wrong:
        with pytest.raises(TokenmintError) as caught:
            call()
        assert "hunter2" not in repr(caught.value) + str(caught.value) + str(caught.value.__dict__)


def test_what_the_flows_give_does_not_show_its_tokens() -> None:
    store = DictStore()
    ISSUER.create_client("c1", organization="o", secret=SECRET, permissions=["sessions"]).run(store)
    pair = ISSUER.exchange_api_key("c1", SECRET).run(store)
    assert pair.session in repr(pair)
    assert "eyJ" not in repr(pair) and pair.refresh_token not in repr(pair)
    assert "hunter2" not in repr(store.commands) and "eyJ" not in repr(store.commands)


def test_errors_survive_a_pickle() -> None:
    token = ISSUER.mint({}, 1, now=1)
    with pytest.raises(TokenExpired) as caught:
        ISSUER.verifier().verify(token, now=2)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again), again.field) == (TokenExpired, str(caught.value), "exp")


def test_credentials() -> None:
    secret, sha256 = generate_secret()
    assert len(secret) == 43 and generate_secret()[0] != secret
    assert hash_secret(secret) == hash_secret(secret.encode()) == sha256
    assert secret_matches(secret, sha256) and not secret_matches(secret + "x", sha256)
    assert generate_secret(seed=b"\7" * 32) == generate_secret(seed=b"\7" * 32)
