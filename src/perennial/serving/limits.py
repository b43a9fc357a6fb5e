"""What is refused before a body is read as JSON: too large, or not said to be JSON."""

import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send

JSON = "application/json"
DRAINED = 4


def problem_body(sentence: str, problems: list[str] | None = None) -> bytes:
    """Return the body of every refusal: one sentence, and what is wrong at which place of the request."""
    return json.dumps({"error": sentence, "problems": problems or []}).encode()


async def send_problem(send: Send, status: int, sentence: str) -> None:
    """Answer a request that was not read to its end, and close the connection."""
    body = problem_body(sentence)
    headers = [
        (b"content-type", JSON.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def read_body(receive: Receive, max_bytes: int) -> bytes | None:
    """Return the whole body, or None when it has more than `max_bytes` bytes.

    A little more is read and thrown away, so that the caller has sent all and reads the answer; then it is cut off.
    """
    body, size, more = bytearray(), 0, True
    while more and size <= DRAINED * max_bytes:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= max_bytes:
            body += chunk
        more = message.get("more_body", False)
    return bytes(body) if size <= max_bytes else None


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def limit_requests(app: ASGIApp, max_bytes: int) -> ASGIApp:
    """Return `app` behind the limits on what is posted: 415 unless it is JSON, 413 above `max_bytes` bytes."""

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("POST", "PUT", "PATCH"):
            return await app(scope, receive, send)
        kind = _header(scope, b"content-type").split(";")[0].strip().lower()
        if kind != JSON:
            got = f"`{kind[:60]}`" if kind else "nothing"
            return await send_problem(send, 415, f"the content type is {got}: send `{JSON}`.")
        body = await read_body(receive, max_bytes)
        if body is None:
            return await send_problem(send, 413, f"the body is larger than {max_bytes} bytes: send fewer rows at once.")
        await app(scope, _replay(body, receive), send)

    return limited


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
