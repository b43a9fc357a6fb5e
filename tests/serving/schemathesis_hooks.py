"""What no JSON schema can say of a sound request: as many keys as rows, and only printable ones.

Loaded by schemathesis. Requests that shall be refused stay as they were made.
"""

from typing import Any

import schemathesis
from schemathesis.generation import GenerationMode


def _printable(value: Any) -> Any:
    """Return text with a mark for each character that cannot be printed, as long as before."""
    if isinstance(value, dict):
        return {name: _printable(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_printable(one) for one in value]
    return "".join(one if one.isprintable() else "?" for one in value) if isinstance(value, str) else value


@schemathesis.hook
def map_case(_context: schemathesis.HookContext, case: schemathesis.Case) -> schemathesis.Case:
    """Give a sound request as many keys as rows, and keys that can be printed."""
    body = case.body
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE or not isinstance(body, dict):
        return case
    if "rows" in body and "keys" in body:
        body["keys"] = (body["keys"] + [None] * len(body["rows"]))[: len(body["rows"])]
    for name in ("keys", "labels"):
        if name in body:
            body[name] = _printable(body[name])
    return case
