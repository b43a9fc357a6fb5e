"""An end for work that may wait for ever on a network."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from perennial.refusal import Refusal


@contextmanager
def end_within(seconds: float, what: str, leaf: str = "remote.deadline_seconds") -> Iterator[None]:
    """Raise Refusal in the main thread when the block has not ended after `seconds`, which the param `leaf` gives."""

    def refuse(_number: int, _frame: Any) -> None:
        raise Refusal(f"{what} did not end within {seconds:g} s: raise {leaf}, or run it again later.")

    before = signal.signal(signal.SIGALRM, refuse)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
