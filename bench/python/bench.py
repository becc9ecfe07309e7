"""tokenmint for Python beside its peers and the raw limit. Started by `cargo xtask bench python`.

The work is that of `bench/src/work.rs`: one entity token of 309 bytes of JSON. The cases of a table take turns in
short batches, so that a slow spell of the machine meets them all, and each ratio is taken within one turn.
"""

import gc
import hmac
import os
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from statistics import median
from typing import Any

import joserfc.jwk
import joserfc.jwt
import jwt
from authlib.jose import JsonWebKey, JsonWebToken
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from tokenmint import Issuer, Key, KeySet, Verifier

ISSUER, AUDIENCE = "https://api.example.com", "mercoa-react"
SECRET = b"0123456789abcdef0123456789ABCDEF"
IAT, LIFETIME = 1_700_000_000, 1_577_880_000  # 50 years: the peers, who read the clock, find the tokens valid
GIVEN: dict[str, Any] = {
    "sub": "ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced",
    "aud": AUDIENCE,
    "jti": "0b7f1c8e-55a1-4d0c-9a53-6f2b7d1e9c40",
    "sessionId": "ses_42",
    "pages": {"paymentMethods": True, "counterparties": False},
    "vendors": {"network": "all", "disableCreation": True},
}
ALL: dict[str, Any] = {"iss": ISSUER, "iat": IAT, "exp": IAT + LIFETIME, **GIVEN}
NAMELESS = {name: value for name, value in GIVEN.items() if name != "jti"}
SEED = os.urandom(32)

Work = Callable[[], object]


