"""The tables are the specification of what a request may hold."""

from typing import Any

import pytest

from perennial.serving.asked import Asked, parse_body, parse_request


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "Expecting value"),
        (b"rows=1", "Expecting value"),
        (b'{"rows": [NaN]}', "NaN is not JSON"),
        (b'{"rows": [-Infinity]}', "-Infinity is not JSON"),
        (b'{"a": 1, "a": 1}', "names a key twice"),
        (b"[" * 100000, "nested too deeply"),
        (b'"\xff"', "invalid start byte"),
        ("[1]".encode("utf-16"), "invalid start byte"),
        (b"\xef\xbb\xbf[1]", "BOM"),
        (b"9" * 5000, "4300 digits"),
    ],
)
def test_what_is_not_strict_json(body: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_body(body)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "send an object with the key"),
        (None, "send an object with the key"),
        ({}, "send an object with the key"),
        ({"row": [1]}, "send an object with the key"),
        ({"rows": {}}, "send at least one row"),
        ({"rows": []}, "send at least one row"),
        ({"rows": [1], "x": 1}, "'x' is not a key of a request"),
        ({"rows": [1], "partial": 1}, "`partial` is a number"),
        ({"rows": [1], "keys": "a"}, "as many keys as rows"),
        ({"rows": [1], "keys": ["a", "b"]}, "as many keys as rows"),
        ({"rows": [1], "keys": [""]}, r"keys\[0\] is not printable text of 1 to 200 characters"),
        ({"rows": [1], "keys": [7]}, r"keys\[0\] is not printable text"),
        ({"rows": [1], "keys": ["a\x00"]}, r"keys\[0\] is not printable text"),
        ({"rows": [1], "keys": ["\ud800"]}, r"keys\[0\] is not printable text"),
        ({"rows": [1], "keys": ["a" * 201]}, r"keys\[0\] is not printable text"),
    ],
)
def test_other_shapes_are_refused(document: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_request(document)


def test_a_request_may_bring_keys_and_ask_for_partial_answers() -> None:
    assert parse_request({"rows": [1, 2]}) == Asked([1, 2], [None, None], partial=False)
    assert parse_request({"rows": [1], "keys": ["a"], "partial": True}) == Asked([1], ["a"], partial=True)
