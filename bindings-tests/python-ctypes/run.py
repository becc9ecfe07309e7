"""All vectors through the shared library, with nothing but ctypes: `run.py LIBRARY`.

Flows and HTTP exchanges run twice: on the library's store in memory, and step by step on a dictionary.
"""

import json
import re
import sys
from ctypes import byref, c_int64, c_size_t, c_uint64, c_void_p
from pathlib import Path

from library import Bytes, Library, Refused, micros, seconds, seed
from store import DictStore, drive, padded

ROOT = Path(__file__).parents[2]
library = Library(sys.argv[1])
LENIENT = '{"issuer":"https://issuer.example","any_audience":true,"any_token_type":true}'
counts = {"passed": 0, "failed": 0}


def check(name, found, wanted):
    counts["passed" if found == wanted else "failed"] += 1
    if found != wanted:
        print(f"{name}:\n  found    {found}\n  expected {wanted}", file=sys.stderr)


def vectors(name):
    return json.loads((ROOT / f"bindings-tests/vectors/{name}.json").read_text())


def text(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def outcome(call, *arguments):
    """What a call gives, or the name of its error."""
    try:
        return call(*arguments), None
    except Refused as refused:
        return None, refused.code


def lifetimes():
    def found(case):
        function, given = case["function"], case["input"]
        if function == "format":
            return {"text": library.text("lifetime_format", c_uint64(given))}
        if function == "node_jsonwebtoken":
            exp = c_int64()
            library.call("lifetime_node_jsonwebtoken", given, c_int64(case["iat"]), byref(exp))
            return {"exp": exp.value}
        count = c_uint64()
        library.call(f"lifetime_{function}", given, byref(count))
        return {"seconds": count.value}

    for case in vectors("lifetimes")["cases"]:
        value, error = outcome(found, case)
        check(case["id"], value or {"error": error}, case["expect"])


def policy(described):
    return text({name: value for name, value in described.items() if name != "key"})


def issuer(described):
    key = described["key"]
    if "pem" in key:
        pem = (ROOT / key["pem"]).read_text()
        keys = library.handle("keys", "keys_pem", key.get("kid"), key["alg"], pem)
    else:
        keys = library.handle("keys", "keys_jwk", text(key), None)
    return keys, library.handle("issuer", "issuer_new", keys, policy(described))


def mint():
    file = vectors("mint")
    for case in file["cases"]:
        described = file["issuers"][case["issuer"]]
        keys, minter = issuer(described)
        now = seconds(case["now"])
        arguments = [text(case["claims"]), case.get("members"), case["expires_in"], now, seed(case["seed"])]
        token, error = outcome(library.text, "mint", minter, *arguments)
        wanted = case.get("output", {})
        if "signing_input" in wanted:
            check(case["id"], token.rpartition(".")[0], wanted["signing_input"])
            verifier = library.handle("verifier", "verifier_new", keys, LENIENT)
            check(case["id"], outcome(library.text, "verify", verifier, token, now)[1], None)
            continue
        check(case["id"], (token, error), (wanted.get("token"), case.get("error")))
        if described["key"]["alg"] == "HS256" and described["key"].get("kid"):
            check(case["id"], outcome(mint_held, described, keys, arguments), (token, error))


def mint_held(described, keys, arguments):
    """The same with the key held here, and verified here: the library never sees the secret."""
    key, now = described["key"], arguments[3]
    held = library.handle("keys", "keys_held", "held here", key["kid"], "HS256", c_void_p())
    minter = library.handle("issuer", "issuer_new", held, policy(described))
    store = DictStore(padded(key["k"]))
    token = drive(library, library.handle("task", "mint_task", minter, *arguments), store)
    here, there = (library.handle("verifier", "verifier_new", known, LENIENT) for known in (held, keys))
    claims = outcome(drive, library, library.handle("task", "verify_task", here, token, now), store)
    check("held", claims, outcome(library.text, "verify", there, token, now))
    return token


def key_set(keys, algorithms):
    """A key set, and the reasons for which keys were left out."""
    skipped = Bytes()
    found = c_void_p()
    library.call("keys_jwks", text({"keys": keys}), " ".join(algorithms), byref(found), byref(skipped))
    return library.own("keys", found), json.loads(library.take(skipped))


def expectations(options, algorithms):
    names = {"iss": "issuer", "aud": "audience", "typ": "token_type"}
    config = {name: options[short] for short, name in names.items() if short in options}
    config.update({f"any_{name}": True for short, name in names.items() if short not in options})
    others = {"sub": "subject", "required": "require", "max_age": "max_age", "leeway": "leeway_seconds"}
    config.update({name: options[short] for short, name in others.items() if short in options})
    return config | {"algorithms": algorithms, "without_expiry": "exp" not in options.get("required", [])}


def judge(case):
    token = case.get("token")
    if token is None:
        token = "".join(part * times for part, times in case["token_rle"])
    algorithms = [name for name in case["allowed_algs"] if outcome(key_set, [], [name])[1] is None]
    if case["allowed_algs"] and not algorithms:
        return "algorithm_not_allowed"  # nothing that is allowed is an algorithm
    # The algorithm that the token names stands first, for a JWK that names none and could serve several.
    header = outcome(lambda: library.decode_header(token))[0]
    named = json.loads(header).get("alg") if header else None
    algorithms.sort(key=lambda name: name != named)
    given = ([case["key"]] if "key" in case else case.get("jwks", {"keys": []})["keys"]) if algorithms else []
    keys, skipped = key_set(given, algorithms)
    if given and len(skipped) == len(given):
        return skipped[0]["error"]
    verifier = library.handle("verifier", "verifier_new", keys, text(expectations(case["opts"], algorithms)))
    if case["mode"] == "jws":
        library.data("verify_jws", verifier, token)
        return None
    now = seconds(case["opts"]["now"])
    claims, error = outcome(library.text, "verify", verifier, token, now)
    if "claims" in case and claims:
        check(case["id"], json.loads(claims), case["claims"])
    explained = json.loads(library.text("explain", verifier, token, now))
    check(case["id"], (explained["accepted"], explained.get("error")), (error is None, error))
    return error


def verify():
    for case in vectors("verify")["cases"]:
        verdict, error = outcome(judge, case)
        check(case["id"], error or verdict, case.get("code"))


def dpop():
    file = vectors("dpop")
    keys = library.handle("keys", "keys_jwk", text(file["issuer"]["key"]), None)
    for case in file["cases"]:
        config = file["verifier"] | ({"dpop": case["dpop"]} if "dpop" in case else {})
        verifier = library.handle("verifier", "verifier_new", keys, text(config))
        window = library.handle("proof_window", "proof_window_new", c_size_t(1))
        given = [case["token"], case["proof"], case["method"], case["url"], seconds(case["now"])]
        claims, error = outcome(library.text, "verify_bound", verifier, window, *given)
        jkt = claims and json.loads(claims)["cnf"]["jkt"]
        check(case["id"], (jkt, error), (case.get("output", {}).get("jkt"), case.get("error")))


def proofs():
    file = vectors("proofs")
    keys, _ = key_set(file["jwks"]["keys"], [])
    verifier = library.handle("verifier", "verifier_new", keys, text(file["verifier"]))
    for case in file["cases"]:
        window = library.handle("proof_window", "proof_window_new", c_size_t(case.get("window", 10)))
        for step in case["steps"]:
            token, now = step["token"], seconds(step["now"])
            if "certificate_sha256" in step:
                given = [token, bytes.fromhex(step["certificate_sha256"]), now]
                claims, error = outcome(library.text, "verify_with_certificate", verifier, *given)
            else:
                given = [token, step["proof"], step["method"], step["url"], now]
                claims, error = outcome(library.text, "verify_bound", verifier, window, *given)
            check(case["id"], (claims and json.loads(claims), error), (step.get("claims"), step.get("error")))


def stores():
    """The library's store, and a way to drive a task on it; and the same for the dictionary."""
    memory = library.handle("store", "store_open", "memory:")

    def run(task):
        library.call("task_run", task, memory)
        return library.text("task_result", task)

    own = DictStore()
    return [run, lambda task: drive(library, task, own)]


def flows():
    file = vectors("flows")
    for case in file["cases"]:
        _, flow_issuer = issuer(file["issuer"] | case.get("policy", {}))
        for run in stores():
            for step in case["steps"]:
                given = [step["op"], text(step["input"]), micros(step["now"]), seed(step["seed"])]
                task = library.handle("task", "issuer_operation", flow_issuer, *given)
                output, error = outcome(run, task)
                wanted = text(step["output"]) if "output" in step else None
                check(case["id"], (output, error), (wanted, step.get("error")))
                check(case["id"], library.text("task_events", task), text(step["events"]))


def transcripts():
    file = vectors("transcripts")
    endpoint = library.handle("endpoint", "endpoint_new", text(file["config"]))
    host = library.handle("issuer", "endpoint_issuer", endpoint, None)
    for case in file["cases"]:
        for run in stores():
            before = micros(case["exchanges"][0]["now"] - 1)
            run(library.handle("task", "endpoint_prepare", endpoint, before, seed("ee" * 32)))
            for exchange in case["exchanges"]:
                now = micros(exchange["now"])
                if "operation" in exchange:
                    given = [exchange["operation"], text(exchange["input"]), now, seed(exchange["seed"])]
                    task = library.handle("task", "issuer_operation", host, *given)
                    check(case["id"], run(task), exchange["response"]["body"])
                    continue
                request = exchange["request"]
                fill = lambda given: fill_in(given, case["exchanges"])  # noqa: E731
                headers = "".join(f"{name}: {fill(value)}\r\n" for name, value in request.get("headers", {}).items())
                arguments = [request["method"], fill(request["target"]), headers, fill(request.get("body") or "")]
                task = library.handle("task", "endpoint_task", endpoint, *arguments, now, seed(exchange["seed"]))
                check(case["id"], run(task), text(exchange["response"]))


def fill_in(given, exchanges):
    """Puts parts of earlier responses in the places that name them."""

    def part(match):
        body = json.loads(exchanges[int(match[1])]["response"]["body"])
        return body[match[2]] if match[2] else body

    return re.sub(r"\{\{(\d+)(?:\.(\w+))?\}\}", part, given)


assert library.abi_version() == 1
for part in (lifetimes, mint, verify, dpop, proofs, flows, transcripts):
    part()
print("python-ctypes: {passed} passed, {failed} failed".format(**counts))
sys.exit(0 if counts["passed"] > 4000 and not counts["failed"] else 1)
