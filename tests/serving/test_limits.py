import json
from typing import Any

import anyio
import pytest
from starlette.types import Message, Receive, Scope, Send

from perennial.serving.limits import limit_requests

LIMIT = 10


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 200 with what was received."""
    body = (await receive()).get("body", b"")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def ask(chunks: list[bytes], kind: str | None = "application/json", method: str = "POST") -> tuple[int, bytes, int]:
    """Return status, body, and how many chunks were taken."""
    waiting, sent = list(chunks), list[Message]()

    async def receive() -> Message:
        chunk = waiting.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [] if kind is None else [(b"content-type", kind.encode())]
    scope: dict[str, Any] = {"type": "http", "method": method, "headers": headers}
    anyio.run(limit_requests(echo, LIMIT), scope, receive, send)
    return sent[0]["status"], sent[1]["body"], len(chunks) - len(waiting)


@pytest.mark.parametrize(
    ("chunks", "kind", "status"),
    [
        ([b"{}"], "application/json", 200),
        ([b"{}"], "Application/JSON; charset=utf-8", 200),
        ([b"12345", b"67890"], "application/json", 200),
        ([b"12345", b"678901"], "application/json", 413),
        ([b"12345678901"], "application/json", 413),
        ([b"{}"], None, 415),
        ([b"{}"], "", 415),
        ([b"{}"], "text/plain", 415),
        ([b"{}"], "application/vnd.bentoml+pickle", 415),
        ([b"{}"], "application/jsonx", 415),
    ],
)
def test_what_is_posted_is_json_and_small(chunks: list[bytes], kind: str | None, status: int) -> None:
    got, body, _ = ask(chunks, kind)
    assert got == status
    if status == 200:
        assert body == b"".join(chunks)
    else:
        assert json.loads(body)["error"].endswith(".")


def test_a_little_too_much_is_read_to_its_end_and_endless_bodies_are_cut_off() -> None:
    assert ask([b"12345"] * 6)[2] == 6
    status, _, taken = ask([b"12345"] * 1000)
    assert status == 413
    assert taken < 12


def test_get_is_not_looked_at() -> None:
    assert ask([b""], kind=None, method="GET")[0] == 200
