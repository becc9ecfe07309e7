"""Every vector file, byte for byte."""

import asyncio
import json
from typing import Any

import pytest
from stores import DictStore, LaterStore
from tokenmint import (
    Endpoint,
    Issuer,
    Key,
    KeySet,
    MemoryStore,
    ProofWindow,
    StatusLists,
    Verifier,
    decode_unverified,
    format_expires_in,
    node_jsonwebtoken_expiry,
    parse_expires_in,
    parse_expires_in_json,
)
from tokenmint.errors import AlgorithmNotAllowed, TokenmintError
from vectors import ROOT, events, fill, flow, flow_issuer, load, outcome, plain, present


def named(file: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in load(file)["cases"]])


@named("lifetimes.json")
def test_lifetimes(case: dict[str, Any]) -> None:
    given = case["input"]
    found: Any
    match case["function"]:
        case "parse":
            found = outcome(lambda: {"seconds": parse_expires_in(given)})
        case "from_json":
            found = outcome(lambda: {"seconds": parse_expires_in_json(given)})
        case "format":
            found = outcome(lambda: {"text": format_expires_in(given)})
        case "node_jsonwebtoken":
            found = outcome(lambda: {"exp": node_jsonwebtoken_expiry(given, case["iat"])})
        case other:
            pytest.fail(other)
    assert found == case["expect"].get("error", case["expect"])


def mint_issuer(name: str) -> Issuer:
    policy = dict(load("mint.json")["issuers"][name])
    described = policy.pop("key")
    if "pem" in described:
        key = Key.from_pem((ROOT / described["pem"]).read_text(), kid=described["kid"], algorithm=described["alg"])
    else:
        key = Key.from_jwk(described)
    return Issuer(KeySet(key), policy.pop("issuer"), **policy)


@named("mint.json")
def test_mint(case: dict[str, Any]) -> None:
    issuer = mint_issuer(case["issuer"])
    lifetime, moment = case["expires_in"], {"now": case["now"], "seed": bytes.fromhex(case["seed"])}

    def mint() -> str:
        if "members" in case:
            return issuer.mint_json(case.get("claims", {}), case["members"], lifetime, **moment)
        return issuer.mint(case["claims"], lifetime, **moment)

    token = outcome(mint)
    if "error" in case:
        assert token == case["error"]
    elif "signing_input" in case["output"]:
        assert token.rpartition(".")[0] == case["output"]["signing_input"]
        claims = decode_unverified(token).claims
        audience = claims["aud"][0] if isinstance(claims["aud"], list) else claims["aud"]
        assert issuer.verifier(audience=audience).verify(token, now=case["now"]) == claims
    else:
        assert token == case["output"]["token"]


@named("dpop.json")
def test_dpop(case: dict[str, Any]) -> None:
    file = load("dpop.json")
    expected = file["verifier"] | ({"dpop": case["dpop"]} if "dpop" in case else {})
    verifier = Verifier(KeySet(Key.from_jwk(file["issuer"]["key"])), **expected)
    place = {"method": case["method"], "url": case["url"]}
    try:
        window = ProofWindow(1)
        claims = verifier.verify_bound(case["token"], case["proof"], **place, window=window, now=case["now"])
    except TokenmintError as error:
        assert (error.code, error.field or "") == (case["error"], case["field"])
    else:
        assert claims["cnf"]["jkt"] == case["output"]["jkt"]


@named("proofs.json")
def test_proofs(case: dict[str, Any]) -> None:
    file = load("proofs.json")
    verifier = Verifier(KeySet.from_jwks(file["jwks"]), **file["verifier"])
    window = ProofWindow(case.get("window", 10))
    for step in case["steps"]:

        def asked(step: dict[str, Any] = step) -> Any:
            token, now = step["token"], step["now"]
            if "certificate_sha256" in step:
                return verifier.verify_with_certificate(token, bytes.fromhex(step["certificate_sha256"]), now=now)
            place = {"method": step["method"], "url": step["url"]}
            return verifier.verify_bound(token, step["proof"], **place, window=window, now=now)

        assert outcome(asked) == step.get("error", step.get("claims"))


