"""Where the time of a test begins, and whether a model has seen that far."""

from datetime import datetime


def reaches_into(seen_until: str | None, first: str | None) -> bool:
    """Return whether what a model has seen reaches into a test that starts at `first`; all instants are UTC."""
    if seen_until is None or first is None:
        return False
    seen, start = (datetime.fromisoformat(one).replace(tzinfo=None) for one in (seen_until, first))
    return start <= seen
