"""What verification and an endpoint give."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tokenmint.errors import TokenmintError


@dataclass(frozen=True, kw_only=True, slots=True)
class Unverified:
    """Header and claims of a token that nobody has verified."""

    header: dict[str, Any]
    claims: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Jws:
    """A payload whose signature was verified."""

    payload: bytes
    algorithm: str
    key_id: str | None
    token_type: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One check of an `Explanation`."""

    name: str
    """What was checked, for example `signature` or `exp`."""
    outcome: str
    """`passed`, `failed`, `not_reached` or `not_asked`."""
    seen: str | None = None
    """What stands in the token: at most 60 characters of it."""
    limit: str | None = None
    """What is demanded."""
    error: str | None = None
    """The code of what is wrong."""
    message: str | None = None
    """What is wrong."""
    hint: str | None = None
    """What may help."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """The ordered list of checks that a token went through; its `str` is a table for people."""

    accepted: bool
    """Whether `Verifier.verify` accepts the token."""
    error: TokenmintError | None
    """What `Verifier.verify` raises."""
    checks: tuple[Check, ...]
    text: str = field(repr=False)

    def __str__(self) -> str:
        return self.text

    @classmethod
    def _read(cls, parts: dict[str, Any]) -> Explanation:
        checks = []
        for check in parts["checks"]:
            error = check.pop("error", None) or {}
            checks.append(Check(**check, error=error.get("code"), message=error.get("message")))
        return cls(accepted=parts["accepted"], error=parts.get("error"), checks=tuple(checks), text=parts["text"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """An HTTP response of an endpoint."""

    status: int
    headers: list[tuple[str, str]] = field(repr=False)
    body: bytes = field(repr=False)
