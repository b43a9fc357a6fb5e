"""A running server asked over HTTP on loopback: whole replies, and how long they take."""

import http.client
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from perennial.refusal import Refusal

HOST = "127.0.0.1"
JSON = "application/json"


@dataclass(frozen=True)
class Reply:
    """What a server answered; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def ask_server(
    port: int,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    timeout: float = 30.0,
) -> Reply:
    """Send one request on its own connection and return the whole reply."""
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, found, response.read())
    finally:
        connection.close()


def send_request(
    port: int, method: str, path: str, body: bytes | None = None, kind: str = "", *, timeout: float = 30.0
) -> tuple[int, bytes]:
    """Send one request of content type `kind` on its own connection; return status and body."""
    reply = ask_server(port, method, path, body, {"Content-Type": kind} if kind else {}, timeout=timeout)
    return reply.status, reply.body


def time_requests(port: int, path: str, bodies: Iterable[bytes]) -> list[float]:
    """Return the seconds that each JSON body took on one open connection; raises Refusal unless all answer 200."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    seconds = []
    try:
        for body in bodies:
            start = time.perf_counter()
            connection.request("POST", path, body, {"Content-Type": JSON})
            response = connection.getresponse()
            answer = response.read()
            seconds.append(time.perf_counter() - start)
            if response.status != 200:
                raise Refusal(f"the service answered {response.status} to a good row: {answer!r:.300}")
    finally:
        connection.close()
    return seconds