def table(title: str, cases: dict[str, Work], turns: int) -> None:
    """Measures the cases, and prints them with their ratio to the first."""
    batches = {name: batch(work) for name, work in cases.items()}
    samples: dict[str, list[float]] = {name: [] for name in cases}
    gc.disable()
    for _ in range(turns):
        for name, work in cases.items():
            samples[name].append(took(work, batches[name]))
    gc.enable()
    print(f"\n### {title}\n\n| | us, median | 10 % .. 90 % | x limit |\n|---|---:|---:|---:|")
    limit = next(iter(samples.values()))
    for name, found in samples.items():
        ratio = median(sample / least for sample, least in zip(found, limit, strict=True))
        low, high = sorted(found)[len(found) // 10], sorted(found)[len(found) * 9 // 10]
        print(f"| {name} | {median(found):.2f} | {low:.2f} .. {high:.2f} | {ratio:.2f} |")


def took(work: Work, count: int) -> float:
    """Microseconds of one call."""
    start = time.perf_counter_ns()
    for _ in range(count):
        work()
    return (time.perf_counter_ns() - start) / count / 1000


def batch(work: Work) -> int:
    """How many calls take about 2 ms."""
    count = 1
    while took(work, count) * count < 1000 and count < 1 << 16:
        count *= 2
    return count


def material(algorithm: str) -> tuple[Key, Any, bytes]:
    """One key for everyone: ours, that of cryptography, and as PEM."""
    match algorithm:
        case "HS256":
            return Key.hmac(SECRET), SECRET, SECRET
        case "RS256":
            private: Any = rsa.generate_private_key(65537, 2048)
        case "ES256":
            private = ec.generate_private_key(ec.SECP256R1())
        case _:
            private = ed25519.Ed25519PrivateKey.generate()
    pkcs8 = serialization.PrivateFormat.PKCS8
    pem = private.private_bytes(serialization.Encoding.PEM, pkcs8, serialization.NoEncryption())
    return Key.from_pem(pem.decode(), algorithm=algorithm), private, pem


def limits(algorithm: str, private: Any, text: bytes) -> tuple[str, Work, Work]:
    """The raw primitive over the same input."""
    match algorithm:
        case "HS256":
            return "hmac.digest", *[lambda: hmac.digest(SECRET, text, "sha256")] * 2
        case "RS256":
            rest: tuple[Any, ...] = (padding.PKCS1v15(), hashes.SHA256())
        case "ES256":
            rest = (ec.ECDSA(hashes.SHA256()),)
        case _:
            rest = ()
    public, signature = private.public_key(), private.sign(text, *rest)
    return "cryptography", lambda: private.sign(text, *rest), lambda: public.verify(signature, text, *rest)


def run(algorithm: str) -> None:
    key, private, pem = material(algorithm)
    issuer = Issuer(KeySet(key), ISSUER)
    verifier = Verifier(KeySet(key), issuer=ISSUER, audience=AUDIENCE)
    token = issuer.mint(GIVEN, LIFETIME, now=IAT)
    assert algorithm != "HS256" or len(token) == 493
    limit, sign, verify = limits(algorithm, private, token.rpartition(".")[0].encode())

    public = private if algorithm == "HS256" else private.public_key()
    header = {"alg": algorithm, "typ": "JWT"}
    kind = {"HS256": "oct", "RS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}[algorithm]
    rfc_key = joserfc.jwk.import_key(pem, kind)
    rfc_algorithm = "Ed25519" if algorithm == "EdDSA" else algorithm
    rfc_header = {**header, "alg": rfc_algorithm}
    registry = joserfc.jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER}, aud={"essential": True, "value": AUDIENCE}, exp={"essential": True}
    )
    auth = JsonWebToken([algorithm])
    auth_key = JsonWebKey.import_key(pem, {"kty": kind})
    auth_claims = {name: {"essential": True, "value": ALL[name]} for name in ("iss", "aud")} | {
        "exp": {"essential": True}
    }
    rfc_token = joserfc.jwt.encode(rfc_header, ALL, rfc_key, algorithms=[rfc_algorithm])

    def joserfc_verify() -> object:
        found = joserfc.jwt.decode(rfc_token, rfc_key, algorithms=[rfc_algorithm])
        registry.validate(found.claims)
        return found.claims

    def authlib_verify() -> object:
        found = auth.decode(token, auth_key, claims_options=auth_claims)
        found.validate()
        return found

    def pyjwt_verify() -> object:
        return jwt.decode(token, public, algorithms=[algorithm], audience=AUDIENCE, issuer=ISSUER)

    assert verifier.verify(token) == pyjwt_verify() == authlib_verify() == joserfc_verify() == ALL
    mints: dict[str, Work] = {
        limit: sign,
        "tokenmint": lambda: issuer.mint(GIVEN, LIFETIME, now=IAT, seed=SEED),
        "tokenmint, by the system's clock": lambda: issuer.mint(GIVEN, LIFETIME),
        "tokenmint, and with an id that is drawn": lambda: issuer.mint(NAMELESS, LIFETIME),
        "PyJWT": lambda: jwt.encode(ALL, private, algorithm),
        "joserfc": lambda: joserfc.jwt.encode(rfc_header, ALL, rfc_key, algorithms=[rfc_algorithm]),
        "authlib": lambda: auth.encode(header, ALL, auth_key),
    }
    verifications: dict[str, Work] = {
        limit: verify,
        "tokenmint": lambda: verifier.verify(token),
        "PyJWT": pyjwt_verify,
        "joserfc": joserfc_verify,
        "authlib": authlib_verify,
    }
    turns = 201 if algorithm == "HS256" else 51
    table(f"mint {algorithm}", mints, turns)
    table(f"verify {algorithm}", verifications, turns)


def main() -> None:
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("tokenmint", "PyJWT", "joserfc", "Authlib", "cryptography")
    )
    print(f"CPython {platform.python_version()}; {packages}; load {os.getloadavg()[0]:.1f}")
    print('"x limit" is the median over all turns of the ratio to the first row within the same turn.')
    for algorithm in ("HS256", "RS256", "ES256", "EdDSA"):
        if not sys.argv[1:] or sys.argv[1].upper() in algorithm.upper():
            run(algorithm)


if __name__ == "__main__":
    main()
