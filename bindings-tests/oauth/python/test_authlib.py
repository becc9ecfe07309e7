"""Authlib, and joserfc below it."""

import time
from typing import Any

import pytest
import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import AssertionSession, OAuth2Session
from authlib.oauth2.rfc6750.errors import InvalidTokenError
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc import jwt
from world import (
    ACCESS_TOKEN,
    EXCHANGE,
    ID,
    INTROSPECT,
    ISSUER,
    KEY_CLIENT,
    KEY_CLIENT_ID,
    METADATA,
    RESOURCE,
    REVOKE,
    SECRET,
    TOKEN,
    WORKLOAD_KEY,
    WORKLOADS,
    admin,
    key_of,
    limited_client,
    public_client,
    published,
    refreshes_together,
    session,
    sessions,
    workload_claims,
)

METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt"]


def client(method: str, secret: str = SECRET) -> OAuth2Session:
    """The client of the demonstration that proves itself in this way."""
    if method == "private_key_jwt":
        found = OAuth2Session(KEY_CLIENT_ID, key_of(KEY_CLIENT), method, method)
        # Each endpoint takes an assertion that is made for the token endpoint.
        found.register_client_auth_method(
            PrivateKeyJWT(TOKEN, headers={"kid": KEY_CLIENT["kid"]}, alg=KEY_CLIENT["alg"])
        )
        return found
    return OAuth2Session(ID, secret, method, method)


def refused(error: str, call: Any, *args: Any, **kwargs: Any) -> None:
    with pytest.raises(AuthlibBaseError) as raised:
        call(*args, **kwargs)
    assert raised.value.error == error, raised.value


class Resource(JWTBearerTokenValidator):
    """A resource server, by RFC 9068."""

    def get_jwks(self) -> Any:
        return published()

    def claims(self, token: str) -> Any:
        claims = self.authenticate_token(token)
        self.validate_token(claims, ["read"], None)
        return claims


def at_the_resource(token: str) -> Any:
    return Resource(ISSUER, RESOURCE).claims(token)


def test_the_metadata_are_whole() -> None:
    url = get_well_known_url(ISSUER, external=True)
    metadata = AuthorizationServerMetadata(requests.get(url, timeout=60).json())
    # The library asks for https, which is not here, and for an authorization endpoint, which RFC 8414 does not
    # where no grant uses it; and it takes the list of its response types, which is empty then, for none.
    absent = ("issuer", "jwks_uri", "response_types_supported")
    for name in AuthorizationServerMetadata.REGISTRY_KEYS:
        if name not in absent and not name.endswith("_endpoint"):
            getattr(metadata, f"validate_{name}", lambda: None)()
    assert metadata["response_types_supported"] == []
    assert metadata["issuer"] == ISSUER
    assert {*METHODS, "none"} <= set(metadata["token_endpoint_auth_methods_supported"])


@pytest.mark.parametrize("method", METHODS)
def test_client_credentials(method: str) -> None:
    found = client(method)
    token = found.fetch_token(TOKEN, grant_type="client_credentials", scope="read", resource=RESOURCE)
    assert (token["token_type"], token["scope"], token.get("refresh_token")) == ("Bearer", "read", None)
    claims = at_the_resource(token["access_token"])
    assert claims["client_id"] == claims["sub"] == found.client_id


@pytest.mark.parametrize("method", METHODS)
def test_refresh_sixteen_at_once(method: str) -> None:
    started = session(client(method).client_id)

    def refresh(token: str) -> str:
        pair = client(method).refresh_token(TOKEN, refresh_token=token)
        assert at_the_resource(pair["access_token"])["sub"] == started["subject"]
        return pair["refresh_token"]

    last = refreshes_together(started, refresh)
    narrower = client(method).refresh_token(TOKEN, refresh_token=last, scope="read")
    assert narrower["scope"] == "read"


def test_a_session_refreshes_itself() -> None:
    """As an application holds it: the library refreshes where the access token has expired."""
    started = session()
    kept: list[Any] = []
    found = OAuth2Session(
        ID,
        SECRET,
        token_endpoint=TOKEN,
        token={**started, "expires_at": int(time.time()) - 1},
        update_token=lambda token, refresh_token: kept.append((refresh_token, token)),
    )
    assert found.get(METADATA["jwks_uri"]).status_code == 200
    [(before, after)] = kept
    assert before == started["refresh_token"] != after["refresh_token"]


