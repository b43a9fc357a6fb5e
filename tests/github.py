"""GitHub's API on loopback: it refuses what GitHub refuses, and shows comments as GitHub shows them."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN, REPOSITORY, BOT = "a-token", "them/flights", "github-actions[bot]"
PAGE = 100


@dataclass
class Hub:
    """What the server holds, and the faults it is told to have: statuses that the next requests get."""

    comments: list[dict[str, Any]] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    dispatched: list[Any] = field(default_factory=list)
    faults: list[int | str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    address: str = ""

    def add_comment(self, body: str, login: str = BOT) -> dict[str, Any]:
        number = len(self.comments) + 1
        comment = {"id": number, "body": body, "user": {"login": login}, "html_url": f"https://github.com/c/{number}"}
        self.comments.append(comment)
        return comment

    def add_pull(self, number: int, sha: str, head: str = "them:topic", repository: str = REPOSITORY) -> None:
        place = {"sha": sha, "label": head, "ref": head.split(":")[1], "repo": {"full_name": repository}}
        self.pulls.append(
            {"number": number, "state": "open", "head": place, "base": {"repo": {"full_name": REPOSITORY}}}
        )


def shown_text(body: str) -> str:
    """What is left of a comment's HTML: scripts, handlers and unknown tags are stripped."""
    text = re.sub(r"(?is)<(script|style|iframe)\b.*?(</\1>|\Z)", "", body)
    return re.sub(r"(?is)<!--.*?-->|<(?!/?(?:details|summary|br|sub|sup|b|i)\b)/?[a-z][^>]*>", "", text)


class Handler(BaseHTTPRequestHandler):
    """The few calls that are made, as documented for the version 2022-11-28."""

    hub: Hub

    def log_message(self, *_: Any) -> None:
        """Stay silent."""

    def answer(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"content-length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def fail(self, fault: int | str) -> None:
        if fault == "rate limit":
            self.answer(403, {"message": "API rate limit exceeded"}, {"x-ratelimit-remaining": "0"})
        elif fault == "redirect":
            self.answer(302, {}, {"location": "http://127.0.0.1:9/stolen"})
        elif fault == "not json":
            self.answer(200, b"<html>")
        else:
            self.answer(int(fault), {"message": "Resource not accessible by integration"})

    def handle_any(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length) or b"null")
        self.hub.asked.append(f"{self.command} {self.path}")
        if self.hub.faults:
            return self.fail(self.hub.faults.pop(0))
        if self.headers.get("authorization") != f"Bearer {TOKEN}":
            return self.answer(401, {"message": "Bad credentials"})
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if not path.startswith(f"/repos/{REPOSITORY}/"):
            return self.answer(404, {"message": "Not Found"})
        self.route(path.removeprefix(f"/repos/{REPOSITORY}"), query, body)

    do_GET = do_POST = do_PATCH = handle_any

    def route(self, path: str, query: dict[str, list[str]], body: Any) -> None:
        if body is not None and len(body.get("body", "")) > 65_536:
            errors = [{"message": "body is too long (maximum is 65536 characters)"}]
            return self.answer(422, {"message": "Validation Failed", "errors": errors})
        if path == "/pulls":
            found = [pull for pull in self.hub.pulls if pull["head"]["label"] == query.get("head", [""])[0]]
            return self.answer(200, self.page(found, query))
        if match := re.fullmatch(r"/pulls/(\d+)", path):
            found = [pull for pull in self.hub.pulls if pull["number"] == int(match[1])]
            return self.answer(200, found[0]) if found else self.answer(404, {"message": "Not Found"})
        if re.fullmatch(r"/issues/\d+/comments", path) and self.command == "GET":
            return self.answer(200, self.page(self.hub.comments, query))
        if re.fullmatch(r"/issues/\d+/comments", path):
            return self.answer(201, self.hub.add_comment(body["body"]))
        if match := re.fullmatch(r"/issues/comments/(\d+)", path):
            self.hub.comments[int(match[1]) - 1]["body"] = body["body"]
            return self.answer(200, self.hub.comments[int(match[1]) - 1])
        self.answer(404, {"message": "Not Found"})

    @staticmethod
    def page(items: list[Any], query: dict[str, list[str]]) -> list[Any]:
        size, page = int(query.get("per_page", ["30"])[0]), int(query.get("page", ["1"])[0])
        return items[(page - 1) * size : page * size]


@contextmanager
def serve_github() -> Iterator[Hub]:
    """Serve an empty repository until the block ends."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("HubHandler", (Handler,), {"hub": hub}))
    hub.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
