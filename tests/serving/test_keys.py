import pytest

from perennial.refusal import Refusal
from perennial.serving.keys import Key, describe_key, find_key, make_key, parse_keys

GOOD = f"ann predict,docs {'a' * 64}"


def test_a_key_is_found_by_what_was_presented_and_by_nothing_else() -> None:
    first, second = make_key(), make_key()
    keys = parse_keys(f"{describe_key('ann', ['predict'], first)}\n{describe_key('bob', ['docs'], second)}", "here")
    assert [key.name for key in keys] == ["ann", "bob"]
    found = find_key(keys, second)
    assert found is not None
    assert (found.name, found.scopes) == ("bob", {"docs"})
    for presented in ("", first[:-1], first + " ", describe_key("ann", ["predict"], first).split()[2], "é\udcff"):
        assert find_key(keys, presented) is None


def test_keys_are_never_equal_and_long() -> None:
    keys = {make_key() for _ in range(100)}
    assert len(keys) == 100
    assert min(map(len, keys)) >= 43


def test_lines_semicolons_and_remarks() -> None:
    other = GOOD.replace("ann", "bob")
    assert [key.name for key in parse_keys(f"# ours\n{GOOD}; {other} # theirs\n\n", "here")] == ["ann", "bob"]
    assert parse_keys("", "here") == ()
    assert parse_keys(GOOD, "here") == (Key("ann", frozenset({"predict", "docs"}), b"\xaa" * 32),)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ann predict", "here, line 1, is not `NAME SCOPES SHA256`"),
        (f"{GOOD}\nann predict", "here, line 2,"),
        (f"ann predict,all {'a' * 64}", "has the scope 'all'"),
        ("ann predict pk_secret", "keep the hash, never the key itself"),
        (f"{GOOD}\n{GOOD}", "names two keys alike"),
    ],
)
def test_a_line_that_is_no_key_is_refused_without_repeating_it(text: str, reason: str) -> None:
    with pytest.raises(Refusal, match=reason) as refused:
        parse_keys(text, "here")
    assert "pk_secret" not in str(refused.value)
