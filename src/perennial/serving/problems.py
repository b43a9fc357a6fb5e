"""Every refusal as RFC 9457 says: one body, `application/problem+json`, whatever went wrong."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

PROBLEM = "application/problem+json"
RETRY_SECONDS = 1

Headers = list[tuple[bytes, bytes]]


class Problem(Exception):
    """A request that is not answered: its status, one sentence, what is wrong where, and further headers."""

    def __init__(
        self, status: int, detail: str, problems: Sequence[str] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.problems = status, detail, list(problems)
        self.headers = dict(headers or {})


def busy(status: int, detail: str, seconds: int = RETRY_SECONDS) -> Problem:
    """Return a problem that passes: the caller is told when to try again."""
    return Problem(status, detail, headers={"Retry-After": str(seconds)})


def describe_problem(status: int, detail: str, problems: Sequence[str] = ()) -> dict[str, Any]:
    """Return the members of a problem; `problems` (an extension) says what is wrong at which place of the request."""
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return {**document, "problems": list(problems)} if problems else document


def render_problem(problem: Problem) -> bytes:
    """Return the body of a problem."""
    return json.dumps(describe_problem(problem.status, problem.detail, problem.problems)).encode()
