"""The issuer: it mints tokens, and its flows ask for storage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias, TypeVar

from tokenmint import _tokenmint, results
from tokenmint.results import typed
from tokenmint.task import Task

T = TypeVar("T")

Lifetime: TypeAlias = timedelta | str | int
"""A timedelta, a text such as "1h", or whole seconds."""

Permission: TypeAlias = Literal["client_credentials", "entity_user", "sessions", "entity_tokens", "links"]
"""What a client or an API key may do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """A rate limit: `events` for each `per` on average, and at most `burst` at once."""

    events: int
    per: Lifetime
    burst: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Integration:
    """What a link can connect to."""

    slug: str
    name: str
    categories: Sequence[str]


class Issuer(_tokenmint.Issuer):
    """Mints tokens with the first key that can sign, and runs the flows. Immutable; threads share it.

    >>> from tokenmint import Key, KeySet
    >>> keys = KeySet(Key.hmac(b"a secret of at least thirty-two bytes", kid="k1"))
    >>> issuer = Issuer(keys, "https://api.example.com", audience="app")
    >>> token = issuer.mint({"sub": "ent_1", "pages": ["invoices"]}, "1h")
    >>> issuer.verifier().verify(token)["sub"]
    'ent_1'

    Every method takes the time as `now`, whole or fractional seconds since 1970 or a datetime with a time zone, and
    32 random bytes as `seed`; without them the system's clock and randomness serve.
    """

    __slots__ = ()

    def __new__(
        cls,
        keys: _tokenmint.KeySet,
        issuer: str,
        *,
        audience: str | Sequence[str] | None = None,
        token_type: str | None = None,
        lifetime: Lifetime | None = None,
        max_lifetime: Lifetime | None = None,
        leeway_seconds: int | None = None,
        access_format: Literal["jwt", "opaque"] | None = None,
        fixed_claims: Mapping[str, Any] | None = None,
        session_secret: str | None = None,
        session_idle: Lifetime | None = None,
        session_absolute: Lifetime | None = None,
        session_claims: str | Sequence[str] | None = None,
        refresh_grace_seconds: int | None = None,
        renewal: Lifetime | None = None,
        client_rate: Rate | None = None,
        failure_rate: Rate | None = None,
        redeem_window_seconds: int | None = None,
        public_token_lifetime: Lifetime | None = None,
        integrations: Sequence[Integration] | None = None,
    ) -> "Issuer":
        """An issuer of this name, usually its URL.

        - `audience`: the `aud` of tokens whose claims name none.
        - `token_type`: the header's `typ`; `JWT`.
        - `lifetime`: how long tokens of the flows live; access tokens of sessions 15 minutes, all others one hour.
          `max_lifetime`: the longest that can be asked for.
        - `leeway_seconds`: how far clocks may differ when its own tokens are verified; 0.
        - `access_format`: what access tokens of the flows look like; `jwt`.
        - `fixed_claims`: custom claims that every token carries.
        - `session_secret`: 32 bytes of text or more, from which refresh, public and account tokens are derived.
        - `session_idle`, `session_absolute`: how long a session lives without a refresh, 30 days and at least as long
          as its access tokens; and at all, 90 days.
        - `session_claims`: claims beside `sid` that hold the session's id.
        - `refresh_grace_seconds`: for how long a refresh token is answered again; 10, at most 60.
        - `renewal`: for how long an entity token can be renewed with itself; 30 days.
        - `client_rate`, `failure_rate`: how many requests of one client, and failed attempts, are admitted.
        - `redeem_window_seconds`: for how long the redeemer of a link gets the same answer again; 10, at most 60.
        - `public_token_lifetime`: how long a redeemed link's public token lives; one hour.
        - `integrations`: what links can connect to.

        Raises `PolicyInvalid`, `KeyMissing` where no key can sign, `KeyWeak` for a short session secret.
        """
        policy = {
            "issuer": issuer,
            "audience": audience,
            "token_type": token_type,
            "lifetime": lifetime,
            "max_lifetime": max_lifetime,
            "leeway_seconds": leeway_seconds,
            "access_format": access_format,
            "fixed_claims": fixed_claims,
            "session_secret": session_secret,
            "session_idle": session_idle,
            "session_absolute": session_absolute,
            "session_claims": session_claims,
            "refresh_grace_seconds": refresh_grace_seconds,
            "renewal": renewal,
            "client_rate": client_rate,
            "failure_rate": failure_rate,
            "redeem_window_seconds": redeem_window_seconds,
            "public_token_lifetime": public_token_lifetime,
            "integrations": integrations,
        }
        return super().__new__(cls, keys, {name: value for name, value in policy.items() if value is not None})

    def mint_task(
        self, claims: Any, expires_in: Lifetime, *, now: "Now" = None, seed: bytes | None = None
    ) -> Task[str]:
        """As `mint`, also with a key that the host holds: it is asked for the signature with `store.Sign`."""
        return Task("mint", self._mint_task(claims, expires_in, now, seed), str)

    # Tokens for machines.

    def client_credentials(
        self, client_id: str, client_secret: str, *, now: "Now" = None, seed: bytes | None = None
    ) -> Task[results.AccessToken]:
        """An access token for a client (RFC 6749 section 4.4).

        Raises `InvalidClient`, `RateLimited`.
        """
        given = {"client_id": client_id, "client_secret": client_secret}
        return self._flow("client_credentials", given, now, seed, results.AccessToken)

    def entity_user(
        self, client_id: str, client_secret: str, user: str, *, now: "Now" = None, seed: bytes | None = None
    ) -> Task[results.AccessToken]:
        """An access token for a user on whose behalf a client acts.

        Raises `InvalidClient`, `InvalidGrant`, `RateLimited`.
        """
        given = {"client_id": client_id, "client_secret": client_secret, "user": user}
        return self._flow("entity_user", given, now, seed, results.AccessToken)

    # Sessions.

    def exchange_api_key(
        self,
        client_id: str,
        client_secret: str,
        *,
        name: str | None = None,
        now: "Now" = None,
        seed: bytes | None = None,
    ) -> Task[results.TokenPair]:
        """Opens a session: an access token, and a refresh token for the next one.

        Raises `InvalidClient`, `RateLimited`, `PolicyInvalid` without a session secret.
        """
        given = {"client_id": client_id, "client_secret": client_secret, "name": name}
        return self._flow("exchange_api_key", given, now, seed, results.TokenPair)

    def refresh(
        self, refresh_token: str, *, client: str | None = None, now: "Now" = None, seed: bytes | None = None
    ) -> Task[results.TokenPair]:
        """Exchanges a refresh token for the next pair; with `client`, only if the session is that client's.

        Raises `InvalidGrant`; an old refresh token ends its session.
        """
        given = {"refresh_token": refresh_token, "client": client}
        return self._flow("refresh", given, now, seed, results.TokenPair)

    def check(self, token: str, *, now: "Now" = None, seed: bytes | None = None) -> Task[results.ActiveToken]:
        """Whether an access token is good now: verified, and not revoked.

        Raises the exceptions of tokens, `TokenRevoked` among them.
        """
        return self._flow("check", {"token": token}, now, seed, results.ActiveToken)

    # Revocation.

    def revoke_token(self, token: str, client: str, *, now: "Now" = None, seed: bytes | None = None) -> Task[None]:
        """Revokes one token of a client (RFC 7009); a token that is not its own, or none, changes nothing."""
        return self._change("revoke_token", {"token": token, "client": client}, now, seed)

    def revoke_session(self, session: str, *, now: "Now" = None, seed: bytes | None = None) -> Task[None]:
        """Ends a session and its tokens."""
        return self._change("revoke_session", {"session": session}, now, seed)

    def revoke_subject(self, subject: str, *, now: "Now" = None, seed: bytes | None = None) -> Task[None]:
        """Revokes every token about a subject that was issued before now."""
        return self._change("revoke_subject", {"subject": subject}, now, seed)

    def revoke_client(self, client: str, *, now: "Now" = None, seed: bytes | None = None) -> Task[None]:
        """Revokes every token of a client that was issued before now."""
        return self._change("revoke_client", {"client": client}, now, seed)

    def revoke_all(self, *, now: "Now" = None, seed: bytes | None = None) -> Task[None]:
        """Revokes every token that was issued before now."""
        return self._change("revoke_all", {}, now, seed)

    def adopt_store(self, *, now: "Now" = None, seed: bytes | None = None) -> Task[None]:
        """Makes a store ready for this issuer: to be run at each start, before the other flows, and now and then.

        A store that was wiped has lost what was revoked, so every token from before is refused from then on. A store
        that knows the issuer stays as it is. `Endpoint.prepare` does it for the issuers of an endpoint.
        """
        return self._change("adopt_store", {}, now, seed)

    # Entity tokens.

    def entity_token(
        self,
        bearer: str,
        *,
        entity: str | None = None,
        group: str | None = None,
        user: str | None = None,
        expires_in: Lifetime | None = None,
        options: Mapping[str, Any] | None = None,
        now: "Now" = None,
        seed: bytes | None = None,
    ) -> Task[str]:
        """A narrow token for an entity or a group, or for a user of one; `bearer` is an API key, or such a token.

        Raises `Unauthenticated`, `Forbidden`, `NotFound`, `InvalidRequest` where the target is not one.
        """
        given = {
            "bearer": bearer,
            "target": {"entity": entity, "group": group, "user": user},
            "expires_in": expires_in,
            "options": options or {},
        }
        return Task("entity_token", self._operation("entity_token", given, now, seed), _token)

    def invalidate_tokens(
        self,
        bearer: str,
        *,
        sessions: Sequence[str] | None = None,
        now: "Now" = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Ends these sessions of entity tokens, or all tokens of the API key's organization."""
        return self._change("invalidate_tokens", {"bearer": bearer, "sessions": sessions}, now, seed)

    # Links.

    def create_link(
        self,
        bearer: str,
        details: Mapping[str, Any],
        expires_in: Lifetime,
        *,
        now: "Now" = None,
        seed: bytes | None = None,
    ) -> Task[results.LinkToken]:
        """A link that works once; `details` say for whom it is and what it links.

        Raises `Unauthenticated`, `Forbidden`, `InvalidRequest`.
        """
        given = {"bearer": bearer, "details": details, "expires_in": expires_in}
        return self._flow("create_link", given, now, seed, results.LinkToken)

    def peek_link(self, link_token: str, *, now: "Now" = None, seed: bytes | None = None) -> Task[results.LinkView]:
        """What a link is for; it stays as it is.

        Raises `LinkUnknown`, `LinkUsed`, `LinkExpired`.
        """
        return self._flow("peek_link", {"link_token": link_token}, now, seed, results.LinkView)

    def redeem_link(
        self,
        link_token: str,
        *,
        integration: str | None = None,
        redeemer: str | None = None,
        now: "Now" = None,
        seed: bytes | None = None,
    ) -> Task[results.PublicToken]:
        """Redeems a link, once; the same redeemer gets the same answer again for a short time.

        Raises `LinkUnknown`, `LinkUsed`, `LinkExpired`, `InvalidRequest`.
        """
        given = {"link_token": link_token, "integration": integration, "redeemer": redeemer}
        return self._flow("redeem_link", given, now, seed, results.PublicToken)

    def exchange_public_token(
        self,
        bearer: str,
        category: str,
        public_token: str,
        *,
        redeemer: str | None = None,
        now: "Now" = None,
        seed: bytes | None = None,
    ) -> Task[results.AccountToken]:
        """Exchanges a public token for the lasting token of the account.

        Raises `Unauthenticated`, `Forbidden`, `InvalidGrant`.
        """
        given = {
            "bearer": bearer,
            "category": category,
            "public_token": public_token,
            "redeemer": redeemer,
        }
        return self._flow("exchange_public_token", given, now, seed, results.AccountToken)

    def regenerate_account_token(
        self,
        bearer: str,
        category: str,
        account_token: str,
        *,
        now: "Now" = None,
        seed: bytes | None = None,
    ) -> Task[results.AccountToken]:
        """Replaces an account's token; the old one is good no longer."""
        given = {"bearer": bearer, "category": category, "account_token": account_token}
        return self._flow("regenerate_account_token", given, now, seed, results.AccountToken)

    def delete_account(
        self,
        bearer: str,
        category: str,
        account_token: str,
        *,
        now: "Now" = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Ends an account token and the linked account with it; twice is as good as once. Raises `Unauthenticated`."""
        given = {"bearer": bearer, "category": category, "account_token": account_token}
        return self._change("delete_account", given, now, seed)

    def account(self, account_token: str, *, now: "Now" = None, seed: bytes | None = None) -> Task[results.Account]:
        """The account whose token this is."""
        return self._flow("account", {"account_token": account_token}, now, seed, results.Account)

    # The directory: who may ask for tokens, and for whom. The same record again is no error.

    def create_client(
        self,
        id: str,
        *,
        organization: str,
        permissions: Sequence[Permission],
        secret: str | None = None,
        secret_sha256: str | Sequence[str] | None = None,
        subject: str | None = None,
        name: str | None = None,
        claims: Mapping[str, Any] | None = None,
        now: "Now" = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Adds a client, with its secret or the SHA-256 of it; two hashes while it changes over.

        Raises `AlreadyExists` where there is another one of this id.
        """
        given = {
            "id": id,
            "organization": organization,
            "permissions": permissions,
            "secret": secret,
            "secret_sha256": secret_sha256,
            "subject": subject,
            "name": name,
            "claims": claims or {},
        }
        return self._change("create_client", given, now, seed)

    def disable_client(self, id: str, *, now: "Now" = None, seed: bytes | None = None) -> Task[None]:
        """Disables a client."""
        return self._change("disable_client", {"id": id}, now, seed)

    def add_client_secret(
        self,
        id: str,
        *,
        secret: str | None = None,
        secret_sha256: str | None = None,
        now: "Now" = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Adds a second secret: both are live until the older one is retired."""
        given = {"id": id, "secret": secret, "secret_sha256": secret_sha256}
        return self._change("add_client_secret", given, now, seed)

    def retire_client_secret(self, id: str, *, now: "Now" = None, seed: bytes | None = None) -> Task[None]:
        """Retires the older of two secrets."""
        return self._change("retire_client_secret", {"id": id}, now, seed)

    def create_bearer_key(
        self,
        *,
        organization: str,
        permissions: Sequence[Permission],
        bearer: str | None = None,
        key_sha256: str | None = None,
        now: "Now" = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Adds a bearer key, the API key that the callers of a dialect present: itself or the SHA-256 of it."""
        given = {
            "bearer": bearer,
            "key_sha256": key_sha256,
            "organization": organization,
            "permissions": permissions,
        }
        return self._change("create_bearer_key", given, now, seed)

    def disable_bearer_key(
        self,
        *,
        bearer: str | None = None,
        key_sha256: str | None = None,
        now: "Now" = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Disables a bearer key."""
        return self._change("disable_bearer_key", {"bearer": bearer, "key_sha256": key_sha256}, now, seed)

    def create_entity(
        self,
        id: str,
        *,
        organization: str,
        foreign_id: str | None = None,
        now: "Now" = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Adds an entity that tokens can be minted for."""
        given = {"id": id, "organization": organization, "foreign_id": foreign_id}
        return self._change("create_entity", given, now, seed)

    def disable_entity(self, organization: str, id: str, *, now: "Now" = None, seed: bytes | None = None) -> Task[None]:
        """Disables an entity."""
        return self._change("disable_entity", {"organization": organization, "id": id}, now, seed)

    def create_group(
        self,
        id: str,
        *,
        organization: str,
        foreign_id: str | None = None,
        now: "Now" = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Adds a group of entities."""
        given = {"id": id, "organization": organization, "foreign_id": foreign_id}
        return self._change("create_group", given, now, seed)

    def disable_group(self, organization: str, id: str, *, now: "Now" = None, seed: bytes | None = None) -> Task[None]:
        """Disables a group."""
        return self._change("disable_group", {"organization": organization, "id": id}, now, seed)

    def create_user(
        self,
        id: str,
        *,
        organization: str,
        foreign_id: str | None = None,
        entity: str | None = None,
        group: str | None = None,
        now: "Now" = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Adds a user of an entity, of a group, or of both."""
        given = {
            "id": id,
            "organization": organization,
            "foreign_id": foreign_id,
            "entity": entity,
            "group": group,
        }
        return self._change("create_user", given, now, seed)

    def disable_user(self, organization: str, id: str, *, now: "Now" = None, seed: bytes | None = None) -> Task[None]:
        """Disables a user."""
        return self._change("disable_user", {"organization": organization, "id": id}, now, seed)

    def _flow(self, name: str, given: dict[str, Any], now: "Now", seed: bytes | None, result: type[T]) -> Task[T]:
        return Task(name, self._operation(name, given, now, seed), lambda output: result(**typed(output)))

    def _change(self, name: str, given: dict[str, Any], now: "Now", seed: bytes | None) -> Task[None]:
        return Task(name, self._operation(name, given, now, seed), _nothing)


Now: TypeAlias = datetime | float | None
"""A point in time; None for the system's clock."""


def _token(output: dict[str, str]) -> str:
    return output["token"]


def _nothing(output: dict[str, Any]) -> None:
    """The flows that change something give an empty object."""