def verdict(case: dict[str, Any]) -> Any:
    token = "".join(text * times for text, times in case["token_rle"]) if "token_rle" in case else case["token"]
    opts, algorithms = case["opts"], known(case["allowed_algs"], token)
    jwks = {"keys": [case["key"]]} if case.get("key") else case.get("jwks") or {"keys": []}
    keys = KeySet.from_jwks(jwks if algorithms else {"keys": []}, algorithms=algorithms)
    if keys.skipped and len(keys) == 0:
        raise keys.skipped[0][1]
    required = opts.get("required", [])
    verifier = Verifier(
        keys,
        issuer=opts.get("iss"),
        any_issuer="iss" not in opts,
        audience=opts.get("aud"),
        any_audience="aud" not in opts,
        subject=opts.get("sub"),
        token_type=opts.get("typ"),
        any_token_type="typ" not in opts,
        without_expiry="exp" not in required,
        require=required,
        algorithms=algorithms,
        max_age=opts.get("max_age"),
        leeway_seconds=opts.get("leeway", 0),
    )
    if case["mode"] == "jws":
        return verifier.verify_jws(token).payload
    explanation = verifier.explain(token, now=opts["now"])
    assert explanation.accepted == (explanation.error is None)
    try:
        claims = verifier.verify(token, now=opts["now"])
    except TokenmintError as error:
        assert explanation.error is not None and explanation.error.code == error.code
        raise
    assert explanation.accepted
    return claims


def known(allowed: list[str], token: str) -> list[str]:
    """The allow list without foreign names; first the algorithm that the token names."""
    ours = [name for name in allowed if name in ALGORITHMS]
    if allowed and not ours:
        raise AlgorithmNotAllowed(field="alg")
    try:
        named = decode_unverified(token).header.get("alg")
    except TokenmintError:
        named = None
    return sorted(ours, key=lambda name: name != named)


ALGORITHMS = [
    "HS256",
    "HS384",
    "HS512",
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
]


@named("verify.json")
def test_verify(case: dict[str, Any]) -> None:
    found = outcome(lambda: verdict(case))
    if case["expect"] == "invalid":
        assert found == case["code"]
    else:
        assert not isinstance(found, str), found
        if isinstance(case.get("claims"), dict):
            assert found == case["claims"]
            # 1 == 1.0 == True in Python: the types must be the same, too.
            assert repr(found) == repr({name: case["claims"][name] for name in found})


@named("flows.json")
@pytest.mark.parametrize("store", [MemoryStore, DictStore, LaterStore])
def test_flows(case: dict[str, Any], store: type[MemoryStore] | type[DictStore] | type[LaterStore]) -> None:
    issuer, used = flow_issuer(case), store()
    for step in case["steps"]:
        task, name = flow(issuer, step), step["op"]
        if isinstance(used, LaterStore):
            later = used
            found = outcome(lambda: plain(asyncio.run(task.run_async(later)), name))
        else:
            atonce = used
            found = outcome(lambda: plain(task.run(atonce), name))
        assert found == step.get("error", present(step.get("output")))
        assert events(task) == step["events"]


@pytest.fixture(scope="module")
def endpoint() -> Endpoint:
    return Endpoint(load("transcripts.json")["config"])


@named("transcripts.json")
def test_transcripts(case: dict[str, Any], endpoint: Endpoint) -> None:
    store, bodies = MemoryStore(), list[str]()
    endpoint.prepare(now=case["exchanges"][0]["now"] - 1, seed=b"\xee" * 32).run(store)
    issuer = endpoint.issuer()
    for exchange in case["exchanges"]:
        if "operation" in exchange:
            name, given = exchange["operation"], exchange["input"]
            moment: dict[str, Any] = {"now": exchange["now"], "seed": bytes.fromhex(exchange["seed"])}
            output = plain(getattr(issuer, name)(**given, **moment).run(store), name)
            assert output == present(json.loads(exchange["response"]["body"]))
            bodies.append(json.dumps(output))
            continue
        request = exchange["request"]
        task = endpoint.handle(
            request["method"],
            fill(request["target"], bodies),
            {name: fill(value, bodies) for name, value in request.get("headers", {}).items()},
            fill(request.get("body", ""), bodies).encode(),
            now=exchange["now"],
            seed=bytes.fromhex(exchange["seed"]),
        )
        response = task.run(store)
        bodies.append(response.body.decode())
        assert {
            "status": response.status,
            "headers": dict(sorted(response.headers)),
            "body": bodies[-1],
        } == exchange["response"]


@named("status_lists.json")
def test_status_lists(case: dict[str, Any]) -> None:
    file = load("status_lists.json")
    keys = KeySet(Key.from_jwk(file["key"]))
    lists = StatusLists(keys, **case["options"])
    verifier = Verifier(keys, issuer=file["issuer"], audience=file["audience"])
    for step in case["steps"]:
        try:
            found = status_step(lists, verifier, step)
        except TokenmintError as error:
            found = (error.code, error.field)
        assert found == (step.get("error", step.get("output")), step.get("field")), step


def status_step(lists: StatusLists, verifier: Verifier, step: dict[str, Any]) -> tuple[str, str | None]:
    now = step["now"]
    if "token" not in step:
        body = step["body"]
        lists.fetched(step["url"], None if body is None else body.encode(), now=now)
        return "taken", None
    wanted = lists.resolve(verifier.verify(step["token"], now=now), now=now)
    assert wanted is None or wanted.url == step["url"]
    return "valid" if wanted is None else "wait" if wanted.waits else "fetch", None
