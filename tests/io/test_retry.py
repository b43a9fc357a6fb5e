import pytest

from perennial.io.retry import Down, Transient, attempt


def test_a_fault_that_passes_costs_only_the_wait() -> None:
    faults = [Transient("busy"), Transient("busy")]

    def call() -> str:
        if faults:
            raise faults.pop()
        return "rows"

    assert attempt(call, 3, 0.001) == "rows"


def test_a_fault_that_stays_is_said_after_the_last_attempt() -> None:
    def call() -> None:
        raise Transient("nothing answers at db:5432")

    with pytest.raises(Down, match=r"nothing answers at db:5432 \(2 attempts in 0 s\)"):
        attempt(call, 2, 0.001)
    with pytest.raises(Down, match=r"\(one attempt\)"):
        attempt(call, 1, 0.001)


def test_waits_double_and_the_server_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("perennial.io.retry.time.sleep", waits.append)
    after = iter([0.0, 0.0, 7.0, 1e9, 0.0])

    def call() -> None:
        raise Transient("busy", next(after))

    with pytest.raises(Down):
        attempt(call, 5, 1.0)
    assert 0.5 <= waits[0] <= 1.0 <= waits[1] <= 2.0
    assert waits[2:] == [7.0, 60.0]
