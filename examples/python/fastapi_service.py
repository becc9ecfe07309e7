"""A service that mints tokens for a widget in a partner's page, and the API that takes them. In FastAPI.

pip install tokenmint fastapi uvicorn
uvicorn fastapi_service:app
"""

from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from tokenmint import Issuer, Key, KeySet, TokenError, hash_secret, secret_matches

app = FastAPI()
keys = KeySet(Key.generate("EdDSA", kid="k1"))  # in earnest: Key.from_jwk of a key that is kept
issuer = Issuer(keys, "https://api.example.com", audience="widget", max_lifetime="1h")
verifier = issuer.verifier()
partner_key_sha256 = hash_secret("demo-key")  # in earnest: only the hash is here
Bearer = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]


class Wanted(BaseModel):
    entity: str
    pages: list[str]


def widget(bearer: Bearer) -> dict[str, Any]:
    """The claims of the widget's token."""
    try:
        return verifier.verify(bearer.credentials)
    except TokenError as error:
        raise HTTPException(401, str(error), {"WWW-Authenticate": f'Bearer error="{error.oauth_error}"'}) from error


@app.post("/widget-token")
def widget_token(wanted: Wanted, bearer: Bearer, response: Response) -> dict[str, str]:
    """The partner's back end asks for a narrow token, and hands it to the page."""
    if not secret_matches(bearer.credentials, partner_key_sha256):
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    response.headers["Cache-Control"] = "no-store"
    return {"token": issuer.mint({"sub": wanted.entity, "pages": wanted.pages}, "15m")}


@app.get("/invoices")
def invoices(claims: Annotated[dict[str, Any], Depends(widget)]) -> dict[str, Any]:
    """The API: what the widget may see."""
    if "invoices" not in claims["pages"]:
        raise HTTPException(403)
    return {"entity": claims["sub"], "invoices": []}


@app.get("/.well-known/jwks.json")
def jwks() -> dict[str, Any]:
    """The public keys: whoever has them verifies the tokens without asking."""
    return keys.public_jwks()
