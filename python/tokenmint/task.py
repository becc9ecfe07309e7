"""Flows that are driven by whoever has the store."""

import warnings
from collections.abc import Callable
from inspect import isawaitable
from typing import Any, Generic, NoReturn, TypeVar

from tokenmint import _tokenmint
from tokenmint.errors import StoreError
from tokenmint.outputs import Event
from tokenmint.store import AsyncStore, Command, Database, MemoryStore, Reply, Store

T = TypeVar("T")


class Task(Generic[T]):
    """A flow under way. It does nothing until it is driven: by `run`, `run_async`, or `step` by `step`.

    A task that is dropped leaves the store as its last command left it, which is always a whole state. One that was
    never driven says so with a `RuntimeWarning`, as a coroutine does that was never awaited.
    """

    __slots__ = ("_driven", "_name", "_read", "_task")

    def __init__(self, name: str, task: _tokenmint.Task, read: Callable[[Any], T] = lambda value: value) -> None:
        self._name = name
        self._task = task
        self._read = read
        self._driven = False

    # What is a default here is there also while the interpreter shuts down.
    def __del__(self, warn: Callable[..., None] = warnings.warn, category: type[Warning] = RuntimeWarning) -> None:
        if not self._driven:
            warn(f"task '{self._name}' was never run", category, stacklevel=2, source=self)

    def run(self, store: Store) -> T:
        """Drives the task to its end on a store that answers at once or blocks."""
        self._driven = True
        if isinstance(store, MemoryStore | Database):
            self._task.run(store)
            return self.result()
        command = self._task.step(None)
        while command is not None:
            try:
                reply: Reply | StoreError = store.execute(command)
            except StoreError as error:
                reply = error
            command = self._task.step(reply)
        return self.result()

    async def run_async(self, store: AsyncStore | Store) -> T:
        """Drives the task to its end on a store that answers later; one that answers at once will do, too.

        On a `Database` it waits in a thread of asyncio's; whoever cancels it does not wait for its end.
        """
        self._driven = True
        if isinstance(store, MemoryStore):
            return self.run(store)
        if isinstance(store, Database):
            # Not at the top: of all that uses this package, few run a loop.
            from asyncio import to_thread

            await to_thread(self._task.run, store)
            return self.result()
        command = self._task.step(None)
        while command is not None:
            try:
                answer = store.execute(command)
                reply: Reply | StoreError = await answer if isawaitable(answer) else answer
            except StoreError as error:
                reply = error
            command = self._task.step(reply)
        return self.result()

    def step(self, reply: Reply | StoreError | None = None) -> Command | None:
        """Goes on: first with nothing, then with the reply to the command that was asked for.

        None means that the task is finished: `result` has what it came to. Without a reply while one is due, the same
        command is asked for again.
        """
        self._driven = True
        return self._task.step(reply)

    def result(self) -> T:
        """What the flow gives, once; or the exception that says why not."""
        return self._read(self._task.result())

    @property
    def events(self) -> list[Event]:
        """What happened on the way, for the host's log; also where the flow refused. None before the end."""
        return [Event(**event) for event in self._task.events()]

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Task cannot be copied or pickled")
