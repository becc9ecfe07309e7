"""The token endpoints of four vendors, for any WSGI or ASGI server."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

from tokenmint import _tokenmint
from tokenmint.errors import InvalidRequest
from tokenmint.issuer import Now
from tokenmint.results import Response
from tokenmint.store import AsyncStore, Store
from tokenmint.task import Task

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
AsgiApplication: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class Endpoint(_tokenmint.Endpoint):
    """The token endpoints of Mercoa, Monite, Ledger Enterprise and Merge, JWKS and introspection.

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

        Raises `InvalidRequest` for what is no HTTP: a target with blanks, a header with line breaks.
        """
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        return Task(self._handle(method, target, list(pairs), body, now, seed))

    def prepare(self, *, now: Now = None, seed: bytes | None = None) -> Task[None]:
        """What must be done to the store before the first request, and now and then.

        A store that was wiped has lost what was revoked, so what was issued before is refused from then on.
        """
        return Task(self._prepare(now, seed))

    def wsgi(self, store: Store) -> "WSGIApplication":
        """The endpoints as a WSGI application (PEP 3333)."""

        def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            path = quote(environ.get("PATH_INFO", "").encode("latin-1"), safe=PATH)
            headers = [
                (name[5:].replace("_", "-"), value) for name, value in environ.items() if name.startswith("HTTP_")
            ]
            if environ.get("CONTENT_TYPE"):
                headers.append(("content-type", environ["CONTENT_TYPE"]))
            length = int(environ.get("CONTENT_LENGTH") or 0)
            body = environ["wsgi.input"].read(min(length, self.MAX_BODY + 1)) if length else b""
            try:
                task = self.handle(
                    environ["REQUEST_METHOD"], _target(path, environ.get("QUERY_STRING", "")), headers, body
                )
                response = task.run(store)
            except InvalidRequest as error:
                response = _refused(error)
            status = f"{response.status} {HTTPStatus(response.status).phrase}"
            start_response(status, [*response.headers, ("content-length", str(len(response.body)))])
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
            path = _path(scope)
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
            body = await _body(receive, self.MAX_BODY)
            try:
                query = scope.get("query_string", b"").decode("latin-1")
                task = self.handle(scope["method"], _target(path, query), headers, body)
                response = await task.run_async(store)
            except InvalidRequest as error:
                response = _refused(error)
            answered = [*response.headers, ("content-length", str(len(response.body)))]
            await send(
                {
                    "type": "http.response.start",
                    "status": response.status,
                    "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answered],
                }
            )
            await send({"type": "http.response.body", "body": response.body})

        return application


PATH = "/:@!$&'()*+,;=-._~"
"""What stands in a path as it is (RFC 3986 section 3.3)."""


def _target(path: str, query: str) -> str:
    return f"{path or '/'}?{query}" if query else path or "/"


def _path(scope: Scope) -> str:
    """The path as it was sent, where the server tells it: only there a slash within a segment can be seen."""
    root, raw = scope.get("root_path", ""), scope.get("raw_path")
    if raw is None:
        return quote(scope["path"].removeprefix(root), safe=PATH)
    sent: str = raw.decode("latin-1")
    return sent.removeprefix(quote(root, safe=PATH))


async def _body(receive: Receive, limit: int) -> bytes:
    """The body; of one that is too large so much that this can be seen."""
    body = b""
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        body += part[: limit + 1 - len(body)]
        if not message.get("more_body", False):
            return body


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return


def _refused(error: InvalidRequest) -> Response:
    return Response(status=400, headers=[("content-type", "text/plain; charset=utf-8")], body=str(error).encode())
