"""Status lists (draft-ietf-oauth-status-list): tokens are refused soon after they were revoked, at no request for each.

>>> from tokenmint import Key, KeySet, StatusLists
>>> keys = KeySet(Key.hmac(b"a secret of at least thirty-two bytes"))
>>> lists = StatusLists(keys, prefixes=["https://id.example/status/"])
>>> lists.check({"sub": "u1"})   # the claims of a verified token, which names no list

`check` fetches the list where there is none that is fresh, `await check_async` does so beside asyncio's loop. A program
with a transport of its own gives it as `fetch`, or asks `resolve` and reports to `fetched`:

>>> claims = {"status": {"status_list": {"idx": 7, "uri": "https://id.example/status/1-0"}}}
>>> lists.resolve(claims)
WantedList(url='https://id.example/status/1-0', waits=False)
>>> lists.fetched("https://id.example/status/1-0", None, reason="no route to host")
Traceback (most recent call last):
tokenmint.errors.StatusUnavailable: no route to host
"""

import asyncio
import inspect
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from http.client import HTTPResponse
from typing import Any, Self
from urllib.request import HTTPRedirectHandler, Request, build_opener

from tokenmint import _tokenmint
from tokenmint._tokenmint import KeySet
from tokenmint.errors import StatusUnavailable, TokenmintError
from tokenmint.values import Lifetime, Now

__all__ = ["StatusLists", "WantedList"]

ATTEMPTS = 3
"""One fetch is enough: behind its report the list is there, or the token is refused."""


@dataclass(frozen=True, slots=True)
class WantedList:
    """A list that is needed first."""

    url: str
    """Where it is."""
    waits: bool
    """Whether another caller was told to fetch it: its report is to be waited for."""


