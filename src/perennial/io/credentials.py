"""Credentials: read from the environment, put in where they are named, and kept out of every sentence."""

import os
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote, unquote, urlsplit

from perennial.data.fetching import VARIABLE, Fetch
from perennial.refusal import Refusal

HIDDEN = "***"


def read_variables(fetch: Fetch) -> dict[str, str]:
    """Return the variables of the environment that a declaration names; raises Refusal when one is not set."""
    texts = [fetch.url, *map(str, fetch.parameters.values()), *fetch.headers.values()]
    names = sorted({name for text in texts for name in VARIABLE.findall(text)})
    absent = [name for name in names if not os.environ.get(name)]
    if absent:
        raise Refusal(f"the variable {absent[0]} is not set in the environment: export it, then run this again.")
    return {name: os.environ[name] for name in names}


def fill_in(fetch: Fetch, variables: Mapping[str, str]) -> Fetch:
    """Return the declaration with its variables put in; inside of a url they are escaped, at its start taken whole."""

    def put(text: str, inside: bool = False) -> str:
        return VARIABLE.sub(
            lambda found: quote(variables[found[1]], safe="") if inside and found.start() else variables[found[1]], text
        )

    return replace(
        fetch,
        url=put(fetch.url, inside=True),
        parameters={name: put(v) if isinstance(v, str) else v for name, v in fetch.parameters.items()},
        headers={name: put(text) for name, text in fetch.headers.items()},
    )


def hide(words: str, fetch: Fetch, variables: Mapping[str, str]) -> str:
    """Return a sentence without the values of the variables, nor the password inside of a url that is one of them."""
    hidden = {value: f"${{{name}}}" for name, value in variables.items()}
    for value in (*variables.values(), fill_in(fetch, variables).url):
        hidden |= dict.fromkeys(_inner_secrets(value), HIDDEN)
    spelt = {form: mark for value, mark in hidden.items() for form in (value, quote(value, safe=""), repr(value)[1:-1])}
    for form in sorted(filter(None, spelt), key=len, reverse=True):
        words = words.replace(form, spelt[form])
    return words


def _inner_secrets(value: str) -> list[str]:
    try:
        password = urlsplit(value).password
    except ValueError:
        return []
    return [password, unquote(password)] if password else []
