"""API keys: several, each with a name and scopes, known by their hash alone."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from perennial.refusal import Refusal

SCOPES = ("predict", "feedback", "metrics", "docs")
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True)
class Key:
    """Who may do what: a name for logs and metrics, and the SHA-256 of what is presented."""

    name: str
    scopes: frozenset[str]
    digest: bytes


def make_key() -> str:
    """Return a new key: 256 random bits, so that a plain hash of it cannot be turned round."""
    return f"pk_{secrets.token_urlsafe(32)}"


def describe_key(name: str, scopes: Sequence[str], key: str) -> str:
    """Return the line that lets a key in: its name, its scopes, its SHA-256."""
    return f"{name} {','.join(scopes)} {hashlib.sha256(key.encode()).hexdigest()}"


def _parse_line(line: str, place: str) -> Key:
    words = line.split()
    if len(words) != 3:
        raise Refusal(f"{place} is not `NAME SCOPES SHA256`: make one with `perennial key NAME`.")
    name, scopes, digest = words[0], frozenset(words[1].split(",")), words[2].lower()
    if strange := scopes - set(SCOPES):
        raise Refusal(f"{place} has the scope {sorted(strange)[0]!r}: the scopes are {', '.join(SCOPES)}.")
    if len(digest) != 64 or not set(digest) <= _HEX:
        raise Refusal(f"{place} does not end with 64 hexadecimal digits: keep the hash, never the key itself.")
    return Key(name, scopes, bytes.fromhex(digest))


def parse_keys(text: str, place: str) -> tuple[Key, ...]:
    """Return the keys of a text, one a line (or between semicolons); `#` begins a remark.

    Raises Refusal naming `place` and the line, never its content.
    """
    lines = enumerate(text.replace(";", "\n").splitlines(), 1)
    wanted = [(number, line.partition("#")[0].strip()) for number, line in lines]
    keys = tuple(_parse_line(line, f"{place}, line {number},") for number, line in wanted if line)
    names = [key.name for key in keys]
    if len(set(names)) < len(names):
        raise Refusal(f"{place} names two keys alike: give each its own name.")
    return keys


def find_key(keys: Sequence[Key], presented: str) -> Key | None:
    """Return the key that was presented, or None; takes as long for any answer."""
    digest, found = hashlib.sha256(presented.encode("utf-8", "surrogateescape")).digest(), None
    for key in keys:
        if hmac.compare_digest(key.digest, digest):
            found = key
    return found