class StatusLists(_tokenmint.StatusLists):
    """The status lists that tokens name. Each is fetched by one caller for all, and kept as long as it says.

    `keys` sign the lists: those of the issuer. `required` refuses tokens that name no list. A list is fresh for at most
    `time_to_live`, ten minutes; fetches of a URL begin at least `cooldown` apart, five seconds. Where a list has ended
    and cannot be fetched, tokens are refused, or accepted for at most `accept_unreachable_for`: whatever was revoked
    meanwhile is accepted for as long. `prefixes`: lists are taken from these URLs, and from below them, only. `fetch`
    gives the body of a URL, for `check_async` also an awaitable of it; where it is left out, urllib does, within
    `timeout_seconds`. Threads share it.
    """

    __slots__ = ("_fetch", "_lock", "_tasks", "_timeout", "_under_way")

    _fetch: Callable[[str], bytes | Awaitable[bytes]] | None
    _lock: threading.Lock
    _tasks: set[asyncio.Task[None]]
    _timeout: float
    _under_way: dict[str, Future[None]]

    def __new__(
        cls,
        keys: KeySet,
        *,
        required: bool = False,
        time_to_live: Lifetime | None = None,
        cooldown: Lifetime | None = None,
        accept_unreachable_for: Lifetime | None = None,
        prefixes: Sequence[str] | None = None,
        max_body: int | None = None,
        allow_plain_http: bool = False,
        fetch: Callable[[str], bytes | Awaitable[bytes]] | None = None,
        timeout_seconds: float = 5,
    ) -> Self:
        """Raises `PolicyInvalid` for an option that cannot work."""
        options = {
            "required": required,
            "time_to_live": time_to_live,
            "cooldown": cooldown,
            "accept_unreachable_for": accept_unreachable_for,
            "prefixes": prefixes,
            "max_body": max_body,
            "allow_plain_http": allow_plain_http,
        }
        self = super().__new__(cls, keys, options)
        self._fetch = fetch
        self._timeout = timeout_seconds
        self._lock = threading.Lock()
        self._under_way = {}
        self._tasks = set()
        return self

    def resolve(self, claims: Mapping[str, Any], *, now: Now = None) -> WantedList | None:
        """The list that is to be fetched first, for the claims of a verified token; None where the token stands.

        Raises `TokenRevoked`, `TokenSuspended`, and `StatusUnavailable` where there is no list to use.
        """
        wanted = self._resolve(dict(claims), now)
        return wanted and WantedList(*wanted)

    def check(self, claims: Mapping[str, Any], *, now: Now = None) -> None:
        """Refuses the claims of a verified token whose list says so; fetches the list where that is needed.

        Raises `TokenRevoked`, `TokenSuspended`, and `StatusUnavailable` where there is no list to use.
        """
        for _ in range(ATTEMPTS):
            wanted, report = self._wanted(claims, now)
            if wanted is None:
                return
            if wanted.waits:
                report.result()
            else:
                self._run(wanted.url, report, now)
        raise StatusUnavailable("the status list cannot be fetched now")

    async def check_async(self, claims: Mapping[str, Any], *, now: Now = None) -> None:
        """As `check`, while asyncio's loop runs on."""
        for _ in range(ATTEMPTS):
            wanted, report = self._wanted(claims, now)
            if wanted is None:
                return
            if not wanted.waits:
                # A task of its own: whoever is cancelled while it waits takes it from nobody.
                task = asyncio.create_task(self._run_async(wanted.url, report, now))
                self._tasks.add(task)
                task.add_done_callback(partial(self._ended, wanted.url, report, now))
            await asyncio.shield(asyncio.wrap_future(report))
        raise StatusUnavailable("the status list cannot be fetched now")

    def _wanted(self, claims: Mapping[str, Any], now: Now) -> tuple[WantedList | None, Future[None]]:
        """What is to be fetched, and the future of its report."""
        with self._lock:
            wanted = self.resolve(claims, now=now)
            done: Future[None] = Future()
            if wanted is None:
                return None, done
            if not wanted.waits:
                self._under_way[wanted.url] = done
            elif wanted.url in self._under_way:
                return wanted, self._under_way[wanted.url]
            else:
                # The report came in between.
                done.set_result(None)
            return wanted, done

    def _run(self, url: str, report: Future[None], now: Now) -> None:
        body, reason = None, "the fetch was given up"
        try:
            found = self._urllib(url) if self._fetch is None else self._fetch(url)
            if not isinstance(found, bytes):
                if inspect.iscoroutine(found):
                    found.close()
                raise TypeError(f"fetch gave {type(found).__name__} where bytes are needed")
            body = found
        except Exception as error:
            reason = str(error) or type(error).__name__
        finally:
            self._report(url, body, reason, report, now)

    async def _run_async(self, url: str, report: Future[None], now: Now) -> None:
        body, reason = None, "the fetch was given up"
        try:
            if self._fetch is None:
                body = await asyncio.to_thread(self._urllib, url)
            else:
                found = self._fetch(url)
                body = found if isinstance(found, bytes) else await asyncio.wait_for(found, self._timeout)
        except Exception as error:
            reason = str(error) or type(error).__name__
        finally:
            self._report(url, body, reason, report, now)

    def _ended(self, url: str, report: Future[None], now: Now, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        # A loop that ends cancels what it has not begun.
        if not report.done():
            self._report(url, None, "the fetch was given up", report, now)

    def _report(self, url: str, body: bytes | None, reason: str, report: Future[None], now: Now) -> None:
        try:
            # Whatever is wrong with it is told to those who need the list.
            self.fetched(url, body, reason=reason, now=now)
        except TokenmintError:
            pass
        finally:
            with self._lock:
                self._under_way.pop(url, None)
            report.set_result(None)

    def _urllib(self, url: str) -> bytes:
        end = time.monotonic() + self._timeout
        request = Request(url, headers={"accept": "application/statuslist+jwt"})
        response: HTTPResponse
        with OPENER.open(request, timeout=self._timeout) as response:
            body = bytearray()
            while len(body) <= self.max_body and (part := response.read1(65536)):
                body += part
                if time.monotonic() > end:
                    raise TimeoutError(f"there was no end to it within {self._timeout} s")
            return bytes(body)


class _NoRedirects(HTTPRedirectHandler):
    """An answer that points elsewhere is not the list of this URL."""

    def redirect_request(self, *_: Any) -> None:
        return None


OPENER = build_opener(_NoRedirects)
