import time

import pytest

from perennial.io.stopping import TIME, listen_for_stop, share_time


def test_no_limit_is_shared_as_none() -> None:
    assert share_time(None)(3) is None


def test_what_one_piece_leaves_over_is_the_later_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 100.0, 110.0, 130.0, 190.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    share = share_time(60.0)
    assert share(2) == 30.0
    assert share(5) == 10.0
    assert share(3) == 10.0
    assert share(1) == 0.0


def test_no_time_ends_at_once() -> None:
    with listen_for_stop(0.0) as stop:
        assert stop() == TIME
