"""Files and JSON rows behind HTTP."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pandas as pd
import requests

from perennial.data.fetching import AS_OF, SINCE, Fetch
from perennial.io.json_rows import dig, frame_of_records, parse_json, pick
from perennial.io.retry import Again, Transient
from perennial.refusal import Refusal

CHUNK = 2**20
Request = tuple[str, dict[str, Any]]
PASSING = {408, 425, 429, 500, 502, 503, 504}


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


@contextmanager
def _answer(url: str, fetch: Fetch, parameters: Mapping[str, Any], seconds: float) -> Iterator[requests.Response]:
    """Yield the answer to a request; raises Transient when it may come later, Refusal when it will not."""
    place = _place(url)
    try:
        # Headers may hold credentials, which another host shall not see.
        with requests.get(
            url,
            params=dict(parameters),
            headers=dict(fetch.headers),
            stream=True,
            timeout=seconds,
            allow_redirects=not fetch.headers,
        ) as answer:
            _refuse_status(answer, place)
            yield answer
    except requests.Timeout:
        raise Transient(f"{place} says nothing for {seconds:g} s") from None
    except requests.exceptions.SSLError:
        raise Refusal(f"{place} shows a certificate that is not trusted: correct the address.") from None
    except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError):
        raise Transient(f"{place} hangs up before the end") from None
    except requests.ConnectionError as error:
        late = "timed out" in str(error).lower()
        raise Transient(f"{place} says nothing for {seconds:g} s" if late else f"nothing answers at {place}") from None
    except requests.RequestException as error:
        raise Refusal(f"{place} cannot be asked ({type(error).__name__}): correct the url.") from None


def _refuse_status(answer: requests.Response, place: str) -> None:
    said = f"{answer.status_code} {answer.reason or ''}".strip()
    if answer.status_code in PASSING:
        wait = answer.headers.get("Retry-After", "")
        raise Transient(f"{place} answers {said}", float(wait) if wait.isdigit() else 0.0)
    if answer.status_code in (401, 403):
        raise Refusal(f"{place} answers {said}: are the credentials in the environment right, and sent in `headers`?")
    if answer.is_redirect:
        raise Refusal(f"{place} sends to {_place(answer.headers['Location'])}: write that address as the url.")
    if not answer.ok:
        raise Refusal(f"{place} did not answer with a file ({said}): correct the url.")


def asked_parameters(fetch: Fetch, as_of: datetime, since: Any) -> dict[str, Any]:
    """Return the parameters of a request, `:as_of` and `:since` put in as instants in UTC; those unknown left out."""
    known = {AS_OF: _written(as_of), SINCE: _written(since)}
    found = {
        name: known.get(value, value) if isinstance(value, str) else value for name, value in fetch.parameters.items()
    }
    return {name: value for name, value in found.items() if value is not None}


def _written(value: Any) -> Any:
    return f"{value.isoformat(timespec='seconds')}Z" if isinstance(value, datetime) else value


def download(fetch: Fetch, folder: Path, *, as_of: datetime, seconds: float) -> tuple[Path, str]:
    """Fetch a file and return it with its content type; raises as a request does, and for a wrong checksum."""
    place = folder / (urlsplit(fetch.url).path.rstrip("/").split("/")[-1] or "table")
    digest = hashlib.sha256()
    with _answer(fetch.url, fetch, asked_parameters(fetch, as_of, None), seconds) as answer, place.open("wb") as file:
        for chunk in answer.iter_content(CHUNK):
            digest.update(chunk)
            file.write(chunk)
        kind = answer.headers.get("Content-Type", "")
    if fetch.sha256 and digest.hexdigest() != fetch.sha256.lower():
        raise Refusal(
            f"{place.name} from {_place(fetch.url)} has the SHA-256 {digest.hexdigest()}, declared is {fetch.sha256}: "
            "it is another file, or a damaged one."
        )
    return place, kind


def ask_json(fetch: Fetch, url: str, parameters: Mapping[str, Any], seconds: float) -> tuple[Any, str | None]:
    """Return a JSON answer, and the address that its Link header calls next."""
    with _answer(url, fetch, parameters, seconds) as answer:
        body, following = answer.content, answer.links.get("next", {}).get("url")
    return parse_json(body, _place(url)), following


def probe_json(fetch: Fetch, *, as_of: datetime, seconds: float) -> tuple[Any, str | None] | None:
    """Return the JSON answer of an address and what its Link header calls next; None when it answers otherwise."""
    with _answer(fetch.url, fetch, asked_parameters(fetch, as_of, None), seconds) as answer:
        if answer.headers.get("Content-Type", "").split(";")[0].strip() != "application/json":
            return None
        return parse_json(answer.content, _place(fetch.url)), answer.links.get("next", {}).get("url")


def read_pages(fetch: Fetch, *, as_of: datetime, since: Any, seconds: float, again: Again) -> pd.DataFrame:
    """Return the rows of every page as text cells; each page is asked for `again` when it does not come.

    Raises Refusal when the answer has no rows where they should be, or pages go round in a circle.
    """
    request: Request | None = (fetch.url, asked_parameters(fetch, as_of, since))
    rows: list[Any] = []
    seen: set[bytes] = set()
    while request is not None:
        if "parameter" in fetch.pages and not fetch.pages.get("next"):
            request[1][fetch.pages["parameter"]] = int(fetch.pages.get("first", 1)) + len(seen)
        body, linked = again(partial(ask_json, fetch, *request, seconds))
        found = dig(body, fetch.records or "", _place(fetch.url))
        mark = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).digest()
        if found and mark in seen:
            raise Refusal(f"{_place(fetch.url)} gives the same page again: correct `pages`.")
        seen.add(mark)
        rows += found
        request = _turn(fetch, request, found, body, linked)
    return frame_of_records(rows)


def _turn(fetch: Fetch, request: Request, rows: list[Any], body: Any, linked: str | None) -> Request | None:
    """Return the request for the page after this one, None after the last."""
    pages = fetch.pages
    if "parameter" in pages and not pages.get("next"):
        return request if rows else None
    following = pick(body, str(pages["next"])) if pages.get("next") else linked if pages.get("link") else None
    if not following:
        return None
    if "parameter" in pages:
        return request[0], request[1] | {pages["parameter"]: str(following)}
    url = urljoin(request[0], str(following))
    if _origin(url) != _origin(fetch.url):
        raise Refusal(f"{_place(fetch.url)} has its next page at {_place(url)}, a host that is not declared.")
    return url, {}


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
