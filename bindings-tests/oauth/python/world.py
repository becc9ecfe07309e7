"""What the server is told beside the protocol, and what each client is asked to show."""

import json
import os
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests
from joserfc.jwk import KeySet, import_key

ISSUER = os.environ["TOKENMINT_ISSUER"]
ADMIN = os.environ["TOKENMINT_ADMIN"]
KEY_CLIENT = json.loads(os.environ["TOKENMINT_KEY_CLIENT_JWK"])
WORKLOADS = os.environ["TOKENMINT_WORKLOADS"] + "/oauth/token"
WORKLOAD_KEY = json.loads(Path(os.environ["TOKENMINT_WORKLOAD_JWK"]).read_text())

RESOURCE = "https://api.example.com"
ID, SECRET = "demo-client", "demo-client-secret-for-everybody"
KEY_CLIENT_ID = "demo-key-client"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"

METADATA = requests.get(f"{ISSUER}/.well-known/oauth-authorization-server", timeout=60).json()
TOKEN, REVOKE, INTROSPECT = (METADATA[f"{name}_endpoint"] for name in ("token", "revocation", "introspection"))


def published() -> KeySet:
    """The keys that the server publishes."""
    return KeySet.import_key_set(requests.get(METADATA["jwks_uri"], timeout=60).json())


def key_of(jwk: dict[str, Any]) -> Any:
    return import_key(jwk)


def admin(operation: str, body: dict[str, Any]) -> Any:
    """An operation of the server's owner."""
    headers = {"authorization": "Bearer demo-admin-key"}
    answer = requests.post(f"{ADMIN}/v1/{operation}", json=body, headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def session(client: str = ID) -> dict[str, Any]:
    """A session of a user at a client, as an application starts it after its own log-in."""
    subject = f"user_{uuid.uuid4()}"
    pair = admin("start_session", {"subject": subject, "client_id": client, "scope": "read write"})
    return {**pair, "subject": subject}


def sessions(subject: str) -> list[Any]:
    """The living sessions of a user."""
    living: list[Any] = admin("list_sessions", {"subject": subject})["sessions"]
    return living


def public_client() -> str:
    """A client that has no secret, such as a page or an app."""
    client = f"public-{uuid.uuid4()}"
    admin(
        "create_client",
        {
            "id": client,
            "organization": "org_demo",
            "public": True,
            "permissions": ["refresh_token", "token_exchange"],
            "scope": "read write",
            "audience": [RESOURCE],
        },
    )
    return client


def limited_client() -> tuple[str, str]:
    """A client that may have tokens of its own, and nothing else: what it is called is nothing to a URL or a header."""
    client, secret = f"urn:limited:{uuid.uuid4()}", f'100% "sound" & +{uuid.uuid4()}:/?#='
    permissions = ["client_credentials"]
    record = {"id": client, "organization": "org_demo", "secret": secret, "permissions": permissions}
    admin("create_client", {**record, "scope": "read write", "audience": [RESOURCE]})
    return client, secret


def refreshes_together(started: dict[str, Any], refresh: Callable[[str], str]) -> str:
    """Refreshes in a loop, sixteen at once: all get the same successor, and the session lives on."""
    token: str = started["refresh_token"]
    with ThreadPoolExecutor(16) as threads:
        for _ in range(4):
            successors = set(threads.map(refresh, [token] * 16))
            assert len(successors) == 1 and token not in successors
            token = successors.pop()
    assert len(sessions(started["subject"])) == 1
    return token


def workload_claims() -> dict[str, Any]:
    """What a job of CI says of itself, beside issuer, subject and audience."""
    now = int(time.time())
    return {"repository_id": "4711", "iat": now, "exp": now + 300, "jti": str(uuid.uuid4())}
