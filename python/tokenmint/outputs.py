"""What the flows give. Tokens do not stand in the text form of any of these.

Written by `cargo xtask vectors` from the core's table of operations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

__all__ = [
    "AccessToken",
    "Account",
    "AccountToken",
    "ActiveToken",
    "ApiKey",
    "ApiKeyList",
    "ClientList",
    "ClientView",
    "Event",
    "LinkToken",
    "LinkView",
    "NarrowedToken",
    "NewApiKey",
    "NewClientSecret",
    "PolledEvents",
    "PublicToken",
    "RedeemedSingleUse",
    "SecurityEventToken",
    "Session",
    "SessionList",
    "SingleUseToken",
    "SingleUseView",
    "StatusListToken",
    "StatusListTokens",
    "TokenPair",
    "VerifiedApiKey",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One thing that happened in a flow: ids and fingerprints, never tokens or secrets."""

    event: str
    """What kind of thing."""
    client: str | None = None
    """The client or organization on whose behalf."""
    subject: str | None = None
    """The subject it is about."""
    session: str | None = None
    """The session it belongs to."""
    id: str | None = None
    """The id of the token or record: a `jti`, or a fingerprint where the token is a secret."""
    generation: int | None = None
    """The generation of a session or account token."""
    reason: str | None = None
    """Why it was refused."""
    err: str | None = None
    """Why somebody else has refused it: a receiver of security events, in an error code of RFC 8935 section 2.4."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessToken:
    """An access token (RFC 6749 section 5.1)."""

    access_token: str = field(repr=False)
    """The token."""
    token_type: str
    """How it is sent."""
    expires_in: timedelta
    """How long it lives."""
    scope: str | None = None
    """What it allows, where it allows something by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenPair:
    """An access token, and the refresh token for the next pair."""

    access_token: str = field(repr=False)
    """The access token."""
    token_type: str
    """How the access token is sent."""
    expires_in: timedelta
    """How long the access token lives."""
    refresh_token: str = field(repr=False)
    """The refresh token: good for one exchange."""
    refresh_expires_in: timedelta
    """How long the refresh token lives if it is not used."""
    session: str
    """The id of the session, by which it can be ended; `sid` in the access token."""
    scope: str | None = None
    """What the access token allows, where it allows anything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ActiveToken:
    """What a token that is good now says."""

    client_id: str | None = None
    """The id of the client, or the organization, that it was issued to."""
    subject: str | None = None
    """Whom it is about."""
    scope: str | None = None
    """Its scope."""
    id: str | None = None
    """Its id."""
    issued_at: datetime | None = None
    """When it was issued."""
    expires_at: datetime | None = None
    """When it ends."""
    audience: list[str]
    """Whom it is for: all that `aud` names."""
    claims: dict[str, Any] = field(repr=False)
    """The verified claims; of an opaque token, those that a JWT in its place would have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NarrowedToken:
    """A token for less."""

    access_token: str = field(repr=False)
    """The token."""
    token_type: str
    """How it is sent."""
    expires_in: timedelta
    """How long it lives."""
    scope: str | None = None
    """What it allows, where it allows anything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A session that lives."""

    session: str
    """Its id, by which it can be ended."""
    client_id: str | None = None
    """The id of the client that it was opened for."""
    scope: str | None = None
    """What its access tokens allow."""
    details: dict[str, Any] = field(repr=False)
    """What the host said of it when it began."""
    created_at: datetime
    """When it began."""
    last_used_at: datetime
    """When it was refreshed last; when it began, where it never was."""
    expires_at: datetime
    """When it ends if nobody refreshes it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionList:
    """Sessions of a subject."""

    sessions: list[Session]
    """Those that live. There may be fewer than the limit, and none, before the end."""
    next: str | None = None
    """Where to go on; absent at the end."""
    _of: ClassVar[dict[str, type]] = {"sessions": Session}


@dataclass(frozen=True, kw_only=True, slots=True)
class SingleUseToken:
    """A single-use token that was made."""

    token: str = field(repr=False)
    """The token, or the code."""
    expires_at: datetime
    """When it ends."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SingleUseView:
    """What a single-use token is for."""

    subject: str | None = None
    """Whom it is about."""
    payload: dict[str, Any] = field(repr=False)
    """What it was made with."""
    expires_at: datetime
    """When it ends."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RedeemedSingleUse:
    """What a redeemed single-use token gives."""

    subject: str | None = None
    """Whom it is about."""
    payload: dict[str, Any] = field(repr=False)
    """What it was made with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewApiKey:
    """An API key that was made, or has another secret."""

    api_key: str = field(repr=False)
    """The key. Nobody can look it up later."""
    id: str
    """Its id, by which it is managed."""
    expires_at: datetime | None = None
    """When it ends, if it does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedApiKey:
    """An API key that is good."""

    id: str
    """Its id."""
    owner: str
    """Whose it is."""
    scope: str | None = None
    """What it allows."""
    claims: dict[str, Any] = field(repr=False)
    """What it was made with."""
    name: str | None = None
    """Its name."""
    expires_at: datetime | None = None
    """When it ends, if it does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKey:
    """An API key in a list."""

    id: str
    """Its id."""
    scope: str | None = None
    """What it allows."""
    name: str | None = None
    """Its name."""
    created_at: datetime
    """When it was made."""
    expires_at: datetime | None = None
    """When it ends, if it does, or did."""
    revoked: bool
    """Whether it was revoked, by itself or with all that is its owner's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKeyList:
    """API keys of an owner."""

    api_keys: list[ApiKey]
    """The keys, in no order that means anything."""
    next: str | None = None
    """Where to go on; not there at the end."""
    _of: ClassVar[dict[str, type]] = {"api_keys": ApiKey}


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusListToken:
    """A status list."""

    uri: str
    """Where it is to be found: `sub` in it, and in the tokens whose status it has."""
    token: str
    """The list, signed: it is served as `application/statuslist+jwt`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusListTokens:
    """The status lists of an issuer."""

    lists: list[StatusListToken]
    """Each list that is in use, and those of generations before, in which nothing is valid."""
    issued_at: datetime
    """When the store was read: `iat` of each."""
    time_to_live: timedelta
    """How long a verifier keeps them: `ttl` of each."""
    _of: ClassVar[dict[str, type]] = {"lists": StatusListToken}


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientView:
    """A client in a list: all but its secrets."""

    id: str
    """Its id."""
    organization: str
    """The organization that it acts for."""
    permissions: list[str]
    """What it may do."""
    subject: str | None = None
    """The `sub` of its session tokens, where that is not its id."""
    name: str | None = None
    """What it must state when it opens a session."""
    scope: str | None = None
    """What its own tokens may allow."""
    audience: list[str]
    """Whom its own tokens may be for; the policy's audience where it is empty."""
    claims: dict[str, Any] = field(repr=False)
    """Custom claims of its session tokens."""
    public: bool
    """Whether it proves nothing."""
    jwks: dict[str, Any] = field(repr=False)
    """A JWK Set of the public keys by which it proves itself; the empty object where it has none."""
    dpop_bound_access_tokens: bool | None = None
    """Whether all its tokens are bound to a key, so that each of its requests needs a DPoP proof (RFC 9449)."""
    disabled: bool
    """Whether it is refused."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientList:
    """Clients of the store."""

    clients: list[ClientView]
    """The clients, in no order that means anything."""
    next: str | None = None
    """Where to go on; not there at the end."""
    _of: ClassVar[dict[str, type]] = {"clients": ClientView}


@dataclass(frozen=True, kw_only=True, slots=True)
class NewClientSecret:
    """A client's new secret."""

    id: str
    """The client's id."""
    secret: str = field(repr=False)
    """The secret. Nobody can look it up later."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SecurityEventToken:
    """A signed event."""

    id: str
    """Its id: `jti`."""
    token: str = field(repr=False)
    """The token, of the type `secevent+jwt`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PolledEvents:
    """Security events of a receiver."""

    sets: list[SecurityEventToken]
    """The events, the oldest first."""
    more_available: bool
    """Whether there are more."""
    _of: ClassVar[dict[str, type]] = {"sets": SecurityEventToken}


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkToken:
    """A link that was made: its token is good for one redemption."""

    link_token: str = field(repr=False)
    """The token."""
    expires_at: datetime
    """When it ends."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkView:
    """A link that is waiting to be redeemed."""

    details: dict[str, Any]
    """What it is for."""
    expires_at: datetime
    """When it ends."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicToken:
    """What a redeemed link gives: good for one exchange by the organization that made the link."""

    public_token: str = field(repr=False)
    """The token."""
    expires_in: timedelta
    """How long it lives."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountToken:
    """The lasting token of a linked account."""

    account_token: str = field(repr=False)
    """The token: it stands until it is replaced or ended."""
    id: str
    """The id of the account: the same whenever the same end user links the same category."""
    integration: str
    """The slug of the integration."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A linked account."""

    organization: str
    """The organization that linked it."""
    origin_id: str
    """The end user's id in the organization's own system."""
    category: str
    """The category."""
    integration: str
    """The slug of the integration."""
