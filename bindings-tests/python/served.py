"""The endpoint, as the servers of `test_hosts.py` load it; by itself a server on a socket that it inherits."""

import sys
from collections.abc import Iterable
from importlib import import_module
from socket import socket
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from tokenmint import Endpoint, MemoryStore
from vectors import load

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CONFIG = load("transcripts.json")["config"]
CONFIG["entities"].append({"id": "acme/42", "organization": CONFIG["api_keys"][0]["organization"]})
CONFIG["server"]["cors_origins"] = ["https://app.example.com"]
ENDPOINT, STORE = Endpoint(CONFIG), MemoryStore()
ENDPOINT.prepare().run(STORE)
asgi, wsgi = ENDPOINT.asgi(STORE), ENDPOINT.wsgi(STORE)


def impatient(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Waits for no body that is not there already."""
    if "HTTP_IMPATIENT" in environ:
        environ["wsgi.input"].raw._sock.settimeout(0.001)
    return wsgi(environ, start_response)


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


class Inherited(WSGIServer):
    """A server on a socket that is there already."""

    def server_bind(self) -> None:
        self.socket.close()
        self.socket = socket(fileno=int(sys.argv[2]))
        self.server_name, self.server_port = self.socket.getsockname()
        self.setup_environ()


if __name__ == "__main__":
    match sys.argv[1]:
        case "waitress":
            import_module("waitress").serve(wsgi, sockets=[socket(fileno=int(sys.argv[2]))])
        case "wsgiref":
            server = Inherited(("", 0), Quiet)
            server.set_app(impatient)
            server.serve_forever()
