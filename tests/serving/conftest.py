"""The champion and the challenger of the lanes."""

from pathlib import Path

import pytest

from perennial.serving.runtime import Predictor
from tests.serving.desks import tiny_predictor
from tests.tiny import write_tiny_bundle


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    """The champion."""
    return tiny_predictor(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle that challenges."""
    folder = tmp_path_factory.mktemp("challenger") / "bundle"
    write_tiny_bundle(folder, intercept=-2.0)
    return folder
