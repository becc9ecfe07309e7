"""Judges tokens with PyJWT.

Reads one JSON object a line: {"token", "jwk", "alg", "aud", "iss", "now"}; `aud` and `iss` may be absent or null.
Writes one JSON object a line, in the same order: {"ok": true, "claims": {...}} or {"ok": false, "error": "..."}.
"""

import datetime
import json
import sys
from unittest import mock

import jwt
import jwt.api_jwt


def judge(request):
    key = jwt.PyJWK(request["jwk"], algorithm=request["alg"])
    options = {"verify_aud": request.get("aud") is not None}

    # PyJWT reads the clock where it judges `exp`, `nbf` and `iat`, and has no parameter for the time.
    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.datetime.fromtimestamp(request["now"], tz)

    with mock.patch.object(jwt.api_jwt, "datetime", Clock):
        return jwt.decode(
            request["token"],
            key,
            algorithms=[request["alg"]],
            audience=request.get("aud"),
            issuer=request.get("iss"),
            options=options,
        )


def main():
    for line in sys.stdin:
        try:
            answer = {"ok": True, "claims": judge(json.loads(line))}
        except Exception as error:  # whatever the library throws is a refusal
            answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
