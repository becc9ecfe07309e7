"""The endpoint behind the servers that carry it, and clients whose requests do not arrive whole."""

import json
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from socket import SHUT_WR, create_connection, create_server
from types import TracebackType

import pytest

# Without its watchdog, which would end a worker on a machine that is busy.
GUNICORN = ["-m", "gunicorn", "--bind", "fd://{}", "--timeout", "0", "--no-control-socket"]
# Each is given a socket that listens already: nobody has to wait for it.
SERVERS = {
    "gunicorn": [*GUNICORN, "served:wsgi"],
    "gunicorn-threads": [*GUNICORN, "--threads", "4", "served:wsgi"],
    "waitress": ["served.py", "waitress", "{}"],
    "wsgiref": ["served.py", "wsgiref", "{}"],
    "uvicorn": ["-m", "uvicorn", "--fd", "{}", "served:asgi"],
    "hypercorn": ["-m", "hypercorn", "--keep-alive", "60", "--bind", "fd://{}", "served:asgi"],
}
LIMIT_SECONDS = 60
TOKEN = "/entity/ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced/token"
INVALIDATE = "/organization/invalidateTokens"
KEY = "demo-mercoa-key"
ANOTHER = b'{"sessionId":["another"]}'
CHUNKED = "transfer-encoding: chunked"


class Server:
    def __init__(self, name: str) -> None:
        self.name = name
        with create_server(("127.0.0.1", 0)) as listening:
            self.address = listening.getsockname()
            fd = listening.fileno()
            self.process = subprocess.Popen(
                [sys.executable, "-B", *(part.format(fd) for part in SERVERS[name])],
                cwd=Path(__file__).parent,
                pass_fds=[fd],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )

    def __enter__(self) -> "Server":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        _, said = self.process.communicate(timeout=LIMIT_SECONDS)
        # Whatever a client does is no fault of the application's.
        assert "Traceback" not in said, said

    def ask(
        self, path: str, header: str, body: bytes = b"", bearer: str = KEY, whole: bool = True
    ) -> tuple[int, bytes]:
        """Sends a request, and nothing more where it is not whole; 0 where the server hangs up without a word."""
        lines = [f"POST {path} HTTP/1.1", "host: localhost", "connection: close", f"authorization: Bearer {bearer}"]
        lines += ["content-type: application/json", header, "", ""]
        with create_connection(self.address, timeout=LIMIT_SECONDS) as connection:
            connection.sendall("\r\n".join(lines).encode() + body)
            if not whole:
                connection.shutdown(SHUT_WR)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        head, _, content = answer.partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]) if head else 0, content

    def post(self, path: str, body: bytes, bearer: str = KEY) -> tuple[int, bytes]:
        return self.ask(path, f"content-length: {len(body)}", body, bearer)

    def token(self) -> str:
        status, body = self.post(TOKEN, b"{}")
        assert status == 200, body
        token: str = json.loads(body)
        return token

    def stands(self, token: str) -> bool:
        return self.post(TOKEN, b"{}", token)[0] == 200


@pytest.fixture(params=SERVERS, scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with Server(request.param) as server:
        yield server


def chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)


def test_whole_requests(server: Server) -> None:
    token = server.token()
    assert server.post(INVALIDATE, ANOTHER)[0] == 200
    # Who cannot read a body in chunks says so.
    chunked = 411 if server.name == "wsgiref" else 200
    assert server.ask(INVALIDATE, CHUNKED, chunks(ANOTHER[:9], ANOTHER[9:]) + chunks(b""))[0] == chunked
    assert server.stands(token)
    assert server.post(INVALIDATE, b"")[0] == 200
    assert not server.stands(token)


TORN = {
    "nothing of it": ("content-length: 25", b""),
    "blanks of it": ("content-length: 25", b"   "),
    "half of it": ("content-length: 25", ANOTHER[:12]),
    "all but a byte": ("content-length: 26", ANOTHER),
    "no chunk": (CHUNKED, b""),
    "an empty line": (CHUNKED, b"\r\n"),
    "a chunk of blanks": (CHUNKED, chunks(b"   ")),
    "half a chunk": (CHUNKED, chunks(ANOTHER)[:12]),
    "no last chunk": (CHUNKED, chunks(ANOTHER)),
    "no chunks": (CHUNKED, b"zz\r\n\r\n"),
    "blanks, then no chunk": (CHUNKED, chunks(b"  ") + b"zz\r\n"),
}


