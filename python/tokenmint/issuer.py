"""The issuer: it mints tokens, and its flows ask for storage."""

from collections.abc import Mapping
from typing import Any

from tokenmint.operations import Operations, Permission
from tokenmint.task import Task
from tokenmint.values import Integration, Lifetime, Now, Rate

__all__ = ["Integration", "Issuer", "Lifetime", "Now", "Permission", "Rate"]


class Issuer(Operations):
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

    def mint_task(self, claims: Any, expires_in: Lifetime, *, now: Now = None, seed: bytes | None = None) -> Task[str]:
        """As `mint`, also with a key that the host holds: it is asked for the signature with `store.Sign`."""
        return Task("mint", self._mint_task(claims, expires_in, now, seed), str)

    def entity_token(
        self,
        bearer: str,
        *,
        entity: str | None = None,
        group: str | None = None,
        user: str | None = None,
        expires_in: Lifetime | None = None,
        options: Mapping[str, Any] | None = None,
        now: Now = None,
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
        return Task("entity_token", self._operation("entity_token", given, now, seed), lambda output: output["token"])
