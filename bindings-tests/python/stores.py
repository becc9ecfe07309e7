"""Stores written in Python: a dictionary, and the same with its answers later."""

import asyncio

from tokenmint.store import (
    Admitted,
    Cas,
    Command,
    Conflict,
    Denied,
    Done,
    Entry,
    List,
    Listed,
    Load,
    Loaded,
    Removed,
    Reply,
    StoreUnavailable,
    Sweep,
    Throttle,
)


class DictStore:
    """The whole contract over dictionaries; single-threaded."""

    def __init__(self) -> None:
        self.entries: dict[bytes, Entry] = {}
        self.limits: dict[bytes, int] = {}
        self.commands: list[Command] = []

    def execute(self, command: Command, /) -> Reply:
        self.commands.append(command)
        match command:
            case Load(keys=keys):
                return Loaded(entries=tuple(self.entries.get(key) for key in keys))
            case Cas(key=key, expect=expect, write=write):
                return self.cas(key, expect, write)
            case Throttle(key=key):
                return self.throttle(command, self.limits.get(key, 0))
            case Sweep(before_ms=before_ms, limit=limit):
                old = [key for key, entry in self.entries.items() if entry.expires_at_ms < before_ms][:limit]
                for key in old:
                    del self.entries[key]
                return Removed(count=len(old))
            case List(by=by, value=value, after=after, limit=limit):
                found = sorted(
                    (key, entry)
                    for key, entry in self.entries.items()
                    if (entry.subject if by == "subject" else entry.client) == value and key > (after or b"")
                )
                return Listed(entries=tuple(found[:limit]), next=found[limit - 1][0] if len(found) > limit else None)
            case _:
                raise StoreUnavailable("a store has no keys")

    def cas(self, key: bytes, expect: bytes | None, write: Entry | None) -> Reply:
        found = self.entries.get(key)
        if (found.version if found else None) != expect:
            return Conflict(entry=found)
        if write is not None:
            self.entries[key] = write
        elif found is not None:
            del self.entries[key]
        return Done()

    def throttle(self, command: Throttle, tat: int) -> Reply:
        after = max(tat, command.now_us) + command.cost * command.interval_us
        if after - command.now_us > command.burst_us:
            return Denied(tat_us=tat)
        self.limits[command.key] = after
        return Admitted(tat_us=after)


class LaterStore:
    """A store whose answers come later."""

    def __init__(self) -> None:
        self.store = DictStore()

    async def execute(self, command: Command, /) -> Reply:
        await asyncio.sleep(0)
        return self.store.execute(command)
