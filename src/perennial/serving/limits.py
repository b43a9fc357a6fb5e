"""What is refused before a body is read as JSON: too large, too slow, or not said to be JSON."""

import asyncio

from starlette.types import Receive, Scope

from perennial.serving.problems import Problem

JSON = "application/json"
DRAINED = 4


def find_header(scope: Scope, name: bytes) -> str:
    """Return the value of a request's header, empty when it is not there."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return ""


def refuse_other_kinds(scope: Scope) -> None:
    """Raise 415 unless the body is said to be JSON, in no other encoding."""
    kind = find_header(scope, b"content-type").split(";")[0].strip().lower()
    if kind != JSON:
        got = f"`{kind[:60]}`" if kind else "nothing"
        raise Problem(415, f"the content type is {got}: send `{JSON}`.")
    coding = find_header(scope, b"content-encoding").strip().lower()
    if coding not in ("", "identity"):
        raise Problem(415, f"the body is encoded as `{coding[:60]}`: send it as it is.")


def _refuse_size(max_bytes: int) -> Problem:
    sentence = f"the body is larger than {max_bytes} bytes: send fewer rows at once."
    return Problem(413, sentence, headers={"Connection": "close"})


async def _collect(receive: Receive, max_bytes: int) -> bytes:
    message = await receive()
    if not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        if len(body) > max_bytes:
            raise _refuse_size(max_bytes)
        return body
    chunks, size = bytearray(message.get("body", b"")), len(message.get("body", b""))
    # A little more is read and thrown away, so that the caller has sent all and reads the answer; then it is cut off.
    while message.get("more_body", False) and size <= DRAINED * max_bytes:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "the body is cut off.")
        size += len(message.get("body", b""))
        if size <= max_bytes:
            chunks += message.get("body", b"")
    if size > max_bytes:
        raise _refuse_size(max_bytes)
    return bytes(chunks)


async def read_body(receive: Receive, max_bytes: int, seconds: float) -> bytes:
    """Return the whole body; raises 413 above `max_bytes` bytes, 408 when it is not there within `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            return await _collect(receive, max_bytes)
    except TimeoutError:
        sentence = f"the body did not come within {seconds:g} s: send it again."
        raise Problem(408, sentence, headers={"Connection": "close"}) from None
