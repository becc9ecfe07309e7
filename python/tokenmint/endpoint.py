"""The token endpoints of a configuration, for any WSGI or ASGI server."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote, unquote_to_bytes

from tokenmint import _tokenmint
from tokenmint.errors import BodyIncomplete, BodyTimeout, HttpError, InvalidRequest, LengthRequired
from tokenmint.issuer import Issuer
from tokenmint.results import Response
from tokenmint.store import AsyncStore, Store
from tokenmint.task import Task
from tokenmint.values import Now

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
AsgiApplication: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class Endpoint(_tokenmint.Endpoint):
    """The token endpoints of every dialect that the configuration has a section for, JWKS and introspection.

    The configuration is that of `tokenmint serve`, as a dict or as JSON text. Secrets stand in it: this package reads
    no files and no environment.

    >>> from tokenmint import MemoryStore
    >>> endpoint = Endpoint({
    ...     "keys": [{"kid": "k1", "secret": "a secret of at least thirty-two bytes"}],
    ...     "mercoa": {"issuer": "https://api.example.com", "key": "k1"},
    ... })
    >>> store = MemoryStore()
    >>> endpoint.prepare().run(store)
    >>> endpoint.handle("GET", "/.well-known/jwks.json").run(store)
    Response(status=200)
    >>> app = endpoint.wsgi(store)   # or endpoint.asgi(store)
    """

    __slots__ = ()

    def handle(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        *,
        now: Now = None,
        seed: bytes | None = None,
    ) -> Task[Response]:
        """Answers a request; whatever goes wrong is rendered into a response.

        A body of another length than its header `Content-Length` is refused: pass that header on. What did not arrive
        whole by other signs, such as chunks that break off, is for `refuse`.

        Raises `InvalidRequest` for what is no HTTP: a target with blanks, a header with line breaks.
        """
        return Task("handle", self._handle(method, target, _pairs(headers), body, now, seed))

    def prepare(self, *, now: Now = None, seed: bytes | None = None) -> Task[None]:
        """What must be done to the store before the first request, and now and then.

        A store that was wiped has lost what was revoked, so what was issued before is refused from then on.
        """
        return Task("prepare", self._prepare(now, seed))

    def issuer(self, name: str | None = None) -> Issuer:
        """One of the endpoint's issuers, by its `iss`, or the first: for flows that no request asks for, such as
        `start_session` behind your own login. The configuration's clients and keys are there for its flows.

        Raises `InvalidRequest` for one that is not served.
        """
        return _tokenmint.Issuer.__new__(Issuer, self, name)

    def refuse(
        self,
        target: str,
        error: type[HttpError],
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    ) -> Response:
        """The answer to a request that did not arrive whole, in the shape of its path's dialect; nothing is done.

        For adapters to other servers. `error` is `BodyIncomplete`, `BodyTimeout`, `LengthRequired` or `BodyTooLarge` of
        `tokenmint.errors`, `headers` are the request's. Raises `InvalidRequest` as `handle` does.
        """
        return self._refuse(target, _pairs(headers), error.code)

    def wsgi(self, store: Store) -> "WSGIApplication":
        """The endpoints as a WSGI application (PEP 3333).

        A body in chunks is read where the server says that it decodes them (`wsgi.input_terminated`), and refused
        otherwise. A slash within an id (`%2F`) is seen where the server tells the path as it was sent (`REQUEST_URI` or
        `RAW_URI`): gunicorn, uWSGI, mod_wsgi and waitress do, `wsgiref` does not.
        """

        def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            target = _wsgi_target(environ)
            headers = [
                (name[5:].replace("_", "-"), value) for name, value in environ.items() if name.startswith("HTTP_")
            ]
            for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                if environ.get(name):
                    headers.append((name.replace("_", "-"), environ[name]))
            try:
                body = _wsgi_body(environ, self.MAX_BODY)
                response = self.handle(environ["REQUEST_METHOD"], target, headers, body).run(store)
            except _Torn as torn:
                response = self.refuse(target, torn.error, headers)
            except InvalidRequest as error:
                response = _refused(error)
            status = f"{response.status} {HTTPStatus(response.status).phrase}"
            start_response(status, _fields(response))
            return [response.body]

        return application

    def asgi(self, store: AsyncStore | Store) -> AsgiApplication:
        """The endpoints as an ASGI application. A store of your own that blocks would hold up the other requests."""

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                await _lifespan(receive, send)
                return
            if scope["type"] != "http":
                raise ValueError(f"tokenmint answers http, not {scope['type']}")
            target = _asgi_target(scope)
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
            try:
                body = await _asgi_body(receive, self.MAX_BODY)
                response = await self.handle(scope["method"], target, headers, body).run_async(store)
            except _Torn as torn:
                response = self.refuse(target, torn.error, headers)
            except InvalidRequest as error:
                response = _refused(error)
            await send(
                {
                    "type": "http.response.start",
                    "status": response.status,
                    "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in _fields(response)],
                }
            )
            await send({"type": "http.response.body", "body": response.body})

        return application


MOST_READ = 1 << 20
"""How much of a body is read, and thrown away where it is too large: who is still sending when the connection closes
would not see the answer."""

PATH = "/:@!$&'()*+,;=-._~"
"""What stands in a path as it is (RFC 3986 section 3.3)."""


class _Torn(Exception):
    """A request that did not arrive whole."""

    def __init__(self, error: type[HttpError]) -> None:
        self.error = error


def _wsgi_body(environ: "WSGIEnvironment", limit: int) -> bytes:
    """The body; of one that is too large so much that this can be seen. `handle` sees whether the length was kept."""
    told: str = environ.get("CONTENT_LENGTH") or ""
    coding: str | None = environ.get("HTTP_TRANSFER_ENCODING")
    decoded = environ.get("wsgi.input_terminated", False) and (coding is None or coding.strip().lower() == "chunked")
    # RFC 9112 section 6.3: a request without either header has no body; but in HTTP/2 and HTTP/3 it may have one.
    untold = not told and environ.get("SERVER_PROTOCOL", "").startswith(("HTTP/2", "HTTP/3"))
    if not decoded and (coding is not None or (untold and environ["REQUEST_METHOD"] not in ("GET", "HEAD"))):
        raise _Torn(LengthRequired)
    if told:
        # Of no number, and of one that is too large for any answer to be seen, nothing is read.
        most = int(told) if told.isdecimal() and len(told) < 20 else 0
        most = most if most <= MOST_READ else 0
    else:
        most = MOST_READ if decoded else 0
    body, read = b"", 0
    while read < most:
        try:
            part: bytes = environ["wsgi.input"].read(min(most - read, limit + 1))
        except TimeoutError:
            raise _Torn(BodyTimeout) from None
        # Each server has its own: what it raises says that the body ended too early, or in no chunks.
        except Exception:
            raise _Torn(BodyIncomplete) from None
        if not part:
            break
        read += len(part)
        body += part[: limit + 1 - len(body)]
    return body


async def _asgi_body(receive: Receive, limit: int) -> bytes:
    """As `_wsgi_body`."""
    body, read = b"", 0
    while read < MOST_READ:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Torn(BodyIncomplete)
        part: bytes = message.get("body", b"")
        read += len(part)
        body += part[: limit + 1 - len(body)]
        if not message.get("more_body", False):
            break
    return body


def _wsgi_target(environ: "WSGIEnvironment") -> str:
    sent: str = environ.get("REQUEST_URI") or environ.get("RAW_URI") or ""
    # RFC 9112 section 3.2.2: to a proxy the whole URL is sent.
    sent = re.sub("^https?://[^/?#]*", "", sent, flags=re.IGNORECASE).partition("?")[0]
    path = environ.get("PATH_INFO", "").encode("latin-1")
    mount = environ.get("SCRIPT_NAME", "").encode("latin-1")
    return _target(sent.encode("latin-1"), mount, path, environ.get("QUERY_STRING", ""))


def _asgi_target(scope: Scope) -> str:
    mount = scope.get("root_path", "").encode()
    # Some servers count the mount point to the path, some do not.
    path = _below(scope["path"].encode(), mount)
    return _target(scope.get("raw_path") or b"", mount, path, scope.get("query_string", b"").decode("latin-1"))


def _target(sent: bytes, mount: bytes, path: bytes, query: str) -> str:
    """Path and query below the mount point: the path as it was sent, since only there a slash within a segment can be
    seen. Where that is not told, or is another path, since something in front has rewritten it, the decoded one counts.
    """
    wanted = quote(path, safe=PATH)
    for candidate in (_below(sent, quote(mount, safe=PATH).encode()), sent):
        if unquote_to_bytes(candidate) == path:
            wanted = quote(candidate, safe=PATH + "%")
            break
    return f"{wanted or '/'}?{query}" if query else wanted or "/"


def _below(path: bytes, mount: bytes) -> bytes:
    return path.removeprefix(mount) if path == mount or path.startswith(mount + b"/") else path


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return


def _pairs(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return list(headers.items() if isinstance(headers, Mapping) else headers)


def _fields(response: Response) -> list[tuple[str, str]]:
    """The header, and the body's length where it does not say one, or has none (RFC 9110 section 8.6)."""
    if response.status in (204, 304) or any(name == "content-length" for name, _ in response.headers):
        return response.headers
    return [*response.headers, ("content-length", str(len(response.body)))]


def _refused(error: InvalidRequest) -> Response:
    return Response(status=400, headers=[("content-type", "text/plain; charset=utf-8")], body=str(error).encode())
