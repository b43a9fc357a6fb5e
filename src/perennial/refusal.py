"""The one exception for input that the machine will not take."""


class Refusal(ValueError):
    """One clear sentence: what was got, where, and what to do; entries print it and exit 1."""
