"""Threads share everything; memory stays flat."""

import contextlib
import itertools
import resource
import threading
from pathlib import Path
from typing import Any

import pytest
from tokenmint import Issuer, Key, KeySet, MemoryStore
from tokenmint.errors import ClaimsNotJson, TokenExpired
from vectors import ROOT

CLAIMS: dict[str, Any] = {"sub": "ent_1", "jti": "j", "pages": {"a": True, "b": [1, "x"]}, "n": 2**63}


def issuer(key: Key) -> Issuer:
    return Issuer(KeySet(key), "https://api.example.com", audience="app")


@pytest.mark.parametrize("algorithm", ["HS256", "EdDSA", "RS256"])
def test_eight_threads_on_one_issuer(algorithm: str) -> None:
    key = (
        Key.from_pem((ROOT / "core/tests-data/keys/rsa2048.pem").read_text(), algorithm="RS256")
        if algorithm == "RS256"
        else Key.generate(algorithm)
    )
    shared, store = issuer(key), MemoryStore()
    shared.create_client("c1", organization="o", secret="s", permissions=["client_credentials"]).run(store)
    expected = shared.mint(CLAIMS, 60, now=1_700_000_000)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            verifier = shared.verifier()
            for _ in range(200):
                assert shared.mint(CLAIMS, 60, now=1_700_000_000) == expected
                assert verifier.verify(expected, now=1_700_000_000)["n"] == 2**63
                assert (
                    shared.check(shared.client_credentials("c1", "s").run(store).access_token).run(store).client_id
                    == "c1"
                )
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_claims_that_other_threads_change() -> None:
    """Without a GIL this goes on within one mint; then the claims may be refused, and nothing else happens."""
    shared = issuer(Key.generate("HS256"))
    claims: dict[str, Any] = {"pages": {}, "list": []}
    failures: list[BaseException] = []
    minted = threading.Event()

    def change() -> None:
        for at in itertools.cycle(range(50)):
            claims["pages"].update({f"p{at}": at})
            claims["list"].append(at)
            if at == 49:
                claims["pages"].clear()
                claims["list"].clear()
                if minted.is_set():
                    return

    def work() -> None:
        try:
            for _ in range(500):
                with contextlib.suppress(ClaimsNotJson):
                    shared.mint(claims, 60)
        except BaseException as error:
            failures.append(error)

    changing = [threading.Thread(target=change) for _ in range(2)]
    minting = [threading.Thread(target=work) for _ in range(2)]
    for thread in changing + minting:
        thread.start()
    for thread in minting:
        thread.join()
    minted.set()
    for thread in changing:
        thread.join()
    assert not failures


def resident() -> int:
    """Resident memory in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_a_million_rounds_keep_memory_flat() -> None:
    shared = issuer(Key.generate("HS256"))
    verifier = shared.verifier()
    token = shared.mint(CLAIMS, 60, now=1_700_000_000)

    def rounds(count: int) -> None:
        for _ in range(count):
            verifier.verify(shared.mint(CLAIMS, 60, now=1_700_000_000), now=1_700_000_000)

    def failures(count: int) -> None:
        for _ in range(count):
            for call in (lambda: verifier.verify(token, now=1_800_000_000), lambda: shared.mint({"x": [b""]}, 60)):
                with contextlib.suppress(TokenExpired, ClaimsNotJson):
                    call()

    rounds(50_000)
    failures(5_000)
    before = resident()
    rounds(1_000_000)
    failures(50_000)
    assert resident() - before < 2048
