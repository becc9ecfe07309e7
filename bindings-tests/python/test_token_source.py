"""Token sources, at once and for asyncio, with a token endpoint of this library behind wsgiref's server."""

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from stores import DictStore, LaterStore
from tokenmint import AsyncTokenSource, Endpoint, MemoryStore, TokenAnswer, TokenRequest, TokenSource, hash_secret
from tokenmint.errors import (
    BodyMalformed,
    FieldInvalid,
    PolicyInvalid,
    SignInRequired,
    StoreUnavailable,
    TokenEndpointRefused,
    TokenEndpointUnavailable,
)
from tokenmint.store import Command, Reply

CONFIG = {
    "keys": [{"kid": "k1", "secret": "a secret of at least thirty-two bytes"}],
    "oauth": {
        "issuer": "https://as.example",
        "key": "k1",
        "audience": "app",
        "session_secret": "another secret of at least 32 bytes",
        # A second try takes a while on a busy machine.
        "refresh_grace_seconds": 60,
    },
    "clients": [
        {
            "id": "app",
            "organization": "org",
            "secret_sha256": hash_secret("a secret"),
            "permissions": ["refresh_token", "client_credentials"],
            "scope": "read",
        }
    ],
}


class Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


class Quiet(WSGIServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: answers are lost on purpose."""


class Server:
    """A token endpoint, and what becomes of the requests to it."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.endpoint = Endpoint(CONFIG)
        self.endpoint.prepare().run(self.store)
        self.issuer = self.endpoint.issuer()
        self.requests = 0
        self.lost = 0
        application = self.endpoint.wsgi(self.store)

        def serve(environ: Any, start_response: Any) -> Any:
            self.requests += 1
            answer = application(environ, start_response)
            if self.lost > 0:
                self.lost -= 1
                raise ConnectionAbortedError
            return answer

        self.http = make_server("127.0.0.1", 0, serve, Quiet, Silent)
        self.url = f"http://127.0.0.1:{self.http.server_port}/oauth/token"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def sign_in(self) -> dict[str, Any]:
        pair = self.issuer.start_session("u1", client_id="app", scope="read").run(self.store)
        tokens = {"access_token": pair.access_token, "refresh_token": pair.refresh_token, "expires_in": 900}
        return {**tokens, "token_type": "Bearer", "session": pair.session}

    def stands(self, token: str) -> bool:
        return self.issuer.check(token).run(self.store).subject == "u1"


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.http.shutdown()
    running.http.server_close()


def source(server: Server, **more: Any) -> TokenSource:
    return TokenSource(server.url, "app", client_secret="a secret", patience=timedelta(minutes=1), **more)


def test_one_asks_however_many_want_a_token(server: Server) -> None:
    store, tokens = MemoryStore(), server.sign_in()
    sources = [source(server, store=store) for _ in range(2)]
    sources[0].keep(tokens)
    first = sources[1].token()
    assert first.access_token == tokens["access_token"] and first.expires_at is not None
    assert timedelta(minutes=14) < first.expires_at - datetime.now(UTC) <= timedelta(minutes=15)
    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(lambda n: sources[n % 2].token_instead_of(first.access_token).access_token, range(32)))
    assert len(found) == 1 and server.requests == 1 and server.stands(found.pop())


def test_a_lost_answer_is_asked_for_again(server: Server) -> None:
    own, tokens = source(server), server.sign_in()
    own.keep(json.dumps(tokens))
    server.lost = 2
    assert server.stands(own.token_instead_of(tokens["access_token"]).access_token)
    assert server.requests == 3


def test_it_says_when_to_sign_in(server: Server) -> None:
    own, tokens = source(server), server.sign_in()
    with pytest.raises(SignInRequired):
        own.token()
    own.keep(tokens)
    server.issuer.revoke_session(tokens["session"]).run(server.store)
    assert own.token().access_token == tokens["access_token"]
    with pytest.raises(SignInRequired):
        own.token_instead_of(tokens["access_token"])
    own.keep(json.dumps(server.sign_in()).encode())
    assert own.token()
    assert own.forget() is not None
    assert own.forget() is None
    with pytest.raises(SignInRequired):
        own.token()


