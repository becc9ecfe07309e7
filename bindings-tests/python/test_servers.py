"""The endpoint as WSGI and ASGI applications, on stores in memory, in Python, and later ones."""

import asyncio
import io
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import httpx
import pytest
from stores import DictStore, LaterStore
from tokenmint import Endpoint, MemoryStore
from tokenmint.errors import BodyIncomplete, BodyTimeout, BodyTooLarge, InvalidRequest, LengthRequired
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
    store: Any,
    method: str,
    path: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    more: dict[str, Any] | None = None,
) -> tuple[str, dict[str, str], bytes]:
    path, _, query = path.partition("?")
    environ: dict[str, Any] = {"REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query}
    environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), "SERVER_PROTOCOL": "HTTP/1.1"}
    for name, value in (headers or {}).items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    environ |= more or {}
    setup_testing_defaults(environ)
    seen: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        seen.extend((status, dict(headers)))
        return seen.append

    parts = validator(ENDPOINT.wsgi(store))(environ, start_response)
    answer = b"".join(parts)
    parts.close()  # type: ignore[attr-defined]
    return seen[0], seen[1], answer


def test_a_small_stack_holds_every_body() -> None:
    """Bodies that are as deep as can be, or would be if a text in them were read, on a thread with little room."""
    store = prepared(MemoryStore())
    start = {"end_user_email_address": "m", "end_user_organization_name": "o", "end_user_origin_id": "u"}
    link = json.dumps({**start, "categories": ["hris"]})[:-1] + ', "integration_specific_config": '
    within = "[" * 120 + "]" * 120
    # Each text within a text costs twice the backslashes; six of them are 720 levels.
    for _ in range(6):
        within = "[" * 120 + json.dumps({"$serde_json::private::RawValue": within}) + "]" * 120
    texts = json.dumps({"$serde_json::private::RawValue": within})
    levels = '{"a":' + "[" * 30 + "]" * 30 + "}"
    bodies = [link + texts + "}", link + levels + "}", "[" * 60_000, '{"a":' * 12_000]
    assert max(len(body) for body in bodies) < 64 * 1024
    headers = {"Authorization": "Bearer demo-merge-key", "Content-Type": "application/json"}
    answers: list[str] = []

    def send() -> None:
        for body in bodies:
            for path in ("/api/hris/v1/link-token", PATH, "/v1/auth/token", "/auth/token"):
                answers.append(wsgi(store, "POST", path, body.encode(), headers)[0])

    before = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=send)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert len(answers) == 16 and answers[0] == answers[4] == "200 OK"


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
    status, headers, body = wsgi(used, "GET", "/.well-known/jwks.json")
    assert (status, headers["content-length"]) == ("200 OK", str(len(body)))
    assert wsgi(used, "HEAD", "/.well-known/jwks.json") == (status, headers, b"")
    asks = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}
    status, headers, body = wsgi(used, "OPTIONS", PATH, headers=asks)
    assert (status, "content-length" in headers, body) == ("204 No Content", False, b"")
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


def asgi_scope(path: str, **more: Any) -> dict[str, Any]:
    headers = [(name.lower().encode(), value.encode()) for name, value in BEARER.items()]
    return {"type": "http", "method": "POST", "path": path, "headers": headers, **more}