@pytest.mark.parametrize("method", METHODS)
def test_introspection_and_revocation(method: str) -> None:
    found = client(method)
    started = session(found.client_id)
    known = found.introspect_token(INTROSPECT, started["access_token"], "access_token").json()
    wanted = {"active": True, "sub": started["subject"], "client_id": found.client_id, "scope": "read write"}
    assert wanted.items() <= known.items()
    assert found.revoke_token(REVOKE, started["access_token"], "access_token").status_code == 200
    assert found.introspect_token(INTROSPECT, started["access_token"]).json() == {"active": False}
    assert found.revoke_token(REVOKE, "a token that nobody knows").status_code == 200
    assert len(sessions(started["subject"])) == 1
    assert found.revoke_token(REVOKE, started["refresh_token"], "refresh_token").status_code == 200
    assert sessions(started["subject"]) == []
    refused("invalid_grant", found.refresh_token, TOKEN, started["refresh_token"])


def test_introspection_as_a_jwt() -> None:
    started = session()
    headers = {"Accept": "application/token-introspection+jwt"}
    answer = client("client_secret_basic").introspect_token(INTROSPECT, started["access_token"], headers=headers)
    assert answer.headers["content-type"].split(";")[0] == "application/token-introspection+jwt"
    token = jwt.decode(answer.text, published())
    assert token.header["typ"] == "token-introspection+jwt"
    assert (token.claims["iss"], token.claims["aud"]) == (ISSUER, ID)
    assert "sub" not in token.claims and "exp" not in token.claims  # RFC 9701 section 5: so that it is no access token
    assert token.claims["token_introspection"]["sub"] == started["subject"]
    with pytest.raises(InvalidTokenError):
        at_the_resource(answer.text)


def test_a_public_client() -> None:
    found = public_client()
    started = session(found)

    def app() -> OAuth2Session:
        return OAuth2Session(found, token_endpoint_auth_method="none", revocation_endpoint_auth_method="none")

    last = refreshes_together(started, lambda token: app().refresh_token(TOKEN, token)["refresh_token"])
    assert app().revoke_token(REVOKE, last, "refresh_token").status_code == 200
    assert sessions(started["subject"]) == []


def test_exchange() -> None:
    found = client("client_secret_basic")
    started = session()
    subject = {"grant_type": EXCHANGE, "subject_token_type": ACCESS_TOKEN}
    narrow = found.fetch_token(TOKEN, subject_token=started["access_token"], scope="read", **subject)
    assert (narrow["scope"], narrow["issued_token_type"]) == ("read", ACCESS_TOKEN)
    assert at_the_resource(narrow["access_token"])["sub"] == started["subject"]
    kept = dict(narrow)
    wider = {**subject, "subject_token": kept["access_token"], "scope": "read write"}
    refused("invalid_scope", found.fetch_token, TOKEN, **wider)
    admin("revoke_session", {"session": started["session"]})
    assert found.introspect_token(INTROSPECT, kept["access_token"]).json() == {"active": False}


def workload(**claims: Any) -> AssertionSession:
    """What a job of CI has: a token of its issuer, and no client."""
    return AssertionSession(
        WORKLOADS,
        issuer="https://ci.example",
        subject="repo:acme/shop:ref:refs/heads/main",
        audience="https://login.example",
        claims={**workload_claims(), **claims},
        key=key_of(WORKLOAD_KEY),
        header={"alg": WORKLOAD_KEY["alg"], "kid": WORKLOAD_KEY["kid"]},
    )


def test_assertions_of_a_trusted_issuer() -> None:
    job = workload()
    token = job.refresh_token()
    assert token["scope"] == "deploy"
    refused("invalid_grant", job.refresh_token)  # The same `jti`.
    refused("invalid_grant", workload(repository_id="4712").refresh_token)
    wrong = workload()
    wrong.audience = "https://other.example"
    refused("invalid_grant", wrong.refresh_token)


def test_each_error_has_its_name() -> None:
    found = client("client_secret_post")
    own = {"grant_type": "client_credentials"}
    refused("invalid_scope", found.fetch_token, TOKEN, scope="unheard-of", **own)
    refused("invalid_target", found.fetch_token, TOKEN, resource="https://other.example", **own)
    refused("unsupported_grant_type", found.fetch_token, TOKEN, grant_type="password", username="u", password="p")
    refused("invalid_grant", found.refresh_token, TOKEN, "not a token")
    refused("invalid_request", found.fetch_token, TOKEN, grant_type=EXCHANGE, subject_token_type=ACCESS_TOKEN)
    for method in METHODS[:2]:
        refused("invalid_client", client(method, "wrong").fetch_token, TOKEN, **own)
    # Into the header this library writes a secret as it is, and not as RFC 6749 section 2.3.1 has it.
    limited = OAuth2Session(*limited_client(), "client_secret_post")
    assert limited.fetch_token(TOKEN, **own)
    refused("unauthorized_client", limited.refresh_token, TOKEN, session()["refresh_token"])
    stranger = client("private_key_jwt")
    stranger.client_secret = type(stranger.client_secret).generate_key()
    refused("invalid_client", stranger.fetch_token, TOKEN, **own)