def test_a_client_gets_tokens_by_its_credentials(server: Server) -> None:
    own = source(server, grant="client_credentials", scope="read", secret_in_body=True)
    assert {own.token().access_token for _ in range(5)} == {own.token().access_token}
    assert own.token().scope == "read" and server.requests == 1
    with pytest.raises(TokenEndpointRefused, match="invalid_client"):
        TokenSource(server.url, "app", client_secret="another", grant="client_credentials").token()


def test_a_store_that_fails_gets_the_answer_again(server: Server) -> None:
    class Failing(DictStore):
        failures = 0

        def execute(self, command: Command, /) -> Reply:
            if self.failures > 0:
                self.failures -= 1
                raise StoreUnavailable
            return super().execute(command)

    store, tokens = Failing(), server.sign_in()

    def fails_then(request: TokenRequest) -> TokenAnswer:
        store.failures = 3
        pair = server.issuer.refresh(tokens["refresh_token"]).run(server.store)
        return TokenAnswer(status=200, body=json.dumps({"access_token": pair.access_token}).encode())

    own = source(server, store=store, send=fails_then)
    own.keep(tokens)
    assert server.stands(own.token_instead_of(tokens["access_token"]).access_token)


def test_a_server_that_is_away_costs_nothing(server: Server) -> None:
    def away(request: TokenRequest) -> TokenAnswer:
        raise ConnectionRefusedError

    own, tokens = source(server, send=away), server.sign_in()
    own.keep(tokens)
    with pytest.raises(TokenEndpointUnavailable) as refused:
        own.token_instead_of(tokens["access_token"])
    assert refused.value.retry_after == 2


def test_what_is_wrong_is_named(server: Server) -> None:
    with pytest.raises(PolicyInvalid, match="https is needed"):
        TokenSource("http://as.example/token", "app").token()
    with pytest.raises(FieldInvalid, match="known are endpoint"):
        TokenSource(server.url, "app", scopes="read").token()  # type: ignore[call-arg]
    with pytest.raises(BodyMalformed):
        source(server).keep("no JSON")


def test_nothing_shows_a_secret(server: Server) -> None:
    seen: list[TokenRequest] = []

    def send(request: TokenRequest) -> TokenAnswer:
        seen.append(request)
        return TokenAnswer(status=200, body=b'{"access_token":"hunter2"}')

    own = TokenSource(server.url, "app", client_secret="hunter2", send=send, store=DictStore())
    own.keep({"access_token": "hunter1", "refresh_token": "hunter2"})
    token = own.token_instead_of("hunter1")
    assert token.access_token == "hunter2" and b"hunter2" in seen[0].body
    assert "hunter2" not in f"{own!r} {token!r} {seen!r} {send(seen[0])!r}"


@pytest.mark.parametrize("store", [MemoryStore, DictStore, LaterStore])
def test_it_does_the_same_in_a_loop(server: Server, store: type[Any]) -> None:
    async def run() -> None:
        tokens, kept = server.sign_in(), store()
        own = AsyncTokenSource(server.url, "app", client_secret="a secret", store=kept, patience="1m")
        with pytest.raises(SignInRequired):
            await own.token()
        await own.keep(tokens)
        assert (await own.token()).access_token == tokens["access_token"]
        server.lost = 1
        wanted = [asyncio.create_task(own.token_instead_of(tokens["access_token"])) for _ in range(16)]
        # Who gives up takes nothing from the others.
        await asyncio.sleep(0)
        wanted.pop(0).cancel()
        found = {token.access_token for token in await asyncio.gather(*wanted)}
        assert len(found) == 1 and server.requests == 2 and server.stands(found.pop())
        server.issuer.revoke_session(tokens["session"]).run(server.store)
        with pytest.raises(SignInRequired):
            await own.token_instead_of((await own.token()).access_token)
        assert await own.forget() is None

    asyncio.run(run())
