"""The other end: a client that keeps the tokens it was given, and asks for the next ones in time."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from inspect import isawaitable
from typing import Any, Literal, TypedDict, Unpack

from tokenmint import _tokenmint
from tokenmint.errors import StoreBusy, StoreUnavailable, StoreUnknown
from tokenmint.store import AsyncStore, MemoryStore, Store
from tokenmint.task import Task
from tokenmint.values import Lifetime

_MAX_BODY = 256 * 1024
_MOST_TRIES = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceToken:
    """An access token that is good now."""

    access_token: str = field(repr=False)
    """The token, to be sent as a bearer."""
    expires_at: datetime | None = None
    """When it ends, where somebody said so."""
    scope: str | None = None
    """What it allows, where somebody said so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenRequest:
    """A request for tokens: a POST, of which no redirect is followed."""

    url: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    timeout: float
    """For how many seconds its answer is waited for: behind that, others ask."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenAnswer:
    """The answer of a token endpoint."""

    status: int
    body: bytes = field(repr=False)
    retry_after: str | None = None
    """The value of `Retry-After`."""


class SourceOptions(TypedDict, total=False):
    """What a source may be told beside its endpoint and its client."""

    client_secret: str
    """The client's secret; none for a public client."""
    secret_in_body: bool
    """Sends the secret in the body, for a server that does not read the header."""
    grant: Literal["refresh_token", "client_credentials"]
    """`client_credentials` gets tokens by the client's credentials alone: there is no sign-in."""
    name: str
    """Whose tokens these are, where the client has several in one store."""
    scope: str
    """The scope to ask for."""
    parameters: dict[str, str]
    """Further fields of each request, such as `resource`."""
    early: Lifetime
    """How long before its end an access token is replaced: a minute, or a quarter of its life where that is less."""
    patience: Lifetime
    """How long one asks before the next may: 5 seconds. Less than the server's grace for an exchanged refresh token."""
    allow_plain_http: bool
    """Takes `http` for other machines, too: whoever is on the way reads secrets and tokens."""


class _Source:
    """What both kinds have in common."""

    __slots__ = ("_config", "_token", "_unseen")

    def __init__(self, endpoint: str, client_id: str, options: SourceOptions) -> None:
        self._config = {"endpoint": endpoint, "client_id": client_id, **options}
        self._token: SourceToken | None = None
        self._unseen = 0.0

    def _operation(self, name: str, **given: Any) -> Task[dict[str, Any]]:
        given = {name: value for name, value in given.items() if value is not None}
        return Task(name, _tokenmint.source_operation(name, {"source": self._config, **given}))

    def _cached(self) -> SourceToken | None:
        return self._token if time.monotonic() < self._unseen else None

    def _use(self, used: dict[str, Any]) -> SourceToken:
        ends = used.get("expires_at")
        expires_at = None if ends is None else datetime.fromtimestamp(ends, UTC)
        token = SourceToken(access_token=used["access_token"], expires_at=expires_at, scope=used.get("scope"))
        self._token, self._unseen = token, time.monotonic() + used["fresh_for_ms"] / 1000
        return token

    def _forget(self) -> None:
        self._token, self._unseen = None, 0.0


class TokenSource(_Source):
    """A client's source of access tokens: one that is good now, for as long as the session lives. Threads share it.

    It asks before the end, one at a time however many threads and processes want one, and asks again where an answer
    was lost. `SignInRequired` says that the session is over, or that nobody has signed in.

    >>> from tokenmint import TokenAnswer, TokenSource
    >>> answer = b'{"access_token":"a2","token_type":"Bearer","expires_in":900,"refresh_token":"r2"}'
    >>> send = lambda request: TokenAnswer(status=200, body=answer)  # left out: urllib
    >>> source = TokenSource("https://as.example/token", "app", send=send)
    >>> source.keep({"access_token": "a1", "token_type": "Bearer", "expires_in": 900, "refresh_token": "r1"})  # sign-in
    >>> source.token().access_token
    'a1'
    >>> source.token_instead_of("a1").access_token  # a resource has refused it
    'a2'

    `store` is where the tokens are kept: in memory, or wherever several processes share them. `early` is how long
    before its end an access token is replaced, `patience` how long one asks before the next may; it is to be less than
    the server's grace for a refresh token that was exchanged. `docs/token-source.md` says more.
    """

    __slots__ = ("_lock", "_send", "_store")

    def __init__(
        self,
        endpoint: str,
        client_id: str,
        *,
        store: Store | None = None,
        send: Callable[[TokenRequest], TokenAnswer] | None = None,
        **options: Unpack[SourceOptions],
    ) -> None:
        super().__init__(endpoint, client_id, options)
        self._store: Store = MemoryStore() if store is None else store
        self._send = _urllib if send is None else send
        self._lock = threading.Lock()

    def keep(self, response: Mapping[str, Any] | str | bytes) -> None:
        """Keeps the tokens of a sign-in: the token endpoint's answer to it, as a mapping or as its text.

        Raises `BodyMalformed`, `FieldRequired` and `FieldInvalid` for what is no such answer.
        """
        self._operation("keep_tokens", response=_text(response)).run(self._store)
        self._forget()

    def token(self) -> SourceToken:
        """An access token that is good now: the one that is kept, or the next.

        Raises `SignInRequired`, `TokenEndpointUnavailable`, `TokenEndpointRefused`, and the store's errors.
        """
        return self._cached() or self._next(None)

    def token_instead_of(self, access_token: str) -> SourceToken:
        """As `token`, where a resource has refused this one: another is asked for, whatever its end."""
        return self._next(access_token)

    def forget(self) -> str | None:
        """Forgets the tokens, as for a sign-out, and gives the refresh token, to be revoked at the server."""
        gone = self._operation("forget_tokens").run(self._store)
        self._forget()
        return gone.get("refresh_token")

    def _next(self, refused: str | None) -> SourceToken:
        with self._lock:
            # Whoever had the lock before may have asked.
            cached = self._cached()
            if cached is not None and cached.access_token != refused:
                return cached
            while True:
                step = self._operation("next_token", instead_of=refused).run(self._store)
                while "ask" in step:
                    step = self._ask(step["ask"])
                if "use" in step:
                    return self._use(step["use"])
                time.sleep(step["wait_ms"] / 1000)

    def _ask(self, ask: dict[str, Any]) -> dict[str, Any]:
        time.sleep(ask["after_ms"] / 1000)
        try:
            answer = _told(self._send(_request(ask)))
        except Exception:  # whatever it was: no answer came
            answer = {}
        # The answer may be the only copy of a refresh token.
        for tries in range(1, _MOST_TRIES):
            try:
                return self._operation("take_answer", attempt=ask["attempt"], **answer).run(self._store)
            except (StoreBusy, StoreUnavailable, StoreUnknown):
                time.sleep(0.05 * 2**tries)
        return self._operation("take_answer", attempt=ask["attempt"], **answer).run(self._store)


