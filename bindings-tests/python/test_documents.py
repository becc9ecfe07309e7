"""The examples in the documentation, in README, and in examples/python run as they stand."""

import doctest
import importlib.util
import re
import runpy
import threading
import time
from pathlib import Path
from types import ModuleType

import httpx
import pytest
import tokenmint
import uvicorn
from vectors import ROOT

EXAMPLES = ROOT / "examples/python"


@pytest.mark.parametrize(
    "name", ["tokenmint", *(f"tokenmint.{name}" for name in ("endpoint", "errors", "issuer", "store", "task"))]
)
def test_docstrings(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert found.failed == 0


def test_there_are_examples_in_docstrings() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    modules = [
        tokenmint,
        *(importlib.import_module(f"tokenmint.{name}") for name in ("endpoint", "errors", "issuer", "store")),
    ]
    assert sum(bool(test.examples) for module in modules for test in finder.find(module)) >= 5


def test_readme(tmp_path: Path) -> None:
    [text] = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    script = tmp_path / "readme.py"
    script.write_text(text)
    runpy.run_path(str(script))


def test_token_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [text] = re.findall(r"```python\n(.*?)```", (ROOT / "docs/token-source.md").read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    answer = {"access_token": "a1", "token_type": "Bearer", "expires_in": 900, "refresh_token": "r1"}
    names: dict[str, object] = {"response": httpx.Response(200, json=answer)}
    exec(compile(text, "token-source.md", "exec"), names)
    assert names["headers"] == {"Authorization": "Bearer a1"}


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check(client: httpx.Client) -> None:
    """What both services promise."""
    minted = client.post(
        "/widget-token", headers={"Authorization": "Bearer demo-key"}, json={"entity": "ent_1", "pages": ["invoices"]}
    )
    assert minted.status_code == 200 and minted.headers["cache-control"] == "no-store"
    token = minted.json()["token"]
    seen = client.get("/invoices", headers={"Authorization": f"Bearer {token}"})
    assert (seen.status_code, seen.json()) == (200, {"entity": "ent_1", "invoices": []})
    for scheme in ("bearer ", "BEARER  "):
        assert client.get("/invoices", headers={"Authorization": scheme + token}).status_code == 200, scheme
    for wrong in (
        {},
        {"Authorization": "Bearer x"},
        {"Authorization": f"Bearer {token[:-4]}AAAA"},
        {"Authorization": token},
    ):
        refused = client.get("/invoices", headers=wrong)
        assert refused.status_code == 401 and refused.headers["www-authenticate"].startswith("Bearer")
    narrow = client.post(
        "/widget-token", headers={"Authorization": "Bearer demo-key"}, json={"entity": "ent_1", "pages": []}
    ).json()["token"]
    assert client.get("/invoices", headers={"Authorization": f"Bearer {narrow}"}).status_code == 403
    assert (
        client.post(
            "/widget-token", headers={"Authorization": "Bearer other"}, json={"entity": "ent_1", "pages": []}
        ).status_code
        == 401
    )
    keys = client.get("/.well-known/jwks.json").json()["keys"]
    assert [key["kty"] for key in keys] == ["OKP"] and "d" not in keys[0]


def test_flask_example() -> None:
    with httpx.Client(transport=httpx.WSGITransport(app=load("flask_service").app), base_url="http://test") as client:
        check(client)


def test_fastapi_example() -> None:
    config = uvicorn.Config(load("fastapi_service").app, port=0, log_level="error", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            check(client)
    finally:
        server.should_exit = True
        thread.join()


def test_accounts_example() -> None:
    accounts = load("accounts_service")
    with httpx.Client(transport=httpx.WSGITransport(app=accounts.app), base_url="http://test") as client:

        def post(path: str, bearer: str = "", **given: str) -> httpx.Response:
            return client.post(path, headers={"Authorization": f"Bearer {bearer}"}, json=given)

        def get(path: str, bearer: str) -> httpx.Response:
            return client.get(path, headers={"Authorization": f"Bearer {bearer}"})

        def login(device: str, password: str = "correct horse") -> dict[str, str]:
            answer = post("/login", user="alice", password=password, device=device)
            assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
            pair: dict[str, str] = answer.json()
            return pair

        assert post("/login", user="alice", password="wrong").status_code == 401
        assert post("/login", user="bob", password="").status_code == 401
        phone, laptop = login("phone"), login("laptop")
        phone = post("/refresh", refresh_token=phone["refresh_token"]).json()
        seen = get("/devices", phone["access_token"]).json()
        assert {one["session"]: one["device"] for one in seen} == {
            phone["session"]: "phone",
            laptop["session"]: "laptop",
        }
        assert get("/devices", "").status_code == 401
        key = post("/api-keys", phone["access_token"]).json()["api_key"]
        assert key.startswith("acme_") and get("/reports", key).json() == {"owner": "alice", "reports": []}
        assert get("/reports", key[:-1] + "x").status_code == 401

        assert post("/logout-everywhere", phone["access_token"]).status_code == 200
        for ended in (phone, laptop):
            assert get("/devices", ended["access_token"]).status_code == 401
            assert post("/refresh", refresh_token=ended["refresh_token"]).status_code == 400

        tablet = login("tablet")
        for user in ("alice", "bob", "alice"):
            assert post("/forgot", user=user).status_code == 200
        older, newer = (link.partition("#")[2] for link in accounts.outbox)
        assert post("/reset", token=older, password="new").status_code == 404
        assert post("/reset", token=newer, password="battery staple").status_code == 200
        assert post("/reset", token=newer, password="again").status_code == 400
        assert get("/devices", tablet["access_token"]).status_code == 401
        login("tablet", "battery staple")


def test_examples_are_short() -> None:
    for name, most in (("flask_service", 60), ("fastapi_service", 60), ("accounts_service", 100)):
        assert len((EXAMPLES / f"{name}.py").read_text().splitlines()) < most
