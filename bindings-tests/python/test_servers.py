"""The endpoint as WSGI and ASGI applications, on stores in memory, in Python, and later ones."""

import asyncio
import io
import json
from collections.abc import Callable
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import httpx
import pytest
from stores import DictStore, LaterStore
from tokenmint import Endpoint, MemoryStore
from tokenmint.store import Command, Reply, StoreUnavailable
from vectors import load

CONFIG = load("transcripts.json")["config"]
ENDPOINT = Endpoint(CONFIG)
BEARER = {"Authorization": "Bearer demo-mercoa-key", "Content-Type": "application/json"}
PATH = "/entity/ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced/token"


def prepared(store: Any) -> Any:
    asyncio.run(ENDPOINT.prepare().run_async(store))
    return store


def wsgi(
    store: Any, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[str, dict[str, str], bytes]:
    path, _, query = path.partition("?")
    environ: dict[str, Any] = {"REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query}
    environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), "SERVER_PROTOCOL": "HTTP/1.1"}
    for name, value in (headers or {}).items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    setup_testing_defaults(environ)
    seen: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        seen.extend((status, dict(headers)))
        return seen.append

    parts = validator(ENDPOINT.wsgi(store))(environ, start_response)
    answer = b"".join(parts)
    parts.close()  # type: ignore[attr-defined]
    return seen[0], seen[1], answer


@pytest.mark.parametrize("store", [MemoryStore, DictStore])
def test_wsgi(store: type[MemoryStore] | type[DictStore]) -> None:
    used = prepared(store())
    status, headers, body = wsgi(used, "POST", PATH, b'{"expiresIn":"1h"}', BEARER)
    assert (status, headers["content-type"], int(headers["content-length"])) == (
        "200 OK",
        "application/json",
        len(body),
    )
    assert json.loads(body).startswith("eyJ")
    assert wsgi(used, "GET", "/.well-known/jwks.json")[0] == "200 OK"
    assert wsgi(used, "POST", PATH, b"{}")[0].startswith("401 ")
    assert wsgi(used, "POST", PATH, b"x" * (Endpoint.MAX_BODY + 1), BEARER)[0].startswith("413 ")
    assert wsgi(used, "GET", "/nothing/\xc3\xbc /?a=b%20c")[0].startswith("404 ")


def test_asgi_answers_as_wsgi_does() -> None:
    async def requests(client: httpx.AsyncClient) -> list[httpx.Response]:
        return [
            await client.post(PATH, content=b'{"expiresIn":"1h"}', headers=BEARER),
            await client.get("/.well-known/jwks.json"),
            await client.post(PATH, content=b"{}"),
            await client.post(PATH, content=b"x" * (Endpoint.MAX_BODY + 1), headers=BEARER),
            await client.get("/nothing/\xfc %/?a=b%20c"),
        ]

    async def run(store: Any) -> list[httpx.Response]:
        transport = httpx.ASGITransport(ENDPOINT.asgi(store))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await requests(client)

    for store in (MemoryStore(), DictStore(), LaterStore()):
        responses = asyncio.run(run(prepared(store)))
        assert [response.status_code for response in responses] == [200, 200, 401, 413, 404]
        assert responses[0].json().startswith("eyJ")
        assert responses[0].headers["content-length"] == str(len(responses[0].content))


def test_asgi_reads_bodies_in_pieces_and_answers_lifespan() -> None:
    app = ENDPOINT.asgi(prepared(MemoryStore()))

    async def drive(scope: dict[str, Any], messages: list[dict[str, Any]]) -> list[Any]:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return messages.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        await app(scope, receive, send)
        return sent

    headers = [(name.lower().encode(), value.encode()) for name, value in BEARER.items()]
    scope = {"type": "http", "method": "POST", "path": "/mount" + PATH, "root_path": "/mount", "headers": headers}
    pieces = [
        {"type": "http.request", "body": part, "more_body": more}
        for part, more in ((b'{"expires', True), (b'In":"1h"}', False))
    ]
    assert asyncio.run(drive(scope, pieces))[0]["status"] == 200
    encoded = "/entity/ent%2Fa0/token"
    sent = {**scope, "path": "/mount/entity/ent/a0/token", "raw_path": f"/mount{encoded}".encode()}
    answer = asyncio.run(drive(sent, [{"type": "http.request"}]))[1]["body"]
    assert answer == ENDPOINT.handle("POST", encoded, BEARER).run(prepared(MemoryStore())).body
    assert answer != ENDPOINT.handle("POST", "/entity/ent/a0/token", BEARER).run(prepared(MemoryStore())).body
    lifespan = asyncio.run(drive({"type": "lifespan"}, [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]))
    assert [message["type"] for message in lifespan] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    with pytest.raises(ValueError, match="websocket"):
        asyncio.run(drive({"type": "websocket"}, []))


def test_what_is_no_http_is_refused() -> None:
    from tokenmint.errors import InvalidRequest

    for method, target, headers in [
        ("GET", "/a b", {}),
        ("G ET", "/", {}),
        ("GET", "/", {"x": "a\r\nb: c"}),
        ("GET", "/", {"a b": "c"}),
        ("GET", "", {}),
    ]:
        with pytest.raises(InvalidRequest):
            ENDPOINT.handle(method, target, headers)


class Broken:
    """A store that fails as it is told."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def execute(self, command: Command, /) -> Reply:
        raise self.error


def test_what_a_store_raises() -> None:
    task = ENDPOINT.handle("POST", PATH, BEARER, b"{}")
    assert task.run(Broken(StoreUnavailable("away"))).status == 503
    task = ENDPOINT.handle("POST", PATH, BEARER, b"{}")
    with pytest.raises(ZeroDivisionError):
        task.run(Broken(ZeroDivisionError()))
    with pytest.raises(TypeError, match="one of the replies"):
        task.step("nonsense")  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="not finished"):
        task.result()
    assert task.step() == task.step()
