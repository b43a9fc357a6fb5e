"""How a source is fetched: the section `fetch` of a source in the contract."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from perennial.refusal import Refusal

SNAPSHOTS = "data/source"
SINCE, AS_OF = ":since", ":as_of"
PAGE_KEYS = ("parameter", "first", "next", "link")
VARIABLE = re.compile(r"\$\{(\w+)\}")
_SECRET_NAME = re.compile(r"password|passwd|\bpwd\b|secret|token|api.?key|access.?key|signature|authorization", re.I)


@dataclass(frozen=True)
class Fetch:
    """Where the rows of a source come from and how they are kept; `${NAME}` stands for a variable of the environment.

    `records` is the dotted path of the rows in a JSON answer, "" for the answer itself, None for a file;
    `months` the column whose months divide the snapshot; `numbered` the column that names rows without a key;
    `formats` {column: the form of its cells} where they are not plain.
    """

    url: str
    query: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    records: str | None = None
    pages: Mapping[str, Any] = field(default_factory=dict)
    sha256: str | None = None
    sheet: str | None = None
    encoding: str | None = None
    endpoint: str | None = None
    watermark: str | None = None
    overlap_days: float = 1.0
    months: str | None = None
    numbered: str | None = None
    formats: Mapping[str, str] = field(default_factory=dict)


KEYS = tuple(each.name for each in fields(Fetch))
_MAPPINGS = ("parameters", "headers", "pages", "formats")


def _refuse_unknown(keys: Iterable[str], known: Iterable[str], place: str) -> None:
    for key in keys:
        if key not in known:
            near = difflib.get_close_matches(str(key), sorted(known), n=1, cutoff=0.0)
            raise Refusal(f"data/contract.yaml: {place} has the unknown key `{key}`; the nearest is `{near[0]}`.")


def parse_fetch(spec: Any, place: str, columns: Iterable[str]) -> Fetch:
    """Return the section `fetch` of a source that has these columns; raises Refusal at what is wrong in it."""
    if not isinstance(spec, dict) or not isinstance(spec.get("url"), str):
        raise Refusal(f"data/contract.yaml: {place} has no `url`: give at least {{url: …}}.")
    _refuse_unknown(spec, KEYS, place)
    for name, value in spec.items():
        wanted = dict if name in _MAPPINGS else int | float if name == "overlap_days" else str
        if value is not None and not isinstance(value, wanted):
            raise Refusal(f"data/contract.yaml: {place}.{name} is {value!r}: give {_kind(name)}.")
    fetch = Fetch(**{name: value for name, value in spec.items() if value is not None})
    _refuse_unknown(fetch.pages, PAGE_KEYS, f"{place}.pages")
    known = set(columns)
    for word in ("watermark", "months", "numbered"):
        name = getattr(fetch, word)
        if name is not None and name not in known:
            raise Refusal(f"data/contract.yaml: {place} names `{name}` as {word}, but the source has no such column.")
    if fetch.watermark and fetch.numbered:
        raise Refusal(f"data/contract.yaml: {place} has a watermark, but its rows are only numbered: name a key.")
    _refuse_unknown(fetch.formats, known, f"{place}.formats")
    refuse_literal_secrets(fetch, f"data/contract.yaml: {place}")
    return fetch


def _kind(name: str) -> str:
    return "a mapping" if name in _MAPPINGS else "a number" if name == "overlap_days" else "text"


def refuse_literal_secrets(fetch: Fetch, place: str) -> None:
    """Raise Refusal when a password or a token is written out; it is not repeated in the sentence."""
    bare = VARIABLE.sub("", fetch.url)
    try:
        parts = urlsplit(bare)
    except ValueError:
        raise Refusal(f"{place}: the url cannot be read: correct it.") from None
    asked = dict(parse_qsl(parts.query)) | {str(key): str(value) for key, value in fetch.parameters.items()}
    named = [name for name, value in (asked | dict(fetch.headers)).items() if _is_secret(name, str(value))]
    if parts.password or named:
        what = named[0] if named else "the password of the url"
        raise Refusal(f"{place}: {what} is written out: put it into the environment and write ${{NAME}} for it.")


def _is_secret(name: str, value: str) -> bool:
    return bool(_SECRET_NAME.search(name)) and bool(value.strip()) and not VARIABLE.search(value)


def describe_fetch(fetch: Fetch) -> dict[str, Any]:
    """Return the section as it is written in the contract: what is not the default."""
    default = Fetch(fetch.url)
    found = {name: getattr(fetch, name) for name in KEYS}
    return {name: value for name, value in found.items() if name == "url" or value != getattr(default, name)}
