"""The flows as methods of an issuer. docs/operations.md shows each with an example.

Written by `cargo xtask vectors` from the core's table of operations.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self, TypeAlias

from tokenmint import _tokenmint, outputs
from tokenmint.flows import Flows
from tokenmint.task import Task
from tokenmint.values import Integration, Lifetime, Now, Rate

Permission: TypeAlias = Literal[
    "client_credentials", "entity_user", "sessions", "refresh_token", "token_exchange", "entity_tokens", "links"
]
"""What a credential may be used for."""


class Operations(Flows):
    """The flows. Each gives a `Task` that asks a store."""

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
        long_refresh_grace: bool | None = None,
        narrowing: Mapping[str, Any] | None = None,
        renewal: Lifetime | None = None,
        client_rate: Rate | None = None,
        failure_rate: Rate | None = None,
        redeem_window_seconds: int | None = None,
        public_token_lifetime: Lifetime | None = None,
        trusted_issuers: Sequence[Mapping[str, Any]] | None = None,
        status_lists: Mapping[str, Any] | None = None,
        event_receivers: Sequence[Mapping[str, Any]] | None = None,
        integrations: Sequence[Integration] | None = None,
        dpop: Mapping[str, Any] | None = None,
    ) -> Self:
        """An issuer of this name, usually its URL.

        - `audience`: The `aud` of tokens whose claims name none.
        - `token_type`: The header's `typ`; `JWT` where absent.
        - `lifetime`: How long tokens of the flows live; where absent, access tokens of sessions 15 minutes and all
          others one hour.
        - `max_lifetime`: The longest life that a token can be given; no bound but the calendar's where absent.
        - `leeway_seconds`: How far clocks may differ when its own tokens are verified; 0 where absent.
        - `access_format`: What access tokens of the flows look like; `jwt` where absent.
        - `fixed_claims`: Custom claims that every token carries.
        - `session_secret`: At least 32 bytes of text from which refresh, public and account tokens are derived.
        - `session_idle`: How long a session lives without a refresh; 30 days where absent. At least the lifetime of its
          access tokens.
        - `session_absolute`: How long a session lives at all; 90 days where absent.
        - `session_claims`: Claims beside `sid` that hold the session's id.
        - `refresh_grace_seconds`: For how many seconds a refresh token is answered again; 10 where absent, at most 60
          without `long_refresh_grace`.
        - `long_refresh_grace`: Lets that be up to 1800. For as long, a stolen refresh token that was exchanged already
          is good.
        - `narrowing`: By which rule a custom claim is narrowed: `equal`, as where absent, `subset` or `and`.
        - `renewal`: For how long after its first issue an entity token can be renewed with itself; 30 days where
          absent.
        - `client_rate`: How many requests of one client are admitted; no limit where absent.
        - `failure_rate`: How many failed attempts are answered with the reason; no limit where absent.
        - `redeem_window_seconds`: For how many seconds the same redeemer of a link gets the same answer again; 10 where
          absent, at most 60.
        - `public_token_lifetime`: How long a redeemed link's public token lives; one hour where absent.
        - `trusted_issuers`: Issuers whose tokens are taken for tokens of this one.
        - `status_lists`: Status lists, in which every JWT of the flows has a place; none where absent.
        - `event_receivers`: Who is told what ends and what changes, by security event tokens (RFC 8417).
        - `integrations`: What links can connect to.
        - `dpop`: What is demanded of DPoP proofs (RFC 9449); where absent, no proof is looked at.

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
            "long_refresh_grace": long_refresh_grace,
            "narrowing": narrowing,
            "renewal": renewal,
            "client_rate": client_rate,
            "failure_rate": failure_rate,
            "redeem_window_seconds": redeem_window_seconds,
            "public_token_lifetime": public_token_lifetime,
            "trusted_issuers": trusted_issuers,
            "status_lists": status_lists,
            "event_receivers": event_receivers,
            "integrations": integrations,
            "dpop": dpop,
        }
        return super().__new__(cls, keys, {name: value for name, value in policy.items() if value is not None})

    # Tokens for machines.

    def client_credentials(
        self,
        client_id: str,
        client_secret: str,
        *,
        scope: str | None = None,
        audience: Sequence[str] | None = None,
        jkt: str | None = None,
        certificate_sha256: str | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.AccessToken]:
        """Gives a client an access token for itself (RFC 6749 section 4.4): for all that it has, or for less.

        Raises `InvalidClient`, `RateLimited`, `InvalidScope`, `InvalidTarget` or `InvalidDpopProof`.
        """
        given = {
            "client_id": client_id,
            "client_secret": client_secret,
            "scope": scope,
            "audience": audience,
            "jkt": jkt,
            "certificate_sha256": certificate_sha256,
        }
        return self._flow("client_credentials", given, now, seed, outputs.AccessToken)

    def accept_assertion(
        self,
        assertion: str,
        *,
        client_id: str | None = None,
        client_secret: str | None = None,
        scope: str | None = None,
        audience: Sequence[str] | None = None,
        jkt: str | None = None,
        certificate_sha256: str | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.AccessToken]:
        """Gives an access token for a token of a trusted issuer (RFC 7523 section 2.1), as the rule of the policy says
        that it meets. Each is good once, unless the policy says otherwise.

        Raises `InvalidGrant`, `InvalidClient`, `RateLimited`, `InvalidScope`, `InvalidTarget` or `InvalidDpopProof`.
        """
        given = {
            "assertion": assertion,
            "client_id": client_id,
            "client_secret": client_secret,
            "scope": scope,
            "audience": audience,
            "jkt": jkt,
            "certificate_sha256": certificate_sha256,
        }
        return self._flow("accept_assertion", given, now, seed, outputs.AccessToken)

    # Sessions.

    def start_session(
        self,
        subject: str,
        *,
        client_id: str | None = None,
        scope: str | None = None,
        audience: str | Sequence[str] | None = None,
        claims: Mapping[str, Any] | None = None,
        details: Mapping[str, Any] | None = None,
        access_lifetime: Lifetime | None = None,
        idle: Lifetime | None = None,
        absolute: Lifetime | None = None,
        jkt: str | None = None,
        certificate_sha256: str | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.TokenPair]:
        """Starts a session, when the host has found out who is there: an access token, and a refresh token for the next
        one. Without `client_id` it is the subject's alone; with one, it ends with the client. Lifetimes are the
        policy's, or shorter ones. With `jkt`, its access token is bound to that key (RFC 9449), and its refresh tokens,
        too, unless its client proves itself in another way.

        Raises `InvalidScope`, `InvalidTarget`, `ClaimReserved`, `LifetimeTooLong`, `NotFound`, `RateLimited`,
        `InvalidDpopProof` or `PolicyInvalid`.
        """
        given = {
            "subject": subject,
            "client_id": client_id,
            "scope": scope,
            "audience": audience,
            "claims": claims,
            "details": details,
            "access_lifetime": access_lifetime,
            "idle": idle,
            "absolute": absolute,
            "jkt": jkt,
            "certificate_sha256": certificate_sha256,
        }
        return self._flow("start_session", given, now, seed, outputs.TokenPair)

    def refresh(
        self,
        refresh_token: str,
        *,
        client_id: str | None = None,
        scope: str | None = None,
        audience: str | Sequence[str] | None = None,
        jkt: str | None = None,
        certificate_sha256: str | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.TokenPair]:
        """Exchanges a refresh token for the next pair (RFC 6749 section 6). Presented again within the grace, a refresh
        token gives the same answer; later, it ends the session, for somebody else has it too. With `client_id`, the
        session must be that client's. With `scope`, this access token allows less than the session, and with `audience`
        it is for fewer. A session that is bound to a key needs that `jkt`.

        Raises `InvalidGrant`, `InvalidScope`, `InvalidTarget`, `RateLimited`, `InvalidDpopProof` or `PolicyInvalid`.
        """
        given = {
            "refresh_token": refresh_token,
            "client_id": client_id,
            "scope": scope,
            "audience": audience,
            "jkt": jkt,
            "certificate_sha256": certificate_sha256,
        }
        return self._flow("refresh", given, now, seed, outputs.TokenPair)

    def check(
        self,
        token: str,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.ActiveToken]:
        """Says what an access token stands for, if it is good now: verified, and not revoked. Under a policy of DPoP
        one that is bound is refused: `check_bound` takes it with its proof.

        Raises `TokenRevoked`, `HandleMalformed`, `BindingMismatch`, and as `Verifier.verify` does.
        """
        given = {"token": token}
        return self._flow("check", given, now, seed, outputs.ActiveToken)

    def check_bound(
        self,
        token: str,
        proof: str,
        method: str,
        url: str,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.ActiveToken]:
        """Says what an access token stands for that is bound to a key (RFC 9449), if it is good now, and the proof that
        came with it is good, for this token and this request. Each proof is taken once.

        Raises `TokenRevoked`, `HandleMalformed`, `InvalidDpopProof`, `BindingMismatch`, and as `Verifier.verify` does.
        """
        given = {"token": token, "proof": proof, "method": method, "url": url}
        return self._flow("check_bound", given, now, seed, outputs.ActiveToken)

    def check_with_certificate(
        self,
        token: str,
        certificate_sha256: str,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.ActiveToken]:
        """Says what an access token stands for that is bound to a certificate (RFC 8705), if it is good now.

        Raises `TokenRevoked`, `HandleMalformed`, `BindingMismatch`, and as `Verifier.verify` does.
        """
        given = {"token": token, "certificate_sha256": certificate_sha256}
        return self._flow("check_with_certificate", given, now, seed, outputs.ActiveToken)

    def check_proof(
        self,
        proof: str,
        method: str,
        url: str,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[str]:
        """Checks a DPoP proof (RFC 9449) by the issuer's policy, and takes it once: for a log-in of the host, which
        then starts a session that is bound to its key.

        Raises `InvalidDpopProof`.
        """
        given = {"proof": proof, "method": method, "url": url}
        return self._flow("check_proof", given, now, seed, str)

    def narrow(
        self,
        token: str,
        *,
        scope: str | None = None,
        audience: str | Sequence[str] | None = None,
        claims: Mapping[str, Any] | None = None,
        lifetime: Lifetime | None = None,
        client_id: str | None = None,
        actor: str | None = None,
        actor_token: str | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.NarrowedToken]:
        """Mints a token for less than an access token that is good now (RFC 8693): never wider in scope, audience, time
        or claims. It ends with that one, and can be narrowed again, at most eight times over. A token of a trusted
        issuer gives what its rule gives, or less, and is used up.

        Raises `InvalidScope`, `InvalidTarget`, `ClaimReserved`, `LifetimeTooLong`, `NotFound`, `Forbidden`,
        `InvalidGrant`, `RateLimited`, `TokenRevoked`, `HandleMalformed`, and as `Verifier.verify` does.
        """
        given = {
            "token": token,
            "scope": scope,
            "audience": audience,
            "claims": claims,
            "lifetime": lifetime,
            "client_id": client_id,
            "actor": actor,
            "actor_token": actor_token,
        }
        return self._flow("narrow", given, now, seed, outputs.NarrowedToken)

    def revoke_session(
        self,
        session: str,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Ends a session, and the tokens that it gave."""
        given = {"session": session}
        return self._change("revoke_session", given, now, seed)

    def revoke_sessions(
        self,
        subject: str,
        *,
        except_: str | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Ends all sessions of a subject, and the tokens that they gave; with `except_`, all but that one.

        Raises `NotFound`.
        """
        given = {"subject": subject, "except": except_}
        return self._change("revoke_sessions", given, now, seed)

    def list_sessions(
        self,
        subject: str,
        *,
        after: str | None = None,
        limit: int | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.SessionList]:
        """Lists the sessions of a subject that live, such as the devices on which somebody is logged in."""
        given = {"subject": subject, "after": after, "limit": limit}
        return self._flow("list_sessions", given, now, seed, outputs.SessionList)

    # Single use.

    def issue_single_use(
        self,
        purpose: str,
        lifetime: Lifetime,
        *,
        subject: str | None = None,
        payload: Mapping[str, Any] | None = None,
        slot: str | None = None,
        digits: int | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.SingleUseToken]:
        """Makes a token that is good once, for one purpose: for a link in a mail, or a short code of digits. In a slot
        there is one token at a time: a newer one ends the older. Five wrong codes end a code.

        Raises `LifetimeTooLong` or `PolicyInvalid`.
        """
        given = {
            "purpose": purpose,
            "lifetime": lifetime,
            "subject": subject,
            "payload": payload,
            "slot": slot,
            "digits": digits,
        }
        return self._flow("issue_single_use", given, now, seed, outputs.SingleUseToken)

    def peek_single_use(
        self,
        purpose: str,
        token: str,
        *,
        slot: str | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.SingleUseView]:
        """Shows what a single-use token is for. It stays good; only a wrong code counts, here as well.

        Raises `LinkUnknown`, `LinkUsed`, `LinkExpired`, `AttemptsExhausted` or `PolicyInvalid`.
        """
        given = {"purpose": purpose, "token": token, "slot": slot}
        return self._flow("peek_single_use", given, now, seed, outputs.SingleUseView)

    def redeem_single_use(
        self,
        purpose: str,
        token: str,
        *,
        slot: str | None = None,
        redeemer: str | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.RedeemedSingleUse]:
        """Redeems a single-use token. The same redeemer gets the same answer for a while.

        Raises `LinkUnknown`, `LinkUsed`, `LinkExpired`, `AttemptsExhausted` or `PolicyInvalid`.
        """
        given = {"purpose": purpose, "token": token, "slot": slot, "redeemer": redeemer}
        return self._flow("redeem_single_use", given, now, seed, outputs.RedeemedSingleUse)

    def cancel_single_use(
        self,
        purpose: str,
        *,
        token: str | None = None,
        slot: str | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Ends a single-use token that was not redeemed, or whichever is in a slot. One that is not known is as good as
        cancelled.

        Raises `LinkUsed` or `PolicyInvalid`.
        """
        given = {"purpose": purpose, "token": token, "slot": slot}
        return self._change("cancel_single_use", given, now, seed)

    # API keys for customers.

    def create_api_key(
        self,
        owner: str,
        *,
        scope: str | None = None,
        claims: Mapping[str, Any] | None = None,
        lifetime: Lifetime | None = None,
        name: str | None = None,
        prefix: str | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.NewApiKey]:
        """Makes an API key for a customer, to be shown once: only the SHA-256 of it is kept.

        Raises `InvalidScope` or `ClaimReserved`.
        """
        given = {"owner": owner, "scope": scope, "claims": claims, "lifetime": lifetime, "name": name, "prefix": prefix}
        return self._flow("create_api_key", given, now, seed, outputs.NewApiKey)

    def verify_api_key(
        self,
        api_key: str,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.VerifiedApiKey]:
        """Says whose an API key is and what it allows, if it is good now, with one read; a typo is found without any.

        Raises `Unauthenticated`, `TokenExpired`, `TokenRevoked` or `RateLimited`.
        """
        given = {"api_key": api_key}
        return self._flow("verify_api_key", given, now, seed, outputs.VerifiedApiKey)

    def list_api_keys(
        self,
        owner: str,
        *,
        after: str | None = None,
        limit: int | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.ApiKeyList]:
        """Lists the API keys of a customer, also those that have ended, until they are forgotten."""
        given = {"owner": owner, "after": after, "limit": limit}
        return self._flow("list_api_keys", given, now, seed, outputs.ApiKeyList)

    def rotate_api_key(
        self,
        id: str,
        *,
        keep_for: Lifetime | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.NewApiKey]:
        """Gives an API key another secret, while the one before is good for a chosen time. Secrets that were replaced
        earlier keep their time; at most four are live beside the newest.

        Raises `NotFound` or `AlreadyExists`.
        """
        given = {"id": id, "keep_for": keep_for}
        return self._flow("rotate_api_key", given, now, seed, outputs.NewApiKey)

    def revoke_api_key(
        self,
        id: str,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Ends an API key, with all its secrets; twice is as good as once.

        Raises `NotFound`.
        """
        given = {"id": id}
        return self._change("revoke_api_key", given, now, seed)

    # Revocation.

    def revoke_token(
        self,
        token: str,
        client_id: str,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Revokes one token of a client (RFC 7009); one that is not known, or not its own, changes nothing."""
        given = {"token": token, "client_id": client_id}
        return self._change("revoke_token", given, now, seed)

    def revoke_subject(
        self,
        subject: str,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Revokes every token, session, API key and single-use token about a subject that was made until now."""
        given = {"subject": subject}
        return self._change("revoke_subject", given, now, seed)

    def revoke_client(
        self,
        client_id: str,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Revokes every token of a client that was issued until now."""
        given = {"client_id": client_id}
        return self._change("revoke_client", given, now, seed)

    def revoke_all(
        self,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Revokes every token, session, API key and single-use token of this issuer that was made until now."""
        return self._change("revoke_all", {}, now, seed)

    def adopt_store(
        self,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Makes a store ready for this issuer: to be run at each start, before the other operations, and now and then.
        A store that was wiped has lost what was revoked, so every token from before is refused from then on. A store
        that knows the issuer stays as it is. The `prepare` of an endpoint does it for the endpoint's issuers.
        """
        return self._change("adopt_store", {}, now, seed)

    # Status lists.

    def status_lists(
        self,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.StatusListTokens]:
        """Gives the status lists as they are now (draft-ietf-oauth-status-list): for a host that writes them to a file
        or a bucket whenever they are older than the policy says. An endpoint serves them by itself.

        Raises `PolicyInvalid`.
        """
        return self._flow("status_lists", {}, now, seed, outputs.StatusListTokens)

    # Clients.

    def create_client(
        self,
        id: str,
        organization: str,
        permissions: Sequence[Permission],
        *,
        secret: str | None = None,
        secret_sha256: str | Sequence[str] | None = None,
        subject: str | None = None,
        name: str | None = None,
        claims: Mapping[str, Any] | None = None,
        scope: str | None = None,
        audience: Sequence[str] | None = None,
        public: bool | None = None,
        jwks: Mapping[str, Any] | None = None,
        dpop_bound_access_tokens: bool | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Adds a client, with its secret or the SHA-256 of it, with its public keys, or as a public one; the same
        client again is no error.

        Raises `AlreadyExists`, `ClaimReserved`, `InvalidScope` or `FieldInvalid`.
        """
        given = {
            "id": id,
            "organization": organization,
            "secret": secret,
            "secret_sha256": secret_sha256,
            "permissions": permissions,
            "subject": subject,
            "name": name,
            "claims": claims,
            "scope": scope,
            "audience": audience,
            "public": public,
            "jwks": jwks,
            "dpop_bound_access_tokens": dpop_bound_access_tokens,
        }
        return self._change("create_client", given, now, seed)

    def change_client(
        self,
        id: str,
        *,
        permissions: Sequence[Permission] | None = None,
        scope: str | None = None,
        audience: Sequence[str] | None = None,
        name: str | None = None,
        claims: Mapping[str, Any] | None = None,
        public: bool | None = None,
        jwks: Mapping[str, Any] | None = None,
        dpop_bound_access_tokens: bool | None = None,
        disabled: bool | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Changes what a client may do; what is left out stays. Tokens that were made before stay as they are.

        Raises `NotFound`, `ClaimReserved`, `InvalidScope` or `FieldInvalid`.
        """
        given = {
            "id": id,
            "permissions": permissions,
            "scope": scope,
            "audience": audience,
            "name": name,
            "claims": claims,
            "public": public,
            "jwks": jwks,
            "dpop_bound_access_tokens": dpop_bound_access_tokens,
            "disabled": disabled,
        }
        return self._change("change_client", given, now, seed)

    def list_clients(
        self,
        *,
        after: str | None = None,
        limit: int | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.ClientList]:
        """Lists the clients of the store, page by page; those of a configuration are not in it."""
        given = {"after": after, "limit": limit}
        return self._flow("list_clients", given, now, seed, outputs.ClientList)

    def disable_client(
        self,
        id: str,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Ends a client and its tokens.

        Raises `NotFound`.
        """
        given = {"id": id}
        return self._change("disable_client", given, now, seed)

    def add_client_secret(
        self,
        id: str,
        *,
        secret: str | None = None,
        secret_sha256: str | Sequence[str] | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Adds a second secret: both are live until the older one is retired.

        Raises `NotFound` or `AlreadyExists`.
        """
        given = {"id": id, "secret": secret, "secret_sha256": secret_sha256}
        return self._change("add_client_secret", given, now, seed)

    def retire_client_secret(
        self,
        id: str,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Retires the older of two secrets.

        Raises `NotFound`.
        """
        given = {"id": id}
        return self._change("retire_client_secret", given, now, seed)

    def rotate_client_secret(
        self,
        id: str,
        *,
        keep_for: Lifetime | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.NewClientSecret]:
        """Makes a new secret for a client, to be shown once, while those before are good for a chosen time. Secrets
        that were replaced earlier keep their time; at most four are live beside the newest.

        Raises `NotFound` or `AlreadyExists`.
        """
        given = {"id": id, "keep_for": keep_for}
        return self._flow("rotate_client_secret", given, now, seed, outputs.NewClientSecret)

    # Bearer keys of organizations.

    def create_bearer_key(
        self,
        organization: str,
        permissions: Sequence[Permission],
        *,
        bearer: str | None = None,
        key_sha256: str | Sequence[str] | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Adds a bearer key, itself or the SHA-256 of it; the same key again is no error.

        Raises `AlreadyExists`.
        """
        given = {"bearer": bearer, "key_sha256": key_sha256, "organization": organization, "permissions": permissions}
        return self._change("create_bearer_key", given, now, seed)

    def disable_bearer_key(
        self,
        *,
        bearer: str | None = None,
        key_sha256: str | Sequence[str] | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Ends a bearer key.

        Raises `NotFound`.
        """
        given = {"bearer": bearer, "key_sha256": key_sha256}
        return self._change("disable_bearer_key", given, now, seed)

    # Security events.

    def poll_events(
        self,
        receiver: str,
        *,
        max_events: int | None = None,
        ack: Sequence[str] | None = None,
        refused: Sequence[Mapping[str, Any]] | None = None,
        holder: str | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.PolledEvents]:
        """Gives out the signed events (RFC 8417) of a receiver of the policy, each with the same id until it is
        acknowledged, and takes what became of those before: for a host that sends them by a transport of its own. The
        poll endpoint of the `oauth` dialect does the same for the receiver itself (RFC 8936).

        Raises `NotFound`.
        """
        given = {"receiver": receiver, "max_events": max_events, "ack": ack, "refused": refused, "holder": holder}
        return self._flow("poll_events", given, now, seed, outputs.PolledEvents)

    # Entity tokens.

    def invalidate_tokens(
        self,
        bearer: str,
        *,
        sessions: Sequence[str] | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Ends the entity tokens of these sessions, or all of the organization's, that were issued until now.

        Raises `Unauthenticated`, `Forbidden`, `RateLimited` or `TokenExpired`.
        """
        given = {"bearer": bearer, "sessions": sessions}
        return self._change("invalidate_tokens", given, now, seed)

    # Access tokens for users.

    def entity_user(
        self,
        client_id: str,
        client_secret: str,
        user: str,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.AccessToken]:
        """Gives a client an access token for a user of its organization.

        Raises `InvalidClient`, `NotFound`, `RateLimited` or `InvalidDpopProof`.
        """
        given = {"client_id": client_id, "client_secret": client_secret, "user": user}
        return self._flow("entity_user", given, now, seed, outputs.AccessToken)

    # Sessions of API-key clients.

    def exchange_api_key(
        self,
        client_id: str,
        client_secret: str,
        *,
        name: str | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.TokenPair]:
        """Opens a session for an API key, which is an id and a secret.

        Raises `InvalidClient`, `RateLimited` or `PolicyInvalid`.
        """
        given = {"client_id": client_id, "client_secret": client_secret, "name": name}
        return self._flow("exchange_api_key", given, now, seed, outputs.TokenPair)

    # Links and accounts.

    def create_link(
        self,
        bearer: str,
        details: Mapping[str, Any],
        expires_in: Lifetime,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.LinkToken]:
        """Makes a single-use link for the holder of an API key.

        Raises `Unauthenticated`, `RateLimited`, `LifetimeTooLong` or `PolicyInvalid`.
        """
        given = {"bearer": bearer, "details": details, "expires_in": expires_in}
        return self._flow("create_link", given, now, seed, outputs.LinkToken)

    def peek_link(
        self,
        link_token: str,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.LinkView]:
        """Looks at a link and does not consume it, as a GET must.

        Raises `LinkUnknown`, `LinkUsed` or `LinkExpired`.
        """
        given = {"link_token": link_token}
        return self._flow("peek_link", given, now, seed, outputs.LinkView)

    def redeem_link(
        self,
        link_token: str,
        *,
        integration: str | None = None,
        redeemer: str | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.PublicToken]:
        """Redeems a link, once; the same redeemer gets the same answer again for a short time.

        Raises `LinkUnknown`, `LinkUsed` or `LinkExpired`.
        """
        given = {"link_token": link_token, "integration": integration, "redeemer": redeemer}
        return self._flow("redeem_link", given, now, seed, outputs.PublicToken)

    def exchange_public_token(
        self,
        bearer: str,
        category: str,
        public_token: str,
        *,
        redeemer: str | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.AccountToken]:
        """Exchanges a public token for the lasting token of the account, once.

        Raises `Unauthenticated`, `LinkUnknown` or `RateLimited`.
        """
        given = {"bearer": bearer, "category": category, "public_token": public_token, "redeemer": redeemer}
        return self._flow("exchange_public_token", given, now, seed, outputs.AccountToken)

    def regenerate_account_token(
        self,
        bearer: str,
        category: str,
        account_token: str,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.AccountToken]:
        """Replaces an account's token; the old one is good no longer.

        Raises `Unauthenticated` or `RateLimited`.
        """
        given = {"bearer": bearer, "category": category, "account_token": account_token}
        return self._flow("regenerate_account_token", given, now, seed, outputs.AccountToken)

    def delete_account(
        self,
        bearer: str,
        category: str,
        account_token: str,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Ends an account's token, and the account with it; twice is as good as once.

        Raises `Unauthenticated` or `RateLimited`.
        """
        given = {"bearer": bearer, "category": category, "account_token": account_token}
        return self._change("delete_account", given, now, seed)

    def account(
        self,
        account_token: str,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[outputs.Account]:
        """Says which account an account token stands for.

        Raises `Unauthenticated`.
        """
        given = {"account_token": account_token}
        return self._flow("account", given, now, seed, outputs.Account)

    # Entities, groups and users.

    def create_entity(
        self,
        id: str,
        organization: str,
        *,
        foreign_id: str | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Adds an entity that tokens can be minted for; the same entity again is no error.

        Raises `AlreadyExists`.
        """
        given = {"id": id, "foreign_id": foreign_id, "organization": organization}
        return self._change("create_entity", given, now, seed)

    def disable_entity(
        self,
        organization: str,
        id: str,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Ends an entity.

        Raises `NotFound`.
        """
        given = {"organization": organization, "id": id}
        return self._change("disable_entity", given, now, seed)

    def create_group(
        self,
        id: str,
        organization: str,
        *,
        foreign_id: str | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Adds a group of entities; the same group again is no error.

        Raises `AlreadyExists`.
        """
        given = {"id": id, "foreign_id": foreign_id, "organization": organization}
        return self._change("create_group", given, now, seed)

    def disable_group(
        self,
        organization: str,
        id: str,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Ends a group.

        Raises `NotFound`.
        """
        given = {"organization": organization, "id": id}
        return self._change("disable_group", given, now, seed)

    def create_user(
        self,
        id: str,
        organization: str,
        *,
        foreign_id: str | None = None,
        entity: str | None = None,
        group: str | None = None,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Adds a user of an entity, of a group, or of both; the same user again is no error.

        Raises `AlreadyExists`.
        """
        given = {"id": id, "foreign_id": foreign_id, "organization": organization, "entity": entity, "group": group}
        return self._change("create_user", given, now, seed)

    def disable_user(
        self,
        organization: str,
        id: str,
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[None]:
        """Ends a user.

        Raises `NotFound`.
        """
        given = {"organization": organization, "id": id}
        return self._change("disable_user", given, now, seed)
