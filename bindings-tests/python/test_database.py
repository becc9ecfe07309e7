"""Stores that are opened by URL: what they hold survives, and what goes wrong is told without the URL."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from server import Server
from tokenmint import Database, Endpoint, Issuer, Key, KeySet, TokenPair, open_store
from tokenmint.errors import (
    ConfigurationError,
    InvalidGrant,
    LinkUsed,
    ObjectDisposed,
    PolicyInvalid,
    StoreUnavailable,
    TokenmintError,
    TokenRevoked,
)
from tokenmint.issuer import Integration
from tokenmint.store import Cas, Command, Done, Entry, Load, Loaded, Reply, Sign, Signed

SECRET = "a secret of at least thirty-two bytes"
LEVER = Integration(slug="lever", name="Lever", categories=["ats"])
ISSUER = Issuer(
    KeySet(Key.hmac(SECRET, kid="k1")),
    "https://a.example",
    audience="app",
    session_secret=SECRET,
    integrations=[LEVER],
)
# Redis forgets what expired by its own clock.
NOW = int(time.time())


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:{tmp_path / 'tokens.db'}"


@pytest.fixture(scope="module")
def servers() -> Iterator[Callable[[str], Server]]:
    """Starts a server of a kind, once."""
    with ExitStack() as running:
        yield cache(lambda kind: running.enter_context(Server(kind)))


@pytest.fixture(params=["sqlite", "postgres", "redis"])
def fresh(request: pytest.FixtureRequest, servers: Callable[[str], Server], tmp_path: Path) -> Callable[[], str]:
    """Gives URLs of empty stores that last, of each kind."""
    if request.param != "sqlite":
        return servers(request.param).fresh
    names = iter("ab")
    return lambda: f"sqlite:{tmp_path / next(names)}"


def session(store: Database) -> TokenPair:
    ISSUER.create_client("c1", organization="o", secret="s1", permissions=["sessions"], now=NOW).run(store)
    return ISSUER.exchange_api_key("c1", "s1", now=NOW).run(store)


def test_a_session_survives_and_an_old_token_ends_it(fresh: Callable[[], str]) -> None:
    url = fresh()
    with open_store(url) as store:
        assert store.durability == "disk"
        first = session(store)
        second = ISSUER.refresh(first.refresh_token, now=NOW + 1).run(store)
    with open_store(url) as store:
        third = ISSUER.refresh(second.refresh_token, now=NOW + 100).run(store)
        assert third.session == first.session and third.refresh_token != second.refresh_token
    with open_store(url) as store:
        task = ISSUER.refresh(first.refresh_token, now=NOW + 200)
        with pytest.raises(InvalidGrant):
            task.run(store)
        assert [event.event for event in task.events] == ["refresh_reuse_detected"]
        with pytest.raises(InvalidGrant):
            ISSUER.refresh(third.refresh_token, now=NOW + 201).run(store)


def test_a_revoked_session_stays_revoked(fresh: Callable[[], str]) -> None:
    url = fresh()
    with open_store(url) as store:
        pair = session(store)
        assert ISSUER.check(pair.access_token, now=NOW + 1).run(store).client_id == "c1"
        ISSUER.revoke_session(pair.session, now=NOW + 1).run(store)
    with open_store(url) as store:
        with pytest.raises(TokenRevoked):
            ISSUER.check(pair.access_token, now=NOW + 2).run(store)
        with pytest.raises(InvalidGrant):
            ISSUER.refresh(pair.refresh_token, now=NOW + 2).run(store)


def test_a_link_is_redeemed_once_and_stays_used(fresh: Callable[[], str]) -> None:
    def redeem(redeemer: object) -> bool:
        try:
            ISSUER.redeem_link(link.link_token, integration="lever", redeemer=str(redeemer)).run(store)
        except LinkUsed:
            return False
        return True

    url = fresh()
    with open_store(url) as store, ThreadPoolExecutor(8) as threads:
        ISSUER.create_bearer_key(bearer="key-1", organization="o", permissions=["links"]).run(store)
        details = {
            "origin_id": "u1",
            "end_user_organization": "Acme",
            "end_user_email": "a@example.com",
            "categories": ["ats"],
        }
        link = ISSUER.create_link("key-1", details, "1h").run(store)
        assert sum(threads.map(redeem, range(8))) == 1
    with open_store(url) as store:
        assert not redeem("late")


def test_what_a_wiped_store_forgot_stays_revoked(fresh: Callable[[], str]) -> None:
    def ready(store: Database, now: int) -> list[str]:
        adoption = ISSUER.adopt_store(now=now)
        adoption.run(store)
        assert [event.event for event in adoption.events] == ["watermark_raised"]
        ISSUER.create_client("c1", organization="o", secret="s1", permissions=["client_credentials"]).run(store)
        return [ISSUER.client_credentials("c1", "s1", now=now).run(store).access_token for _ in range(2)]

    with open_store(fresh()) as store:
        kept, revoked = ready(store, NOW)
        ISSUER.revoke_token(revoked, "c1", now=NOW).run(store)
        # The store is known by now: to adopt it again changes nothing.
        ISSUER.adopt_store(now=NOW + 1).run(store)
        ISSUER.check(kept, now=NOW + 1).run(store)
        with pytest.raises(TokenRevoked):
            ISSUER.check(revoked, now=NOW + 1).run(store)
    with open_store(fresh()) as wiped:
        renewed, _ = ready(wiped, NOW + 2)
        for old in (kept, revoked):
            with pytest.raises(TokenRevoked):
                ISSUER.check(old, now=NOW + 3).run(wiped)
        ISSUER.check(renewed, now=NOW + 3).run(wiped)


@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_while_a_server_is_away_everybody_is_told_when_to_come_back(
    kind: str, servers: Callable[[str], Server]
) -> None:
    server = servers(kind)
    url = server.fresh()
    password = urlsplit(url).password
    assert password
    with open_store(url) as store:
        pair = session(store)
        calls: list[Callable[[], object]] = [
            lambda: ISSUER.refresh(pair.refresh_token, now=NOW + 1).run(store),
            lambda: asyncio.run(ISSUER.check(pair.access_token, now=NOW + 1).run_async(store)),
            lambda: store.execute(Load(keys=(b"k",))),
            lambda: open_store(url),
        ]
        server.stop()
        try:
            for number, call in enumerate(calls):
                with pytest.raises(StoreUnavailable) as caught:
                    call()
                # Only a flow knows that it can be asked again.
                assert caught.value.retry_after == (1 if number < 2 else None)
                assert password not in str(caught.value) + repr(caught.value) + str(caught.value.__dict__)
        finally:
            server.restart()
        assert wait_for(lambda: ISSUER.refresh(pair.refresh_token, now=NOW + 1).run(store)).session == pair.session


def wait_for(call: Callable[[], TokenPair]) -> TokenPair:
    """What a call gives when the store is there again."""
    for _ in range(1200):
        try:
            return call()
        except StoreUnavailable:
            time.sleep(0.1)
    return call()


@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_a_wrong_password_is_refused_and_not_shown(kind: str, servers: Callable[[str], Server]) -> None:
    url = servers(kind).fresh()
    password = urlsplit(url).password
    assert password
    with pytest.raises(TokenmintError) as caught:
        open_store(url.replace(password, "hunter2"))
    assert "hunter2" not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize(
    ("url", "field"),
    [
        ("hunter2", "url"),
        ("mysql://user:hunter2@host/", "url"),
        ("memory:hunter2", "url"),
        ("sqlite:", "url"),
        ("postgres://user:hunter2@host/?timeout_ms=hunter2", "timeout_ms"),
        ("redis://:hunter2@host/?durability=hunter2", "durability"),
        ("env:TOKENMINT_NO_SUCH_VARIABLE", "url"),
    ],
)
def test_a_wrong_url_is_told_and_not_shown(url: str, field: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_store(url)
    assert (caught.value.code, caught.value.field) == ("policy_invalid", field)
    assert "hunter2" not in str(caught.value) + repr(caught.value)


def test_a_server_that_is_away_is_told_and_not_shown() -> None:
    for url in ("postgres://user:hunter2@127.0.0.1:1/d?timeout_ms=300", "redis://:hunter2@127.0.0.1:1/?timeout_ms=300"):
        with pytest.raises(StoreUnavailable) as caught:
            open_store(url)
        assert "hunter2" not in str(caught.value) + repr(caught.value)


def test_the_url_may_stand_in_the_environment(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENMINT_TEST_STORE", url)
    with open_store("env:TOKENMINT_TEST_STORE") as store:
        assert store.durability == "disk"


def test_after_close_nothing_is_done(url: str) -> None:
    store = open_store(url)
    pair = session(store)
    for _ in range(2):
        store.close()
    calls: list[Callable[[], object]] = [
        lambda: ISSUER.refresh(pair.refresh_token).run(store),
        lambda: asyncio.run(ISSUER.refresh(pair.refresh_token).run_async(store)),
        lambda: store.execute(Load(keys=(b"k",))),
        store.sweep,
    ]
    for call in calls:
        with pytest.raises(ObjectDisposed):
            call()


def test_a_sweep_forgets_what_expired_an_hour_ago(url: str) -> None:
    with open_store(url) as store:
        entry = Entry(version=b"8 bytes.", value=b"v", expires_at_ms=NOW * 1000)
        assert store.execute(Cas(key=b"k", expect=None, write=entry)) == Done()
        assert store.execute(Load(keys=(b"k",))) == Loaded(entries=(entry,))
        assert store.sweep(now=NOW + 3600) == 0
        assert store.sweep(now=NOW + 3601) == 1
        assert store.execute(Load(keys=(b"k",))) == Loaded(entries=(None,))


def test_what_a_policy_needs_a_store_must_promise(url: str) -> None:
    config = {
        "keys": [{"kid": "k1", "secret": SECRET}],
        "store": {"durability": "disk"},
        "mercoa": {"issuer": "i", "key": "k1"},
    }
    prepare = Endpoint(config).prepare
    with open_store(url) as store:
        prepare().run(store)
    with open_store("memory:") as store:
        assert store.durability == "process"
        with pytest.raises(PolicyInvalid) as caught:
            prepare().run(store)
        assert caught.value.field == "durability"


class Lock:
    """The write lock of a file, held by another process: within one, two copies of SQLite do not see each other."""

    def __init__(self, url: str) -> None:
        program = (
            "import sqlite3, sys; file = sqlite3.connect(sys.argv[1], isolation_level=None);"
            "file.execute('BEGIN IMMEDIATE'); print('locked', flush=True); sys.stdin.read(); file.rollback()"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, url.removeprefix("sqlite:")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.process.stdout is not None and self.process.stdout.readline() == b"locked\n"

    def release(self) -> None:
        self.process.communicate()


def test_a_loop_goes_on_while_a_store_waits(url: str) -> None:
    async def refresh(store: Database, token: str) -> TokenPair:
        going = asyncio.ensure_future(ISSUER.refresh(token, now=NOW + 1).run_async(store))
        # The write waits for the lock, which only this loop will give back.
        await asyncio.sleep(0.2)
        assert not going.done()
        lock.release()
        return await going

    with open_store(f"{url}?timeout_ms=60000") as store:
        pair = session(store)
        lock = Lock(url)
        renewed = asyncio.run(refresh(store, pair.refresh_token))
        assert renewed.session == pair.session


def test_other_threads_run_while_a_store_waits(url: str) -> None:
    with open_store(f"{url}?timeout_ms=60000") as store:
        pair = session(store)
        lock = Lock(url)
        found: list[TokenPair] = []
        waiting = threading.Thread(
            target=lambda: found.append(ISSUER.refresh(pair.refresh_token, now=NOW + 1).run(store))
        )
        waiting.start()
        time.sleep(0.2)
        # With the interpreter held, this thread would not get here before the store gave up.
        assert not found
        lock.release()
        waiting.join()
        assert [renewed.session for renewed in found] == [pair.session]


def test_eight_threads_redeem_one_generation(fresh: Callable[[], str]) -> None:
    def refresh(_: int) -> str:
        return ISSUER.refresh(pair.refresh_token, now=NOW + 1).run(store).refresh_token

    with open_store(fresh()) as store, ThreadPoolExecutor(8) as threads:
        pair = session(store)
        found = list(threads.map(refresh, range(8)))
        # Within the grace, all of them got the one successor.
        assert len(found) == 8 and len(set(found)) == 1


def test_the_child_of_a_fork_is_refused_and_ends(url: str) -> None:
    store = open_store(url)
    pair = session(store)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            ISSUER.refresh(pair.refresh_token, now=NOW + 1).run(store)
        except TokenmintError as error:
            store.close()
            status = 42 if error.code == "store_unavailable" and "before a fork" in str(error) else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42
    assert ISSUER.refresh(pair.refresh_token, now=NOW + 1).run(store).session == pair.session
    store.close()


class Vault:
    """A key that is not in the package's hands, and a store that is."""

    def __init__(self, store: Database) -> None:
        self.store = store

    def execute(self, command: Command, /) -> Reply:
        import hashlib
        import hmac

        match command:
            case Sign(message=message):
                return Signed(signature=hmac.digest(SECRET.encode(), message, hashlib.sha256))
            case _:
                return self.store.execute(command)


def test_a_store_of_ones_own_around_it(url: str) -> None:
    issuer = Issuer(KeySet(Key.held_by_host("vault/1", "HS256")), "https://a.example", audience="api")
    with open_store(url) as store:
        vault = Vault(store)
        issuer.create_client("c1", organization="o", secret="s1", permissions=["client_credentials"]).run(vault)
        assert issuer.client_credentials("c1", "s1").run(vault).access_token.count(".") == 2
        with pytest.raises(StoreUnavailable):
            issuer.client_credentials("c1", "s1").run(store)
