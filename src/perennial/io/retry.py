"""Another attempt, later, where a fault may pass."""

import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from perennial.refusal import Refusal

LONGEST_WAIT = 60.0
T = TypeVar("T")
Again = Callable[[Callable[[], Any]], Any]
"""`attempt` with its numbers given."""


class Transient(Exception):
    """A fault that may pass, in words; `after` is how many seconds the server asked to wait."""

    def __init__(self, words: str, after: float = 0.0) -> None:
        super().__init__(words)
        self.after = after


class Down(Refusal):
    """A source that does not answer, however often it is asked."""


def attempt(call: Callable[[], T], attempts: int, wait_seconds: float) -> T:
    """Return what `call` gives, asked up to so many times with waits that double; raises Down after the last."""
    begun = time.monotonic()
    for number in range(1, attempts + 1):
        try:
            return call()
        except Transient as fault:
            if number == attempts:
                tried = f"{attempts} attempts in {time.monotonic() - begun:.0f} s" if attempts > 1 else "one attempt"
                raise Down(f"{fault} ({tried})") from None
            # Drawn at random so that those who were cut off together do not come back together.
            wait = wait_seconds * 2 ** (number - 1) * random.uniform(0.5, 1.0)
            time.sleep(min(max(wait, fault.after), LONGEST_WAIT))
    raise AssertionError("not reached")