@pytest.mark.parametrize("torn", TORN)
def test_nothing_is_done_for_a_request_that_is_torn(server: Server, torn: str) -> None:
    token = server.token()
    status, body = server.ask(INVALIDATE, *TORN[torn], whole=False)
    if server.name == "wsgiref" and TORN[torn][0] == CHUNKED:
        assert (status, json.loads(body)["errorName"]) == (411, "LengthRequired")
        status = 400
    # To who is gone waitress and the servers of ASGI say nothing, or they refuse by themselves.
    assert status in (0, 400), body
    if server.name.startswith("gunicorn"):
        assert (status, json.loads(body)["errorName"]) == (400, "BadRequest")
    assert server.stands(token)


@pytest.mark.parametrize("length", ["-1", "+25", "25x", "0x19", "2 5", "25, 24", "0" * 5000 + "x"])
def test_a_length_that_is_none(server: Server, length: str) -> None:
    token = server.token()
    status, body = server.ask(INVALIDATE, f"content-length: {length}", ANOTHER)
    assert 400 <= status < 500, body
    assert server.stands(token)


def test_pages_of_other_origins(server: Server) -> None:
    def ask(method: str, path: str, origin: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str]]:
        connection = HTTPConnection(server.address[0], server.address[1], timeout=LIMIT_SECONDS)
        connection.request(method, path, headers={"Origin": origin, "Connection": "close"} | (headers or {}))
        answer = connection.getresponse()
        answer.read()
        connection.close()
        said = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, {
            name: said[name] for name in said if name.startswith("access-control-") or name == "vary"
        }

    page, other = "https://app.example.com", "https://evil.example"
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    assert ask("OPTIONS", TOKEN, page, asks) == (
        204,
        {
            "access-control-allow-origin": page,
            "access-control-allow-methods": "POST",
            "access-control-allow-headers": "authorization",
            "access-control-max-age": "7200",
            "vary": "Origin",
        },
    )
    assert ask("OPTIONS", TOKEN, other, asks) == (204, {"vary": "Origin"})
    read = {"access-control-allow-origin": page, "access-control-expose-headers": "Retry-After", "vary": "Origin"}
    assert ask("POST", TOKEN, page, {"Content-Length": "0"}) == (401, read)
    assert ask("POST", TOKEN, other, {"Content-Length": "0"}) == (401, {"vary": "Origin"})
    status, said = ask("HEAD", "/.well-known/jwks.json", other)
    assert (status, said["access-control-allow-origin"]) == (200, "*")


def test_a_body_that_is_too_large(server: Server) -> None:
    token, large = server.token(), b" " * 900_000
    status, body = server.post(INVALIDATE, large)
    assert (status, json.loads(body)["content"]) == (413, "the body has 900000 bytes, at most 65536 are read")
    if server.name != "wsgiref":
        status, body = server.ask(INVALIDATE, CHUNKED, chunks(large, b""))
        assert (status, json.loads(body)["errorName"]) == (413, "ContentTooLarge")
    assert server.stands(token)


def test_a_slash_within_an_id(server: Server) -> None:
    # One server of these tells the decoded path only.
    expected = 404 if server.name == "wsgiref" else 200
    assert server.post("/entity/acme%2F42/token?x=y", b"{}")[0] == expected
    assert server.post("/entity/acme/42/token", b"{}")[0] == 404


def test_a_body_that_takes_too_long() -> None:
    with Server("wsgiref") as server:
        token = server.token()
        status, body = server.ask(INVALIDATE, "impatient: yes\r\ncontent-length: 25", ANOTHER[:5])
        assert (status, json.loads(body)["errorName"]) == (408, "RequestTimeout")
        assert server.stands(token)
