import asyncio
from typing import Any

import pytest
from starlette.types import Message

from perennial.serving.limits import read_body, refuse_other_kinds
from perennial.serving.problems import Problem

LIMIT = 10


def read(chunks: list[bytes], seconds: float = 5.0, pause: float = 0.0) -> tuple[bytes, int]:
    """Return the body, and how many chunks were taken."""
    waiting = list(chunks)

    async def receive() -> Message:
        await asyncio.sleep(pause)
        chunk = waiting.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

    try:
        return asyncio.run(read_body(receive, LIMIT, seconds)), len(chunks) - len(waiting)
    except Problem as problem:
        problem.add_note(str(len(chunks) - len(waiting)))
        raise


@pytest.mark.parametrize("chunks", [[b"{}"], [b"12345", b"67890"], [b"", b"1", b""], [b""]])
def test_a_body_is_put_together(chunks: list[bytes]) -> None:
    assert read(chunks) == (b"".join(chunks), len(chunks))


@pytest.mark.parametrize(("chunks", "taken"), [([b"12345", b"678901"], 2), ([b"12345678901"], 1), ([b"12345"] * 6, 6)])
def test_a_little_too_much_is_read_to_its_end(chunks: list[bytes], taken: int) -> None:
    with pytest.raises(Problem, match="larger than 10 bytes") as refused:
        read(chunks)
    assert refused.value.status == 413
    assert refused.value.headers == {"Connection": "close"}
    assert refused.value.__notes__ == [str(taken)]


def test_an_endless_body_is_cut_off() -> None:
    with pytest.raises(Problem) as refused:
        read([b"12345"] * 1000)
    assert int(refused.value.__notes__[0]) < 12


def test_a_body_that_does_not_come_is_408() -> None:
    with pytest.raises(Problem) as refused:
        read([b"1", b"2"], seconds=0.05, pause=0.04)
    assert refused.value.status == 408


@pytest.mark.parametrize(
    ("kind", "coding", "taken"),
    [
        ("application/json", None, True),
        ("Application/JSON; charset=utf-8", None, True),
        ("application/json", "identity", True),
        ("application/json", "gzip", False),
        (None, None, False),
        ("", None, False),
        ("text/plain", None, False),
        ("application/vnd.bentoml+pickle", None, False),
        ("application/jsonx", None, False),
    ],
)
def test_what_is_posted_is_json_as_it_is(kind: str | None, coding: str | None, taken: bool) -> None:
    named = ((b"content-type", kind), (b"content-encoding", coding))
    scope: dict[str, Any] = {"headers": [(name, value.encode()) for name, value in named if value is not None]}
    if taken:
        refuse_other_kinds(scope)
    else:
        with pytest.raises(Problem) as refused:
            refuse_other_kinds(scope)
        assert refused.value.status == 415
