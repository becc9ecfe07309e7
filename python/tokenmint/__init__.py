"""The token endpoint as a library: mint, verify, refresh, revoke and redeem tokens.

>>> from tokenmint import Issuer, Key, KeySet, TokenExpired
>>> keys = KeySet(Key.hmac(b"a secret of at least thirty-two bytes", kid="k1"))   # a weak key is refused here
>>> issuer = Issuer(keys, "https://api.example.com", audience="app")
>>> token = issuer.mint({"sub": "ent_1"}, "1h")
>>> issuer.verifier().verify(token)["sub"]
'ent_1'

Three levels: primitives (`Issuer.mint`, `Verifier.verify`), flows (`Issuer.refresh` and its neighbours, which give a
`Task` that asks a `Store`), and the endpoints of four vendors (`Endpoint`). Everything that decides is in the core,
which all languages share.
"""

from tokenmint._tokenmint import (
    Database,
    Key,
    KeySet,
    MemoryStore,
    ProofWindow,
    Verifier,
    decode_unverified,
    format_expires_in,
    generate_secret,
    hash_secret,
    node_jsonwebtoken_expiry,
    open_store,
    parse_expires_in,
    parse_expires_in_json,
    secret_matches,
)
from tokenmint.endpoint import Endpoint
from tokenmint.errors import (
    ClaimsError,
    ConfigurationError,
    HttpError,
    LifetimeError,
    RequestError,
    StoreError,
    TokenError,
    TokenExpired,
    TokenmintError,
)
from tokenmint.issuer import Integration, Issuer, Rate
from tokenmint.outputs import *  # noqa: F403
from tokenmint.outputs import __all__ as _outputs
from tokenmint.results import Check, Explanation, Jws, Response, Unverified
from tokenmint.status_lists import StatusLists, WantedList
from tokenmint.store import AsyncStore, Store
from tokenmint.task import Task
from tokenmint.token_source import AsyncTokenSource, SourceToken, TokenAnswer, TokenRequest, TokenSource

__all__ = [
    "AsyncStore",
    "AsyncTokenSource",
    "Check",
    "ClaimsError",
    "ConfigurationError",
    "Database",
    "Endpoint",
    "Explanation",
    "HttpError",
    "Integration",
    "Issuer",
    "Jws",
    "Key",
    "KeySet",
    "LifetimeError",
    "MemoryStore",
    "ProofWindow",
    "Rate",
    "RequestError",
    "Response",
    "SourceToken",
    "StatusLists",
    "Store",
    "StoreError",
    "Task",
    "TokenAnswer",
    "TokenError",
    "TokenExpired",
    "TokenRequest",
    "TokenSource",
    "TokenmintError",
    "Unverified",
    "Verifier",
    "WantedList",
    "decode_unverified",
    "format_expires_in",
    "generate_secret",
    "hash_secret",
    "node_jsonwebtoken_expiry",
    "open_store",
    "parse_expires_in",
    "parse_expires_in_json",
    "secret_matches",
]
__all__ += _outputs
