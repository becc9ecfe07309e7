"""Status lists: a revoked token is refused without a request for it."""

import asyncio
import base64
import json
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from tokenmint import (
    Endpoint,
    Issuer,
    Key,
    KeySet,
    MemoryStore,
    StatusLists,
    TokenmintError,
    Verifier,
    WantedList,
)
from tokenmint.errors import (
    ClaimInvalid,
    ClaimMissing,
    PolicyInvalid,
    SignatureInvalid,
    StatusListMalformed,
    StatusUnavailable,
    TokenRevoked,
    TokenSuspended,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

NOW = 1_700_000_000
ISSUER = "https://api.example.com"
URL = "https://lists.example/1-0"
KEYS = KeySet(Key.generate("ES256", kid="k1"))
PUBLIC = KeySet.from_jwks(KEYS.public_jwks())
TOKENS = Issuer(KEYS, ISSUER, audience="app")
LISTS = Issuer(KEYS, ISSUER, audience="app", token_type="statuslist+jwt")
VERIFIER = Verifier(PUBLIC, issuer=ISSUER, audience="app")


def status_list(states: dict[int, int], *, url: str = URL, bits: int = 1, now: int = NOW, by: Issuer = LISTS) -> bytes:
    """The states of 2^20 tokens, of which some are not 0."""
    states_of = bytearray((1 << 20) * bits // 8)
    for index, state in states.items():
        states_of[index * bits // 8] |= state << (index * bits % 8)
    lst = base64.urlsafe_b64encode(zlib.compress(states_of)).rstrip(b"=").decode()
    claims = {"sub": url, "ttl": 10, "status_list": {"bits": bits, "lst": lst}}
    return by.mint(claims, 300, now=now).encode()


def claims(index: int, url: str = URL) -> dict[str, Any]:
    """The claims of a token of such a list, which was verified."""
    token = TOKENS.mint({"sub": "s", "status": {"status_list": {"idx": index, "uri": url}}}, "1h", now=NOW)
    return VERIFIER.verify(token, now=NOW)


def test_a_transport_of_ones_own_asks_and_reports() -> None:
    lists = StatusLists(PUBLIC)
    assert lists.resolve(claims(7), now=NOW) == WantedList(url=URL, waits=False)
    assert lists.resolve(claims(7), now=NOW) == WantedList(url=URL, waits=True)
    lists.fetched(URL, status_list({7: 1}), now=NOW)
    with pytest.raises(TokenRevoked):
        lists.resolve(claims(7), now=NOW)
    assert lists.resolve(claims(8), now=NOW) is None
    # Its time is over: one caller fetches it, and the others use it until its end.
    assert lists.resolve(claims(8), now=NOW + 10) == WantedList(url=URL, waits=False)
    assert lists.resolve(claims(8), now=NOW + 10) is None
    with pytest.raises(StatusUnavailable, match="no route"):
        lists.fetched(URL, None, reason="no route", now=NOW + 10)
    assert lists.resolve(claims(8), now=NOW + 11) is None
    lists.fetched(URL, status_list({8: 2}, bits=2, now=NOW + 16), now=NOW + 16)
    with pytest.raises(TokenSuspended):
        lists.check(claims(8), now=NOW + 16)


def test_what_is_no_list_is_not_taken() -> None:
    lists = StatusLists(PUBLIC)
    forged = Issuer(KeySet(Key.generate("ES256", kid="k1")), ISSUER, audience="app", token_type="statuslist+jwt")
    assert lists.resolve(claims(7), now=NOW) is not None
    with pytest.raises(SignatureInvalid):
        lists.fetched(URL, status_list({}, by=forged), now=NOW)
    bomb = base64.urlsafe_b64encode(zlib.compress(bytes(1 << 25))).rstrip(b"=").decode()
    token = LISTS.mint({"sub": URL, "status_list": {"bits": 1, "lst": bomb}}, 300, now=NOW)
    with pytest.raises(StatusListMalformed):
        lists.fetched(URL, token.encode(), now=NOW)
    with pytest.raises(StatusUnavailable) as refused:
        lists.check(claims(7), now=NOW)
    assert refused.value.retry_after == 5


def test_a_token_without_a_list() -> None:
    StatusLists(PUBLIC).check({"sub": "s"})
    with pytest.raises(ClaimMissing):
        StatusLists(PUBLIC, required=True).check({"sub": "s"})
    with pytest.raises(ClaimInvalid):
        StatusLists(PUBLIC).check({"status": {"status_list": {"idx": -1, "uri": URL}}})
    with pytest.raises(ClaimInvalid):
        StatusLists(PUBLIC, prefixes=["https://other.example"]).check(claims(1))
    with pytest.raises(ClaimInvalid):
        StatusLists(PUBLIC).check(claims(1, "http://lists.example/1-0"))


def test_an_unreachable_list_is_accepted_for_as_long_as_was_said() -> None:
    calls = []

    def fetch(url: str) -> bytes:
        calls.append(url)
        if len(calls) > 1:
            raise OSError("no route")
        return status_list({7: 1})

    lists = StatusLists(PUBLIC, accept_unreachable_for="10m", fetch=fetch)
    lists.check(claims(8), now=NOW)
    lists.check(claims(8), now=NOW + 300 + 599)
    with pytest.raises(TokenRevoked):
        lists.check(claims(7), now=NOW + 300 + 599)
    with pytest.raises(StatusUnavailable, match="no route"):
        lists.check(claims(8), now=NOW + 300 + 601)


def test_options_that_cannot_work() -> None:
    for wrong in [{"time_to_live": "x"}, {"cooldown": -1}, {"prefixes": ["ftp://a"]}, {"max_body": -1}]:
        with pytest.raises(TokenmintError) as refused:
            StatusLists(PUBLIC, **wrong)  # type: ignore[arg-type]
        assert isinstance(refused.value, PolicyInvalid)
    with pytest.raises(TypeError):
        StatusLists(PUBLIC, nonsense=1)  # type: ignore[call-arg]


class Published:
    """A server of lists: what it gives, and what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None] = lambda handler: None
        published = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                published.asked.append(self.path)
                published.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/1-0"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def give(self, body: bytes, status: int = 200, *headers: tuple[str, str]) -> None:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for header in [("content-length", str(len(body))), *headers]:
                handler.send_header(*header)
            handler.end_headers()
            handler.wfile.write(body)

        self.answer = answer


@pytest.fixture
def published() -> Iterator[Published]:
    published = Published()
    yield published
    published.server.shutdown()
    published.server.server_close()


def test_one_fetch_serves_many_threads(published: Published) -> None:
    body = status_list({7: 1}, url=published.url)
    waiting, all_wait = threading.Semaphore(0), threading.Event()
    published.give(body)
    give = published.answer

    def late(handler: BaseHTTPRequestHandler) -> None:
        all_wait.wait(60)
        give(handler)

    published.answer = late
    lists = StatusLists(PUBLIC)
    found: list[str] = []

    def check(index: int) -> None:
        verified = claims(index, published.url)
        waiting.release()
        try:
            lists.check(verified, now=NOW)
            found.append("good")
        except TokenRevoked:
            found.append("revoked")

    threads = [threading.Thread(target=check, args=[7 if at == 3 else at + 100]) for at in range(16)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert waiting.acquire(timeout=60)
    all_wait.set()
    for thread in threads:
        thread.join(60)
    assert sorted(found) == ["good"] * 15 + ["revoked"]
    assert published.asked == ["/1-0"]


def test_one_fetch_serves_many_coroutines(published: Published) -> None:
    published.give(status_list({7: 1}, url=published.url))
    lists = StatusLists(PUBLIC)

    async def main() -> list[BaseException | None]:
        given = [claims(at, published.url) for at in range(10)]
        # One that is cancelled takes the fetch from nobody.
        first = asyncio.create_task(lists.check_async(given[0], now=NOW))
        await asyncio.sleep(0)
        first.cancel()
        return await asyncio.gather(*(lists.check_async(one, now=NOW) for one in given), return_exceptions=True)

    found = asyncio.run(asyncio.wait_for(main(), 60))
    assert [type(error) for error in found] == [TokenRevoked if at == 7 else type(None) for at in range(10)]
    assert published.asked == ["/1-0"]


def test_a_fetch_of_ones_own_that_is_awaited() -> None:
    async def fetch(url: str) -> bytes:
        await asyncio.sleep(0)
        return status_list({7: 1}, url=url)

    async def main() -> None:
        lists = StatusLists(PUBLIC, fetch=fetch)
        with pytest.raises(TokenRevoked):
            await lists.check_async(claims(7), now=NOW)
        lists.check(claims(8), now=NOW)

    asyncio.run(main())
    with pytest.raises(StatusUnavailable, match="bytes are needed"):
        StatusLists(PUBLIC, fetch=fetch).check(claims(8), now=NOW)


OUTAGES: dict[str, tuple[bytes, int, tuple[tuple[str, str], ...]]] = {
    "a status 500": (b"oops", 500, ()),
    "no token": (b"<html>", 200, ()),
    "too large": (b"x" * (3 << 20), 200, ()),
    "a redirection": (b"", 302, (("location", "/else"),)),
}


@pytest.mark.parametrize("name", OUTAGES)
def test_an_outage(published: Published, name: str) -> None:
    body, status, headers = OUTAGES[name]
    published.give(body, status, *headers)
    lists = StatusLists(PUBLIC)
    for _ in range(3):
        with pytest.raises(StatusUnavailable) as refused:
            lists.check(claims(7, published.url), now=NOW)
        assert refused.value.http_status == 503
    assert published.asked == ["/1-0"]
    published.give(status_list({7: 1}, url=published.url, now=NOW + 5))
    with pytest.raises(TokenRevoked):
        lists.check(claims(7, published.url), now=NOW + 5)


def test_silence_ends(published: Published) -> None:
    over, found = threading.Event(), []

    def silent(_: BaseHTTPRequestHandler) -> None:
        over.wait(600)

    def check() -> None:
        with pytest.raises(StatusUnavailable) as refused:
            StatusLists(PUBLIC, timeout_seconds=0.1).check(claims(7, published.url), now=NOW)
        found.append(refused.value)

    published.answer = silent
    thread = threading.Thread(target=check, daemon=True)
    thread.start()
    thread.join(60)
    over.set()
    assert len(found) == 1


def test_a_loop_that_ends_leaves_nobody_waiting() -> None:
    async def fetch(url: str) -> bytes:
        await asyncio.sleep(600)
        return b""

    lists = StatusLists(PUBLIC, fetch=fetch)

    async def main() -> None:
        waiting = [asyncio.create_task(lists.check_async(claims(7), now=NOW)) for _ in range(2)]
        await asyncio.sleep(0)
        del waiting[0]

    asyncio.run(main())
    with pytest.raises(StatusUnavailable, match="given up"):
        lists.check(claims(7), now=NOW)


def test_an_explanation_has_one_line_more() -> None:
    lists = StatusLists(PUBLIC)
    token = TOKENS.mint({"sub": "s", "status": {"status_list": {"idx": 7, "uri": URL}}}, "1h", now=NOW)

    def line() -> tuple[bool, str, str | None]:
        explanation = VERIFIER.explain(token, now=NOW, status_lists=lists)
        check = next(check for check in explanation.checks if check.name == "status")
        return explanation.accepted, check.outcome, check.error

    assert line() == (False, "failed", "status_unavailable")
    assert lists.resolve(claims(7), now=NOW) is not None
    lists.fetched(URL, status_list({}), now=NOW)
    assert line() == (True, "passed", None)
    assert all(check.name != "status" for check in VERIFIER.explain(token, now=NOW).checks)


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


def test_a_revoked_token_of_an_endpoint_is_refused_without_a_request_for_it() -> None:
    asked: list[str] = []
    store = MemoryStore()

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        asked.append(environ["PATH_INFO"])
        return serve(environ, start_response)

    with make_server("127.0.0.1", 0, application, handler_class=Quiet) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        oauth = {
            "key": "k1",
            "audience": "app",
            "session_secret": "a text of at least thirty-two bytes",
            "status_lists": {"every": "1s"},
        }
        keys = [{"kid": "k1", "jwk": json.dumps(Key.generate_jwk("ES256", kid="k1"))}]
        endpoint = Endpoint({"server": {"public_url": url}, "keys": keys, "oauth": oauth})
        endpoint.prepare().run(store)
        serve = endpoint.wsgi(store)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        issuer = endpoint.issuer()
        published = KeySet.from_jwks(issuer.public_jwks())
        verifier = Verifier(published, issuer=url, audience="app", token_type="at+jwt")
        lists = StatusLists(published, required=True, prefixes=[url], cooldown="1s")
        kept, ended = (verifier.verify(issuer.start_session(name).run(store).access_token) for name in ("u1", "u2"))
        for _ in range(100):
            lists.check(kept)
            lists.check(ended)
        issuer.revoke_sessions("u2").run(store)
        end = time.monotonic() + 60
        with pytest.raises(TokenRevoked):
            while time.monotonic() < end:
                lists.check(ended)
                time.sleep(0.05)
        lists.check(kept)
        server.shutdown()
    assert set(asked) == {kept["status"]["status_list"]["uri"].removeprefix(url)}
    assert len(asked) < 100
