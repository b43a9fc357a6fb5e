"""How the tests fetch: quickly, and with the clock of the test."""

from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd

from perennial.data.fetching import Fetch
from perennial.io.fetch import Patience, discover, read_remote
from perennial.io.retry import attempt

AS_OF = datetime(2024, 5, 1)


def patience(attempts: int = 3, seconds: float = 5.0, deadline: float = 30.0) -> Patience:
    return Patience(seconds, deadline, partial(attempt, attempts=attempts, wait_seconds=0.01))


def fetch(since: Any = None, /, *, waiting: Patience | None = None, **declared: Any) -> pd.DataFrame:
    return read_remote(Fetch(**declared), as_of=AS_OF, since=since, patience=waiting or patience())


def find(**declared: Any) -> Fetch:
    return discover(Fetch(**declared), as_of=AS_OF, patience=patience())
