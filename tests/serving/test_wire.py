"""What comes before a request: heads that are too large or too slow, and what is no HTTP, answered by a real server."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from perennial.serving.problems import PROBLEM
from perennial.serving.wire import Wire, use_wire

GET = b"GET / HTTP/1.1\r\nhost: a\r\n"


class Hasty(Wire):
    """Waits for less."""

    head_bytes, head_seconds = 10_000, 0.3


async def answer(_scope: Any, receive: Any, send: Any) -> None:
    """Answer how long the body is, after a while."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await asyncio.sleep(0.5 if size == 1 else 0.0)
    body = str(size).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server on this machine."""
    server = uvicorn.Server(uvicorn.Config(answer, port=0, http=Hasty, lifespan="off", log_level="error"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


def say(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Return all that is answered to pieces that are sent one after another, until the server hangs up."""
    heard = b""
    with socket.create_connection(("127.0.0.1", port), timeout=8) as line:
        try:
            for piece in pieces:
                line.sendall(piece)
                time.sleep(pause)
            while data := line.recv(65_536):
                heard += data
        except ConnectionError:
            pass
    return heard


def read_refusal(heard: bytes) -> tuple[int, str]:
    """Return the status and the sentence of a refusal."""
    head, _, body = heard.partition(b"\r\n\r\n")
    assert f"content-type: {PROBLEM}".encode() in head
    assert b"connection: close" in head
    document = json.loads(body)
    assert head.startswith(b"HTTP/1.1 %d " % document["status"])
    return document["status"], document["detail"]


@pytest.mark.parametrize("piece", [b"x: " + b"a" * 8_000, b"x: y\r\n" * 1_500], ids=["one header", "many headers"])
def test_a_head_without_end_is_cut_off(port: int, piece: bytes) -> None:
    assert read_refusal(say(port, GET, piece, piece, pause=0.05)) == (
        431,
        "the head is larger than 10000 bytes: send fewer headers.",
    )


@pytest.mark.parametrize(
    "pieces",
    [[], [b"\r\n"], [GET, b"x: a"], [GET + b"\r\n", b"GET / HT"]],
    ids=["nothing", "an empty line", "half a head", "half of the next head"],
)
def test_a_head_that_does_not_come_is_not_waited_for(port: int, pieces: list[bytes]) -> None:
    heard = say(port, *pieces, pause=0.1)
    last = heard[heard.rindex(b"HTTP/1.1 ") :]
    assert read_refusal(last) == (408, "the head did not come within 0.3 s: send it again.")


@pytest.mark.parametrize(
    "said", [b"\x16\x03\x01\x02\x00" * 5, b"FOO / HTTP/1.1\r\n\r\n", GET + b"content-length: -1\r\n\r\n"]
)
def test_what_is_no_http_is_refused_as_anything_else(port: int, said: bytes) -> None:
    assert read_refusal(say(port, said)) == (400, "this is no HTTP request that can be read.")


def test_a_large_body_counts_to_no_head_and_may_take_its_time(port: int) -> None:
    heard = say(
        port,
        b"POST / HTTP/1.1\r\ncontent-length: 100000\r\nconnection: close\r\n\r\n",
        *[b"a" * 20_000] * 5,
        pause=0.15,
    )
    assert heard.startswith(b"HTTP/1.1 200")
    assert heard.endswith(b"\r\n\r\n100000")


def test_requests_one_behind_another_are_all_answered(port: int) -> None:
    slow = b"POST / HTTP/1.1\r\ncontent-length: 1\r\n\r\na"
    heard = say(port, slow + GET + b"x: y", b"\r\n" + b"connection: close\r\n\r\n", pause=0.1)
    assert heard.count(b"HTTP/1.1 200") == 2


def test_every_server_of_the_process_speaks_so() -> None:
    use_wire()
    config = uvicorn.Config(answer)
    config.load()
    assert config.http_protocol_class is Wire
