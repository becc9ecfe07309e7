"""A service that mints tokens for a widget in a partner's page, and the API that takes them. In Flask.

pip install tokenmint flask
flask --app flask_service run
"""

from flask import Flask, Response, abort, jsonify, request
from tokenmint import Issuer, Key, KeySet, TokenError, hash_secret, secret_matches
from werkzeug.datastructures import WWWAuthenticate

app = Flask(__name__)
keys = KeySet(Key.generate("EdDSA", kid="k1"))  # in earnest: Key.from_jwk of a key that is kept
issuer = Issuer(keys, "https://api.example.com", audience="widget", max_lifetime="1h")
verifier = issuer.verifier()
partner_key_sha256 = hash_secret("demo-key")  # in earnest: only the hash is here


def bearer() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.lstrip(" ") if scheme.lower() == "bearer" else ""


@app.post("/widget-token")
def widget_token() -> Response:
    """The partner's back end asks for a narrow token, and hands it to the page."""
    if not secret_matches(bearer(), partner_key_sha256):
        abort(401, www_authenticate=WWWAuthenticate("Bearer"))
    wanted = request.get_json()
    token = issuer.mint({"sub": wanted["entity"], "pages": wanted["pages"]}, "15m")
    response = jsonify(token=token)
    response.headers["Cache-Control"] = "no-store"
    return response


@app.get("/invoices")
def invoices() -> Response:
    """The API: what the widget may see."""
    try:
        claims = verifier.verify(bearer())
    except TokenError as error:
        abort(401, str(error), www_authenticate=WWWAuthenticate("Bearer", {"error": error.oauth_error}))
    if "invoices" not in claims["pages"]:
        abort(403)
    return jsonify(entity=claims["sub"], invoices=[])


@app.get("/.well-known/jwks.json")
def jwks() -> Response:
    """The public keys: whoever has them verifies the tokens without asking."""
    return jsonify(keys.public_jwks())