class AsyncTokenSource(_Source):
    """As `TokenSource`, for asyncio. `send` may answer at once or later; left out, urllib runs in a thread."""

    __slots__ = ("_send", "_store", "_under_way")

    def __init__(
        self,
        endpoint: str,
        client_id: str,
        *,
        store: AsyncStore | Store | None = None,
        send: Callable[[TokenRequest], TokenAnswer | Awaitable[TokenAnswer]] | None = None,
        **options: Unpack[SourceOptions],
    ) -> None:
        super().__init__(endpoint, client_id, options)
        self._store: AsyncStore | Store = MemoryStore() if store is None else store
        self._send = _urllib_later if send is None else send
        self._under_way: Any = None

    async def keep(self, response: Mapping[str, Any] | str | bytes) -> None:
        """As `TokenSource.keep`."""
        await self._operation("keep_tokens", response=_text(response)).run_async(self._store)
        self._forget()

    async def token(self) -> SourceToken:
        """As `TokenSource.token`."""
        return self._cached() or await self._once(None)

    async def token_instead_of(self, access_token: str) -> SourceToken:
        """As `TokenSource.token_instead_of`."""
        token = await self._once(access_token)
        # Others may have asked before it was refused.
        return token if token.access_token != access_token else await self._once(access_token)

    async def forget(self) -> str | None:
        """As `TokenSource.forget`."""
        gone = await self._operation("forget_tokens").run_async(self._store)
        self._forget()
        return gone.get("refresh_token")

    async def _once(self, refused: str | None) -> SourceToken:
        """The asking that is under way, or one that begins. Whoever is cancelled does not end it for the others."""
        from asyncio import create_task, shield

        if self._under_way is None or self._under_way.done():
            self._under_way = create_task(self._next(refused))
        token: SourceToken = await shield(self._under_way)
        return token

    async def _next(self, refused: str | None) -> SourceToken:
        from asyncio import sleep

        while True:
            step = await self._operation("next_token", instead_of=refused).run_async(self._store)
            while "ask" in step:
                step = await self._ask(step["ask"])
            if "use" in step:
                return self._use(step["use"])
            await sleep(step["wait_ms"] / 1000)

    async def _ask(self, ask: dict[str, Any]) -> dict[str, Any]:
        from asyncio import sleep, wait_for

        await sleep(ask["after_ms"] / 1000)
        try:
            sent = self._send(_request(ask))
            answer = _told(await wait_for(sent, ask["within_ms"] / 1000) if isawaitable(sent) else sent)
        except Exception:  # whatever it was: no answer came
            answer = {}
        for tries in range(1, _MOST_TRIES):
            try:
                return await self._operation("take_answer", attempt=ask["attempt"], **answer).run_async(self._store)
            except (StoreBusy, StoreUnavailable, StoreUnknown):
                await sleep(0.05 * 2**tries)
        return await self._operation("take_answer", attempt=ask["attempt"], **answer).run_async(self._store)


def _text(response: Mapping[str, Any] | str | bytes) -> str:
    if isinstance(response, bytes):
        return response.decode(errors="replace")
    return response if isinstance(response, str) else json.dumps(dict(response))


def _request(ask: dict[str, Any]) -> TokenRequest:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if "authorization" in ask:
        headers["Authorization"] = ask["authorization"]
    return TokenRequest(url=ask["url"], headers=headers, body=ask["body"].encode(), timeout=ask["within_ms"] / 1000)


def _told(answer: TokenAnswer) -> dict[str, Any]:
    body = answer.body[: _MAX_BODY + 1].decode(errors="replace")
    return {"status": answer.status, "body": body, "retry_after": answer.retry_after}


def _urllib(request: TokenRequest) -> TokenAnswer:
    """Sends a request by the standard library."""
    from urllib.error import HTTPError
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class Stay(HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    asked = Request(request.url, request.body, request.headers, method="POST")
    try:
        response = build_opener(Stay).open(asked, timeout=request.timeout)
    except HTTPError as error:
        response = error
    with response:
        body = response.read(_MAX_BODY + 1)
        return TokenAnswer(status=response.status, body=body, retry_after=response.headers.get("Retry-After"))


async def _urllib_later(request: TokenRequest) -> TokenAnswer:
    from asyncio import to_thread

    return await to_thread(_urllib, request)
