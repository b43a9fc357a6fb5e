"""An end for work that may wait for ever on a network."""

import signal
import threading
from collections.abc import Callable, Iterator
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


def seconds_left() -> float:
    """Return how long it is until the deadline around this comes, 0 without one."""
    return signal.getitimer(signal.ITIMER_REAL)[0]


@contextmanager
def interrupted_in_time(interrupt: Callable[[], None]) -> Iterator[None]:
    """Call `interrupt` from another thread when the deadline around the block comes: foreign code hears no signal."""
    left = seconds_left()
    if not left:
        yield
        return
    timer = threading.Timer(left, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
