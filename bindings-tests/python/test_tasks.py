"""Tasks by hand, and keys that are not in this process."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from stores import DictStore, LaterStore
from tokenmint import Endpoint, Issuer, Key, KeySet, MemoryStore, TokenError
from tokenmint.errors import FieldInvalid, InvalidClient, KeyCannotSign, RateLimited, StoreUnavailable, TokenRevoked
from tokenmint.issuer import Rate
from tokenmint.store import Command, Done, Load, Reply, Sign, Signed, Verified, VerifySignature
from tokenmint.task import Task

PRIVATE = Key.generate("ES256", kid="k1")
ISSUER = Issuer(KeySet(PRIVATE), "https://api.example.com", audience="api")


def test_a_task_is_driven_step_by_step() -> None:
    store = MemoryStore()
    task = ISSUER.create_client("c1", organization="o", secret="s1", permissions=["client_credentials"])
    command, commands = task.step(), 0
    while command is not None:
        assert task.events == []
        commands += 1
        command = task.step(store.execute(command))
    assert commands >= 1 and [event.event for event in task.events] == ["directory_changed"]
    task.result()
    with pytest.raises(RuntimeError, match="taken before"):
        task.result()
    assert task.step() is None and task.step(Done()) is None

    token = ISSUER.client_credentials("c1", "s1").run(store).access_token
    assert ISSUER.check(token).run(store).client_id == "c1"
    ISSUER.revoke_client("c1").run(store)
    with pytest.raises(TokenRevoked):
        ISSUER.check(token).run(store)


def test_a_refused_task_has_events_and_a_reason() -> None:
    store = MemoryStore()
    task = ISSUER.client_credentials("nobody", "wrong")
    with pytest.raises(InvalidClient):
        task.run(store)
    assert [(event.event, event.reason) for event in task.events] == [("token_refused", "invalid_client")]


def test_what_is_not_known_within_an_input_is_named_by_its_path() -> None:
    link = {"origin_id": "u", "end_user_organization": "o", "end_user_email": "m", "categories": ["ats"]}
    for task, field in (
        (ISSUER.entity_token("b", entity="e", options={"expires_inn": "1h"}), "options.expires_inn"),
        (ISSUER.entity_token("b", entity="e", options={"pages": {"approvls": True}}), "options.pages.approvls"),
        (ISSUER.create_link("b", {**link, "integraton": "x"}, "1h"), "details.integraton"),
    ):
        with pytest.raises(FieldInvalid, match="this field is not known; known are ") as caught:
            task.run(MemoryStore())
        assert caught.value.field == field
    with pytest.raises(TypeError):
        ISSUER.entity_token("b", entity="e", expires_inn="1h")  # type: ignore[call-arg]


def test_a_limit_says_when_to_try_again() -> None:
    limited = Issuer(KeySet(PRIVATE), "i", client_rate=Rate(events=1, per="1h", burst=1))
    for store in (MemoryStore(), DictStore()):
        limited.create_client("c1", organization="o", secret="s", permissions=["client_credentials"]).run(store)
        limited.client_credentials("c1", "s").run(store)
        with pytest.raises(RateLimited) as caught:
            limited.client_credentials("c1", "s").run(store)
        assert caught.value.retry_after is not None and 3500 < caught.value.retry_after <= 3600


def test_a_task_that_was_never_run_says_so() -> None:
    endpoint = Endpoint({"keys": [{"kid": "k1", "secret": "s" * 32}], "mercoa": {"issuer": "i", "key": "k1"}})
    tasks: dict[str, Callable[[], Task[Any]]] = {
        "revoke_all": ISSUER.revoke_all,
        "check": lambda: ISSUER.check("token"),
        "entity_token": lambda: ISSUER.entity_token("key", entity="e"),
        "mint": lambda: ISSUER.mint_task({}, "1h"),
        "verify": lambda: ISSUER.verifier().verify_task("token"),
        "handle": lambda: endpoint.handle("GET", "/"),
        "prepare": endpoint.prepare,
    }
    for name, make in tasks.items():
        with pytest.warns(RuntimeWarning, match=f"^task '{name}' was never run$") as warned:
            make()
        assert warned[0].filename == __file__

    async def later(task: Task[None]) -> None:
        await task.run_async(LaterStore())

    # Under pytest.ini a warning is an error.
    ISSUER.revoke_all().run(MemoryStore())
    ISSUER.revoke_all().run(DictStore())
    ISSUER.revoke_all().step()
    asyncio.run(later(ISSUER.revoke_all()))
    with pytest.raises(InvalidClient):
        ISSUER.client_credentials("nobody", "wrong").run(MemoryStore())


def test_a_task_that_is_left_at_the_end_is_no_error() -> None:
    script = (
        "import tokenmint as t\n"
        "i = t.Issuer(t.KeySet(t.Key.hmac(b's' * 32, kid='k')), 'i', audience='a')\n"
        "left = i.revoke_all(); again = [i.check('x')]; again.append(again)\n"
    )
    ran = subprocess.run([sys.executable, "-W", "always", "-c", script], capture_output=True, text=True)
    assert ran.returncode == 0 and "task 'revoke_all' was never run" in ran.stderr
    assert "Exception ignored" not in ran.stderr and "Error" not in ran.stderr, ran.stderr


class Vault:
    """A store, and the private key, which is only here."""

    def __init__(self) -> None:
        self.store = DictStore()
        self.signed = 0
        # What signs with the key: an issuer's token, taken apart, stands for the vault's own machinery.
        self.signer = Key.hmac(b"a secret of at least thirty-two bytes")

    def execute(self, command: Command, /) -> Reply:
        import hashlib
        import hmac

        secret = b"a secret of at least thirty-two bytes"
        match command:
            case Sign(kid="vault/1", algorithm="HS256", message=message):
                self.signed += 1
                return Signed(signature=hmac.digest(secret, message, hashlib.sha256))
            case VerifySignature(message=message, signature=signature):
                return Verified(valid=hmac.compare_digest(hmac.digest(secret, message, hashlib.sha256), signature))
            case _:
                return self.store.execute(command)


def test_a_key_that_the_host_holds() -> None:
    vault = Vault()
    issuer = Issuer(KeySet(Key.held_by_host("vault/1", "HS256")), "https://api.example.com", audience="api")
    with pytest.raises(KeyCannotSign):
        issuer.mint({}, "1h")
    token = issuer.mint_task({"sub": "s"}, "1h").run(vault)
    assert issuer.verifier().verify_task(token).run(vault)["sub"] == "s"
    assert asyncio.run(issuer.verifier().verify_task(token).run_async(vault))["sub"] == "s"
    with pytest.raises(TokenError):
        issuer.verifier().verify_task(token[:-4] + "AAAA").run(vault)
    issuer.create_client("c1", organization="o", secret="s1", permissions=["client_credentials"]).run(vault)
    before = vault.signed
    issuer.client_credentials("c1", "s1").run(vault)
    assert vault.signed == before + 1
    with pytest.raises(StoreUnavailable):
        issuer.mint_task({}, "1h").run(MemoryStore())


def test_values_that_no_store_may_give() -> None:
    store = MemoryStore()
    with pytest.raises(ValueError, match="1 to 128 bytes"):
        store.execute(Load(keys=(b"",)))
    with pytest.raises(TypeError):
        store.execute("load")  # type: ignore[arg-type]
