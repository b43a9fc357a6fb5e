import signal
import time

import pytest

from perennial.io.deadline import end_within
from perennial.refusal import Refusal


def test_work_without_an_end_is_ended() -> None:
    with pytest.raises(Refusal, match=r"hashing did not end within 0\.1 s"), end_within(0.1, "hashing"):
        time.sleep(30)


def test_work_that_ends_leaves_no_alarm_behind() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with end_within(60, "hashing"):
        pass
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
