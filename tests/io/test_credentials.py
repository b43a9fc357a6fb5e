from collections.abc import Callable

import pytest

from perennial.data.fetching import Fetch
from perennial.io.credentials import fill_in, hide, read_variables
from perennial.refusal import Refusal

SECRET = "p@ss/w 'rd%"
FETCH = Fetch("postgresql://${ME}:${PASSWORD}@host/db", headers={"Authorization": "Bearer ${PASSWORD}"})
Variables = dict[str, str]


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> Variables:
    monkeypatch.setenv("ME", "somebody")
    monkeypatch.setenv("PASSWORD", SECRET)
    return read_variables(FETCH)


def test_they_are_put_in_where_they_are_named(variables: Variables) -> None:
    filled = fill_in(FETCH, variables)
    assert filled.url == "postgresql://somebody:p%40ss%2Fw%20%27rd%25@host/db"
    assert filled.headers == {"Authorization": f"Bearer {SECRET}"}


def test_a_whole_url_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP", "postgresql://me:s3cr3t@host/db")
    fetch = Fetch("${SHOP}")
    found = read_variables(fetch)
    assert fill_in(fetch, found).url == "postgresql://me:s3cr3t@host/db"
    assert hide("me:s3cr3t@host and s3cr3t", fetch, found) == "me:***@host and ***"


@pytest.mark.parametrize("spell", [str, repr, lambda word: fill_in(FETCH, {"ME": "x", "PASSWORD": word}).url])
def test_no_spelling_of_them_is_told(variables: Variables, spell: Callable[[str], str]) -> None:
    said = hide(f"cannot connect with {spell(SECRET)}, somebody", FETCH, variables)
    assert "p@ss" not in said
    assert "p%40ss" not in said
    assert said.endswith("${ME}")


def test_one_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ME", "")
    with pytest.raises(Refusal, match="the variable ME is not set"):
        read_variables(Fetch("https://${ME}/x"))
