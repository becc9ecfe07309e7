"""requests-oauthlib, and oauthlib below it."""

from typing import Any

import pytest
import requests
from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient, OAuth2Error, WebApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session
from world import (
    ID,
    RESOURCE,
    REVOKE,
    SECRET,
    TOKEN,
    limited_client,
    public_client,
    refreshes_together,
    session,
    sessions,
)


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def own(scope: str | None = None) -> OAuth2Session:
    return OAuth2Session(client=BackendApplicationClient(ID, scope=scope))


def refused(error: str, call: Any, *args: Any, **kwargs: Any) -> None:
    with pytest.raises(OAuth2Error) as raised:
        call(*args, **kwargs)
    assert raised.value.error == error, raised.value


def test_client_credentials() -> None:
    basic = own("read").fetch_token(TOKEN, auth=HTTPBasicAuth(ID, SECRET), resource=RESOURCE)
    post = own("read").fetch_token(TOKEN, client_secret=SECRET, include_client_id=True, resource=RESOURCE)
    for token in (basic, post):
        assert (token["token_type"], token["scope"]) == ("Bearer", ["read"])
        assert token["expires_at"] > token["expires_in"] > 0


def test_refresh_sixteen_at_once() -> None:
    ways: list[dict[str, Any]] = [{"auth": HTTPBasicAuth(ID, SECRET)}, {"client_id": ID, "client_secret": SECRET}]
    for way in ways:
        started = session()

        def refresh(token: str, way: dict[str, Any] = way) -> str:
            return OAuth2Session(ID).refresh_token(TOKEN, token, **way)["refresh_token"]

        refreshes_together(started, refresh)


def test_a_public_client_refreshes_and_logs_out() -> None:
    found = public_client()
    started = session(found)
    app = {"client_id": found}
    last = refreshes_together(
        started, lambda token: OAuth2Session(found).refresh_token(TOKEN, token, **app)["refresh_token"]
    )
    url, headers, body = WebApplicationClient(found).prepare_token_revocation_request(
        REVOKE, last, "refresh_token", **app
    )
    assert requests.post(url, body, headers=headers, timeout=60).status_code == 200
    assert sessions(started["subject"]) == []
    refused("invalid_grant", OAuth2Session(found).refresh_token, TOKEN, last, **app)


def test_each_error_has_its_name() -> None:
    basic = HTTPBasicAuth(ID, SECRET)
    refused("invalid_scope", own("unheard-of").fetch_token, TOKEN, auth=basic)
    refused("invalid_target", own().fetch_token, TOKEN, auth=basic, resource="https://other.example")
    refused("invalid_client", own().fetch_token, TOKEN, auth=HTTPBasicAuth(ID, "wrong"))
    refused("invalid_client", own().fetch_token, TOKEN, client_secret="wrong", include_client_id=True)
    refused("invalid_grant", OAuth2Session(ID).refresh_token, TOKEN, "not a token", auth=basic)
    legacy = OAuth2Session(client=LegacyApplicationClient(ID))
    refused("unsupported_grant_type", legacy.fetch_token, TOKEN, username="u", password="p", auth=basic)
    found, secret = limited_client()
    limited = {"client_id": found, "client_secret": secret}
    refused("unauthorized_client", OAuth2Session(found).refresh_token, TOKEN, session()["refresh_token"], **limited)
