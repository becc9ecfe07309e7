"""The vector files, and what each of their operations is in Python."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, is_dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from tokenmint import Event, Issuer, Key, KeySet, Rate, TokenmintError
from tokenmint.issuer import Integration
from tokenmint.task import Task

ROOT = Path(__file__).parents[2]
SESSION_SECRET = "a test key that protects nothing"

T = TypeVar("T")


def load(name: str) -> dict[str, Any]:
    """A vector file."""
    file: dict[str, Any] = json.loads((ROOT / "bindings-tests/vectors" / name).read_text())
    return file


def outcome(call: Callable[[], T]) -> T | str:
    """What a call gives, or the name of its error."""
    try:
        return call()
    except TokenmintError as error:
        return error.code


def plain(value: Any, operation: str) -> Any:
    """A result of an operation as the vector files write it."""
    if value is None:
        return {}
    if isinstance(value, str):  # the one member of its output
        return {"jkt" if operation == "check_proof" else "token": value}
    assert is_dataclass(value) and not isinstance(value, type)
    return present({name: seconds(field) for name, field in asdict(value).items()})


def present(output: Any) -> Any:
    """What is absent may be null in the file."""
    if not isinstance(output, dict):
        return output
    return {name: value for name, value in output.items() if value is not None}


def seconds(value: Any) -> Any:
    match value:
        case list():
            return [present(seconds(item)) for item in value]
        case dict():
            return {name: seconds(field) for name, field in value.items()}
        case timedelta():
            return value // timedelta(seconds=1)
        case datetime():
            return int(value.timestamp())
        case _:
            return value


def events(task: Task[Any]) -> list[dict[str, Any]]:
    """The events of a task as the vector files write them: what is absent is left out."""
    return [{name: value for name, value in asdict(event).items() if value is not None} for event in task.events]


def flow_issuer(case: dict[str, Any]) -> Issuer:
    """The issuer of a case of flows.json."""
    described = {**load("flows.json")["issuer"], **case.get("policy", {})}
    keys = KeySet(Key.from_jwk(described.pop("key")))
    for name in ("client_rate", "failure_rate"):
        if name in described:
            described[name] = Rate(**described[name])
    described["integrations"] = [Integration(**one) for one in described["integrations"]]
    return Issuer(keys, described.pop("issuer"), **described)


def flow(issuer: Issuer, step: dict[str, Any]) -> Task[Any]:
    """The task of a step of flows.json, by the method of its name."""
    given = dict(step["input"])
    target = given.pop("target", {})
    if "except" in given:
        given["except_"] = given.pop("except")
    method = getattr(issuer, step["op"])
    return method(**given, **target, now=step["now"], seed=bytes.fromhex(step["seed"]))  # type: ignore[no-any-return]


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for case in load("flows.json")["cases"]:
        for step in case["steps"]:
            yield case["id"], step


def fill(text: str, exchanges: list[str]) -> str:
    """Puts parts of earlier bodies in the places that name them: `{{0.access_token}}`, or `{{0}}`."""
    while "{{" in text:
        before, _, rest = text.partition("{{")
        name, _, after = rest.partition("}}")
        index, _, member = name.partition(".")
        body = json.loads(exchanges[int(index)])
        text = before + (body[member] if member else body) + after
    return text


__all__ = ["Event", "events", "fill", "flow", "flow_issuer", "load", "outcome", "plain", "present", "steps"]
