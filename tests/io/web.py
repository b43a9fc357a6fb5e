"""A web server on loopback that answers as it is told, in fair weather and in foul."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Reply = Callable[["Handler", dict[str, str]], None]


@dataclass
class Web:
    """The server's address, what it answers by path (the last answer again and again), and what it was asked."""

    address: str = ""
    replies: dict[str, list[Reply]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)

    def on(self, path: str, *replies: Reply) -> str:
        """Answer a path by these, one after the other; return its address."""
        self.replies[path] = list(replies)
        return self.address + path


class Handler(BaseHTTPRequestHandler):
    web: Web

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.web.asked.append((parts.path, query, dict(self.headers)))
        waiting = self.web.replies.get(parts.path, [gives(b"", status=404)])
        reply = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        with suppress(BrokenPipeError, ConnectionResetError):
            reply(self, query)

    def log_message(self, *_: Any) -> None:
        pass


def gives(body: bytes | str, *, status: int = 200, kind: str = "text/csv", **headers: str) -> Reply:
    """Answer with a body."""
    data = body.encode() if isinstance(body, str) else body

    def reply(handler: Handler, _: dict[str, str]) -> None:
        handler.send_response(status)
        sent = {"Content-Type": kind, "Content-Length": str(len(data))}
        for name, value in (sent | {name.replace("_", "-"): value for name, value in headers.items()}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    return reply


def gives_json(body: Any, **headers: str) -> Reply:
    """Answer with JSON."""
    return gives(json.dumps(body), kind="application/json", **headers)


def hangs_up(body: bytes, after: int) -> Reply:
    """Promise a body and send the beginning of it."""

    def reply(handler: Handler, _: dict[str, str]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:after])
        handler.close_connection = True

    return reply


def says_nothing(seconds: float) -> Reply:
    """Take the request and be silent."""
    return lambda handler, _: time.sleep(seconds)


@contextmanager
def web_server() -> Iterator[Web]:
    """Run the server."""
    web = Web()
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"web": web})) as server:
        server.daemon_threads = True
        web.address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield web
        server.shutdown()
