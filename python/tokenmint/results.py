"""What verification and the flows give. Tokens do not stand in the text form of any of these."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
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
class Event:
    """One thing that happened in a flow: ids and fingerprints, never tokens or secrets."""

    event: str
    """What kind of thing, for example `refresh_reuse_detected`."""
    client: str | None = None
    subject: str | None = None
    session: str | None = None
    id: str | None = None
    """A `jti`, or a fingerprint where the token is a secret."""
    generation: int | None = None
    reason: str | None = None
    """The code of the error, where something was refused."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessToken:
    """An access token."""

    access_token: str = field(repr=False)
    expires_in: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenPair:
    """An access token, and the refresh token for the next pair."""

    access_token: str = field(repr=False)
    expires_in: timedelta
    refresh_token: str = field(repr=False)
    refresh_expires_in: timedelta
    session: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ActiveToken:
    """What a token that is good now says."""

    client: str | None
    subject: str | None
    scope: str | None
    id: str | None
    issued_at: datetime | None
    expires_at: datetime | None
    audience: list[str]
    """All that `aud` names."""
    claims: dict[str, Any] = field(repr=False)
    """The verified claims; of an opaque token, those that a JWT in its place would have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkToken:
    """A link that was made: good for one redemption."""

    link_token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkView:
    """A link that is waiting to be redeemed."""

    details: dict[str, Any]
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicToken:
    """What a redeemed link gives to a front end, to be exchanged by its back end."""

    public_token: str = field(repr=False)
    expires_in: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountToken:
    """The lasting token of a linked account."""

    account_token: str = field(repr=False)
    id: str
    integration: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A linked account."""

    organization: str
    origin_id: str
    category: str
    integration: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """An HTTP response of an endpoint."""

    status: int
    headers: list[tuple[str, str]] = field(repr=False)
    body: bytes = field(repr=False)


def typed(output: dict[str, Any]) -> dict[str, Any]:
    """Seconds of an output as Python's types for times and lifetimes."""
    for name, value in output.items():
        if isinstance(value, int):
            if name.endswith("expires_in"):
                output[name] = timedelta(seconds=value)
            elif name.endswith("_at"):
                output[name] = datetime.fromtimestamp(value, UTC)
    return output
