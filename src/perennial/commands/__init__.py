"""The commands around the graph: one module per subject, which declares its own words."""

import argparse
from collections.abc import Callable

Add = Callable[[str, Callable[[argparse.Namespace], None]], argparse.ArgumentParser]
"""Declares a command by its word and what it runs; returns its parser, which takes its options."""
