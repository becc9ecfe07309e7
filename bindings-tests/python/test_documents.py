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


def test_examples_are_short() -> None:
    for name in ("flask_service", "fastapi_service"):
        assert len((EXAMPLES / f"{name}.py").read_text().splitlines()) < 60
