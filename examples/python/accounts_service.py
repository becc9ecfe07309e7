"""A product's own accounts: sessions after log-in, devices, a reset link, and API keys for customers. In Flask.

pip install tokenmint flask
flask --app accounts_service run
"""

from typing import Any

from flask import Flask, Response, jsonify, request
from tokenmint import Issuer, Key, KeySet, MemoryStore, TokenmintError, TokenPair
from werkzeug.security import check_password_hash, generate_password_hash

app = Flask(__name__)
keys = KeySet(Key.generate("EdDSA", kid="k1"))  # in earnest: Key.from_jwk of a key that is kept
secret = "at least thirty-two bytes that are kept"
issuer = Issuer(keys, "https://api.example.com", audience="app", session_secret=secret)
store = MemoryStore()  # in earnest: open_store of SQLite, PostgreSQL or Redis
issuer.adopt_store().run(store)
users = {"alice": generate_password_hash("correct horse")}  # yours
nobody = generate_password_hash("")
outbox: list[str] = []  # in earnest: mails


def bearer() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.lstrip(" ") if scheme.lower() == "bearer" else ""


def user() -> str:
    """Who is logged in; `check` knows also what was ended a moment ago."""
    return issuer.check(bearer()).run(store).subject or ""


def pair(given: TokenPair) -> Response:
    response = jsonify(access_token=given.access_token, refresh_token=given.refresh_token, session=given.session)
    response.headers["Cache-Control"] = "no-store"
    return response


@app.errorhandler(TokenmintError)
def refused(error: TokenmintError) -> tuple[Response, int]:
    return jsonify(error=error.oauth_error, error_description=str(error)), error.http_status


@app.post("/login")
def login() -> Response | tuple[str, int]:
    given = request.get_json()
    if not check_password_hash(users.get(given["user"], nobody), given["password"]) or given["user"] not in users:
        return "", 401
    device = {"device": given.get("device", "a browser")[:100]}
    return pair(issuer.start_session(given["user"], scope="account", details=device).run(store))


@app.post("/refresh")
def refresh() -> Response:
    return pair(issuer.refresh(request.get_json()["refresh_token"]).run(store))


@app.get("/devices")
def devices() -> Response:
    found = issuer.list_sessions(user()).run(store)
    return jsonify([{"session": one.session, **(one.details or {})} for one in found.sessions])


@app.post("/logout-everywhere")
def logout_everywhere() -> str:
    issuer.revoke_sessions(user()).run(store)
    return ""


@app.post("/forgot")
def forgot() -> str:
    """The answer is the same whether there is such a user or not. A newer link ends the older."""
    if (subject := request.get_json()["user"]) in users:
        link = issuer.issue_single_use("reset", "30m", subject=subject, slot=subject).run(store)
        outbox.append(f"https://app.example.com/reset#{link.token}")
    return ""


@app.post("/reset")
def reset() -> str:
    given = request.get_json()
    subject = issuer.redeem_single_use("reset", given["token"]).run(store).subject or ""
    users[subject] = generate_password_hash(given["password"])
    issuer.revoke_sessions(subject).run(store)
    return ""


@app.post("/api-keys")
def create_api_key() -> Response:
    """Shown once: only the hash is kept."""
    key = issuer.create_api_key(user(), scope="reports", prefix="acme").run(store)
    return jsonify(id=key.id, api_key=key.api_key)


@app.get("/reports")
def reports() -> dict[str, Any]:
    """What customers' programs call."""
    return {"owner": issuer.verify_api_key(bearer()).run(store).owner, "reports": []}
