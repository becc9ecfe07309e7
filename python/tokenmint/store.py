"""The storage contract: what a flow asks of a store, and what a store answers.

A store maps keys to entries and is linearizable per key. It never looks inside a value and never judges time:
`expires_at_ms` is only the permission to forget an entry, an hour after it or later.

`open_store` opens a `Database` by its URL: `sqlite:PATH` is a file for one machine, `postgres://...` and `redis://...`
are shared by many, `memory:` ends with the process, and `env:NAME` is whichever of them the environment names, which
keeps a password out of the program.

>>> from tempfile import TemporaryDirectory
>>> from tokenmint import open_store
>>> with TemporaryDirectory() as folder, open_store(f"sqlite:{folder}/tokens.db?timeout_ms=500") as store:
...     store.durability
'disk'

At each start, and now and then, run `issuer.adopt_store()` or `endpoint.prepare()` on it: it may have been wiped.

It is used by any number of threads. Each command takes at most `timeout_ms`, 3000 unless the URL says otherwise; the
thread waits for it, while others run, and `run_async` lets it wait beside asyncio's loop. Every minute or so, call
`store.sweep()`, from asyncio `await asyncio.to_thread(store.sweep)`: it forgets entries that expired over an hour ago,
at most 10000, and gives their number. After `close`, or behind `with`, it raises `ObjectDisposed`. A process that
forks opens its store afterwards: in the child of one that was open before, every command raises `StoreUnavailable`.

A store of your own has one method, `execute`. It answers at once, or it is `async`:

>>> from tokenmint import Issuer, Key, KeySet
>>> class Dictionary:
...     def __init__(self) -> None:
...         self.entries: dict[bytes, Entry] = {}
...     def execute(self, command: Command) -> Reply:
...         match command:
...             case Load(keys=keys):
...                 return Loaded(entries=tuple(self.entries.get(key) for key in keys))
...             case Cas(key=key, expect=expect, write=write):
...                 found = self.entries.get(key)
...                 if (found.version if found else None) != expect:
...                     return Conflict(entry=found)
...                 if write is None:
...                     del self.entries[key]
...                 else:
...                     self.entries[key] = write
...                 return Done()
...             case _:
...                 raise StoreUnavailable("this store has no rate limits and no lists")
>>> store = Dictionary()
>>> issuer = Issuer(KeySet(Key.generate("HS256", kid="k1")), "https://api.example.com", audience="api")
>>> issuer.create_client("c1", organization="o1", secret="s1", permissions=["client_credentials"]).run(store)
>>> issuer.client_credentials("c1", "s1").run(store).expires_in
datetime.timedelta(seconds=3600)
"""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from tokenmint._tokenmint import Database, MemoryStore, open_store
from tokenmint.errors import StoreCorrupt, StoreTooLarge, StoreUnavailable, StoreUnknown

__all__ = [
    "Admitted",
    "AsyncStore",
    "Cas",
    "Command",
    "Conflict",
    "Database",
    "Denied",
    "Done",
    "Entry",
    "List",
    "Listed",
    "Load",
    "Loaded",
    "MemoryStore",
    "Removed",
    "Reply",
    "Sign",
    "Signed",
    "Store",
    "StoreCorrupt",
    "StoreTooLarge",
    "StoreUnavailable",
    "StoreUnknown",
    "Sweep",
    "Throttle",
    "Verified",
    "VerifySignature",
    "open_store",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A stored record."""

    version: bytes
    """Who wrote it last: 8 to 16 random bytes."""
    value: bytes = field(repr=False)
    """At most 64 KiB that only the core understands; it may hold personal data."""
    expires_at_ms: int
    """When it may be forgotten, in milliseconds since 1970; never before this plus an hour."""
    subject: bytes | None = None
    """By what it is listed: the subject it is about."""
    client: bytes | None = None
    """By what it is listed: the client it belongs to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """Reads 1 to 8 entries; answered by `Loaded`, in the same order."""

    keys: tuple[bytes, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cas:
    """Writes one entry if it is as expected, all or nothing; answered by `Done` or `Conflict`."""

    key: bytes
    expect: bytes | None
    """The version that must be there now; None for no entry."""
    write: Entry | None
    """What shall be there then; None to delete."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Throttle:
    """Admits or denies one event by GCRA; answered by `Admitted` or `Denied`.

    With `tat` the stored time (0 at first): `next = max(tat, now) + cost * interval`; admitted, and stored, if and
    only if `next - now <= burst`. A denial writes nothing.
    """

    key: bytes
    """The limit's key; a name space of its own."""
    interval_us: int
    burst_us: int
    cost: int
    now_us: int
    """Microseconds since 1970. A shared store uses its own clock instead."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """Forgets entries whose `expires_at_ms` is before `before_ms`, at most `limit`; answered by `Removed`."""

    before_ms: int
    limit: int


@dataclass(frozen=True, kw_only=True, slots=True)
class List:
    """Lists entries by an index, in the order of their keys, behind `after`; answered by `Listed`."""

    by: Literal["subject", "client"]
    value: bytes
    after: bytes | None
    limit: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Sign:
    """Signs with a key that the host holds (`Key.held_by_host`); answered by `Signed`."""

    kid: str
    algorithm: str
    message: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifySignature:
    """Checks a signature with a key that only the host has; answered by `Verified`."""

    kid: str
    algorithm: str
    message: bytes
    signature: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """The entries of a `Load`, one for each key."""

    entries: tuple[Entry | None, ...]
    store_now_ms: int | None = None
    """The store's own clock, in milliseconds since 1970, where it has one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """A `Cas` was done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Conflict:
    """A `Cas` was not done: this is the entry, as of not before the comparison."""

    entry: Entry | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Admitted:
    """A `Throttle` was admitted; this time is stored now, in microseconds since 1970."""

    tat_us: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Denied:
    """A `Throttle` was denied; this is the stored time, in microseconds since 1970."""

    tat_us: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Removed:
    """How many entries a `Sweep` removed."""

    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """The entries of a `List` with their keys, and where to go on; None at the end."""

    entries: tuple[tuple[bytes, Entry], ...]
    next: bytes | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """A signature in the form of JWS: for ES256 and its like r and s, which is not DER (RFC 7518 section 3.4)."""

    signature: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """Whether the signature of a `VerifySignature` is the key's."""

    valid: bool


Command: TypeAlias = Load | Cas | Throttle | Sweep | List | Sign | VerifySignature
Reply: TypeAlias = Loaded | Done | Conflict | Admitted | Denied | Removed | Listed | Signed | Verified


class Store(Protocol):
    """A store that answers at once or blocks.

    It raises `StoreUnavailable` where certainly nothing was changed, `StoreUnknown` where nobody knows,
    `StoreCorrupt` or `StoreTooLarge`; any other exception ends the flow and reaches its caller.
    """

    def execute(self, command: Command, /) -> Reply:
        """Carries out one command."""


class AsyncStore(Protocol):
    """A store that answers later; it raises what a `Store` raises."""

    def execute(self, command: Command, /) -> Awaitable[Reply]:
        """Carries out one command."""
