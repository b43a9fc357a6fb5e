"""When a search is to end early: its time is up, or somebody pressed ctrl-C; a second ctrl-C ends the program."""

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from perennial.model.search import Stop

TIME, HAND = "by the time limit", "by hand"
_HEARD = (
    b"\nctrl-C: the search ends after the piece at hand, keeps the best so far and finishes its stage; "
    b"press it again to end at once.\n"
)


def share_time(limit: float | None) -> Callable[[int], float | None]:
    """Return what gives the next of so many pieces of work an equal part of what is left of `limit` seconds from now.

    What a piece leaves over is the later ones'; None is no limit.
    """
    begun = time.monotonic()
    return lambda pieces: None if limit is None else max(0.0, limit - (time.monotonic() - begun)) / pieces


@contextmanager
def listen_for_stop(seconds: float | None) -> Iterator[Stop]:
    """Yield a function that tells why to stop, or None: `seconds` have passed (None: no limit), or SIGINT came.

    Where SIGINT is ignored, as in a job in the background of a script, it stays so.
    """
    pressed, until = threading.Event(), math.inf if seconds is None else time.monotonic() + seconds

    def hear(_number: int, _frame: Any) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, _HEARD)  # print may not be entered twice

    def stop() -> str | None:
        return HAND if pressed.is_set() else TIME if time.monotonic() >= until else None

    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield stop
        return
    signal.signal(signal.SIGINT, hear)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
