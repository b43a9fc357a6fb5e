"""`/exp -S search.trials=50`: what a comment may ask for, and who may ask."""

from __future__ import annotations

import re
from collections.abc import Sequence

from perennial.refusal import Refusal

MAINTAINERS = ("OWNER", "MEMBER", "COLLABORATOR")
MOST_SETTINGS = 10
# Nothing that a shell, a template or Hydra would read as more than a value: no quote, space, brace, dollar, semicolon.
SETTING = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,4}=(?![-=])[A-Za-z0-9_.:,+\[\]-]{1,80}")
REQUEST = re.compile(r"/exp((?: -S [^\s]+)+)")


def read_settings(settings: Sequence[str]) -> list[str]:
    """Return params as NAME=VALUE; raises Refusal at the first that is not of that form, or when there are too many."""
    if len(settings) > MOST_SETTINGS:
        raise Refusal(f"{len(settings)} params are set at once: at most {MOST_SETTINGS} are taken.")
    for setting in settings:
        if not SETTING.fullmatch(setting):
            raise Refusal(f"{setting[:60]!r} is not NAME=VALUE with a param's name and a plain value.")
    names = [setting.partition("=")[0] for setting in settings]
    if len(set(names)) < len(names):
        raise Refusal("a param is set twice: say it once.")
    return list(settings)


def read_request(text: str, association: str) -> list[str]:
    """Return the params that a comment asks for; raises Refusal when it may not, or is not understood."""
    if association not in MAINTAINERS:
        raise Refusal("only maintainers of this repository may ask for an experiment.")
    match = REQUEST.fullmatch(text.strip())
    if match is None:
        raise Refusal("the comment is not understood: write `/exp -S search.trials=50` and nothing else.")
    return read_settings(match[1].split()[1::2])
