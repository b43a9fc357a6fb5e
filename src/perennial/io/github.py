"""GitHub's API in a few calls, with the standard library alone: it runs before anything is installed."""

import json
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from perennial.refusal import Refusal

TIMEOUT_SECONDS, TRIES, PAGE = 30, 4, 100
MOST_PAGES = 100
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token to another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@dataclass(frozen=True)
class GitHub:
    """One repository at an API's address; `wait` sleeps for seconds between tries."""

    api: str
    repository: str
    token: str
    wait: Callable[[float], None] = time.sleep

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Return the answer as JSON; raises Refusal in one sentence for each way in which it can fail."""
        request = urllib.request.Request(
            f"{self.api.rstrip('/')}/repos/{self.repository}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "X-GitHub-Api-Version": "2022-11-28",
                "User-Agent": "perennial",
            },
        )
        for tried in range(1, TRIES + 1):
            answer = send(request)
            if not isinstance(answer, str):
                return answer
            if tried < TRIES:
                self.wait(2.0**tried)
        raise Refusal(f"GitHub did not answer {method} {path} in {TRIES} tries ({answer}): run the job again later.")

    def pages(self, path: str) -> Iterator[Any]:
        """Yield the items of a list, page after page."""
        joint = "&" if "?" in path else "?"
        for page in range(1, MOST_PAGES + 1):
            found = self.ask("GET", f"{path}{joint}per_page={PAGE}&page={page}")
            yield from found
            if len(found) < PAGE:
                return


def connect() -> GitHub:
    """Return the repository that the environment names; raises Refusal when a part is missing."""
    repository, token = os.environ.get("GITHUB_REPOSITORY", ""), os.environ.get("GITHUB_TOKEN", "").strip()
    if not REPOSITORY.fullmatch(repository):
        raise Refusal(f"GITHUB_REPOSITORY is {repository!r}: it must be OWNER/NAME.")
    if not token:
        raise Refusal("GITHUB_TOKEN is not set: give the step a token that may write to pull requests.")
    return GitHub(os.environ.get("GITHUB_API_URL", "https://api.github.com"), repository, token)


def send(request: urllib.request.Request) -> Any:
    """Return the parsed answer, or a text when it is worth another try; raises Refusal when it is not."""
    opener = urllib.request.build_opener(_NoRedirects())
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            content = answer.read()
    except urllib.error.HTTPError as error:
        with error:
            if error.code >= 500:
                return f"status {error.code}"
            raise Refusal(explain_status(error, error.read())) from None
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        return str(getattr(error, "reason", error))
    try:
        return json.loads(content or b"{}")
    except ValueError:
        return "the answer was not JSON"


def explain_status(error: urllib.error.HTTPError, content: bytes) -> str:
    """Return what an answer of status 3xx or 4xx means, and what to do."""
    said = read_message(content)
    if error.headers.get("x-ratelimit-remaining") == "0" or error.headers.get("retry-after") or error.code == 429:
        when = error.headers.get("retry-after")
        return f"GitHub's rate limit is used up: run the job again {f'in {when} s' if when else 'in an hour'}."
    known = {
        401: "GitHub does not take this token: GITHUB_TOKEN is wrong or has expired.",
        403: f"GitHub forbids this ({said}): the job needs `pull-requests: write`.",
        404: "GitHub knows no such repository, pull request or branch, or the token may not see it.",
        422: f"GitHub refuses what was sent ({said}): a comment has at most 65,536 characters.",
    }
    return known.get(error.code, f"GitHub answered with status {error.code} ({said}): look at GITHUB_API_URL.")


def read_message(content: bytes) -> str:
    """Return GitHub's own words, in one short line."""
    try:
        said = json.loads(content)
        words = [said.get("message"), *(error.get("message") for error in said.get("errors") or ())]
    except (ValueError, AttributeError):
        return "no message"
    return " ".join(": ".join(str(word) for word in words if word).split())[:200] or "no message"