def asgi(scope: dict[str, Any], receive: Callable[[], Awaitable[Any]]) -> tuple[int, bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    app = ENDPOINT.asgi(prepared(MemoryStore()))

    async def run() -> None:
        await app(scope, receive, send)

    asyncio.run(run())
    return sent[0]["status"], sent[1]["body"]


# What was sent, and what the server made of it: the mount point, and the path below it or, in ASGI, with it.
SENT = [
    ("/entity/a%2Fb/token", "", "/entity/a/b/token", "/entity/a%2Fb/token"),
    ("/entity/a%2fb/token?x=%2F", "", "/entity/a/b/token", "/entity/a%2fb/token"),
    ("http://localhost:80/entity/a%2Fb/token?x", "", "/entity/a/b/token", "/entity/a%2Fb/token"),
    ("/m/entity/a%2Fb/token", "/m", "/entity/a/b/token", "/entity/a%2Fb/token"),
    ("/m%20n/entity/a%2Fb/token", "/m n", "/entity/a/b/token", "/entity/a%2Fb/token"),
    ("/entity/entity/a%2Fb/token", "/entity", "/entity/a/b/token", "/entity/a%2Fb/token"),
    # A server that takes the mount point away.
    ("/entity/a%2Fb/token", "/m", "/entity/a/b/token", "/entity/a%2Fb/token"),
    # A path that only begins as the mount point does.
    ("/entity/a%2Fb/token", "/ent", "/entity/a/b/token", "/entity/a%2Fb/token"),
    # Something in front has rewritten the path: what was sent is not what is asked for.
    ("/entity/a%2Fb/token", "", "/entity/c/token", "/entity/c/token"),
    ("/old/a%2Fb", "/m", "/entity/a b/token", "/entity/a%20b/token"),
    ("*", "", "", "/"),
    ("", "", "/entity/\u00e9%/token", "/entity/%C3%A9%25/token"),
    ("/entity/%C3%A9%2F/token", "", "/entity/\u00e9//token", "/entity/%C3%A9%2F/token"),
]


@pytest.mark.parametrize("sent, mount, path, expected", SENT)
def test_a_path_is_what_was_sent(
    sent: str, mount: str, path: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    handle = Endpoint.handle

    def spy(self: Endpoint, method: str, target: str, *given: Any) -> Any:
        seen.append(target)
        return handle(self, method, target, *given)

    monkeypatch.setattr(Endpoint, "handle", spy)
    told = {"SCRIPT_NAME": mount, "PATH_INFO": path.encode().decode("latin-1")}
    for name in ("REQUEST_URI", "RAW_URI"):
        wsgi(prepared(MemoryStore()), "POST", path, b"{}", BEARER, {**told, name: sent})

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}"}

    raw = sent.removeprefix("http://localhost:80").partition("?")[0].encode()
    for scope in ({"path": path}, {"path": mount + path}):
        # Whether the mount point is counted cannot be seen where the path begins with its name once more.
        if mount != "/entity":
            asgi(asgi_scope(**scope, root_path=mount, raw_path=raw), receive)
    assert set(seen) == {expected}


class Unread:
    """An input that would wait for ever."""

    def read(self, size: int = -1) -> bytes:
        raise AssertionError(f"{size} bytes are waited for")

    readline = readlines = __iter__ = read


def test_wsgi_reads_what_it_can_tell_the_end_of() -> None:
    def answer(length: str | None, input: Any = None, method: str = "POST", **more: Any) -> tuple[str, Any]:
        environ: dict[str, Any] = {"CONTENT_LENGTH": length or "", "wsgi.input": input or Unread(), **more}
        for name in [name for name in environ if name.startswith("wsgi_")]:
            environ[name.replace("_", ".", 1)] = environ.pop(name)
        status, _, body = wsgi(prepared(MemoryStore()), method, PATH, b"", BEARER, environ)
        return status, json.loads(body)

    assert answer(None)[0] == "200 OK"
    # No answer reaches who sends so much: nothing of it is read.
    status, body = answer("1000000000")
    assert (status[:3], body["content"]) == ("413", "the body has 1000000000 bytes, at most 65536 are read")
    assert answer(None, wsgi_input_terminated=True)[0] == "400 Bad Request"
    assert answer(None, io.BytesIO(b"{"), wsgi_input_terminated=True)[0] == "400 Bad Request"
    assert answer(None, io.BytesIO(b"{}"), wsgi_input_terminated=True, HTTP_TRANSFER_ENCODING="Chunked")[0] == "200 OK"
    for coding in ("gzip", "gzip, chunked", "identity"):
        for terminated in (False, True):
            for length in (None, "2"):
                status, body = answer(length, HTTP_TRANSFER_ENCODING=coding, wsgi_input_terminated=terminated)
                assert (status, body["errorName"]) == ("411 Length Required", "LengthRequired")
    # Without either header there may be a body in HTTP/2.
    assert answer(None, SERVER_PROTOCOL="HTTP/2")[0] == "411 Length Required"
    assert answer("2", io.BytesIO(b"{}"), SERVER_PROTOCOL="HTTP/2")[0] == "200 OK"
    assert answer(None, method="GET", SERVER_PROTOCOL="HTTP/2")[0] == "405 Method Not Allowed"


def test_asgi_does_not_read_for_ever() -> None:
    read = 0

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += 1
        assert read < 100
        return {"type": "http.request", "body": b" " * 65_536, "more_body": True}

    status, body = asgi(asgi_scope(PATH), receive)
    assert (status, json.loads(body)["content"]) == (413, "the body has more than 65536 bytes, at most 65536 are read")


def test_a_refusal_has_the_shape_of_its_dialect() -> None:
    for target, error, status, part in [
        ("/organization/invalidateTokens", BodyIncomplete, 400, b'{"errorName":"BadRequest"'),
        ("/v1/auth/token?a=b", BodyTimeout, 408, b'{"error":{"message":'),
        ("/auth/token", LengthRequired, 411, b'{"name":"Length Required"'),
        ("/api/hris/v1/link-token", BodyTooLarge, 413, b'{"detail":'),
        ("/introspect", BodyIncomplete, 400, b'{"error":"invalid_request"'),
    ]:
        response = ENDPOINT.refuse(target, error)
        assert (response.status, response.body[: len(part)]) == (status, part)
        assert not any(name.startswith("access-control-") for name, _ in response.headers)
    open_to_all = ENDPOINT.refuse("/.well-known/jwks.json", BodyTimeout, {"Origin": "https://app.example.com"})
    assert ("access-control-allow-origin", "*") in open_to_all.headers
    with pytest.raises(InvalidRequest):
        ENDPOINT.refuse("/ /", BodyTimeout)


def test_what_is_no_http_is_refused() -> None:
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
