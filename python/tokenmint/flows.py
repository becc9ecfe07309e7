"""How the flows are run, and how what they give is read."""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from tokenmint import _tokenmint
from tokenmint.task import Task
from tokenmint.values import Now

T = TypeVar("T")


class Flows(_tokenmint.Issuer):
    """What the methods of all flows have in common."""

    __slots__ = ()

    def _flow(self, name: str, given: dict[str, Any], now: Now, seed: bytes | None, result: type[T]) -> Task[T]:
        return Task(name, self._operation(name, _said(given), now, seed), lambda output: _read(result, output))

    def _change(self, name: str, given: dict[str, Any], now: Now, seed: bytes | None) -> Task[None]:
        return Task(name, self._operation(name, _said(given), now, seed), _nothing)


def _said(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _read(result: type[T], output: dict[str, Any]) -> T:
    """An output as its class, with Python's types for times and lifetimes; one that has only a text, as that."""
    if result is str:
        only: T
        [only] = output.values()
        return only
    inner: dict[str, type[Any]] = getattr(result, "_of", {})
    for name, value in output.items():
        if name in inner:
            output[name] = [_read(inner[name], item) for item in value]
        elif isinstance(value, int) and name.endswith("expires_in"):
            output[name] = timedelta(seconds=value)
        elif isinstance(value, int) and name.endswith("_at"):
            output[name] = datetime.fromtimestamp(value, UTC)
    return result(**output)


def _nothing(output: dict[str, Any]) -> None:
    """The flows that change something give an empty object."""
