"""A challenger may be named by its release: it comes out of the local cache, verified."""

from pathlib import Path

import pytest

from perennial.commands.models import find_bento, find_bundle
from perennial.io.bundle import bundle_hash
from perennial.io.champion import CHAMPION
from perennial.refusal import Refusal
from tests.tiny import write_tiny_bundle


@pytest.mark.slow  # with what it needs
def test_a_release_or_a_folder_is_the_model_that_is_meant(released: Path) -> None:
    assert bundle_hash(find_bundle("1.0.0")) == write_tiny_bundle(released.parent / "one", -1.0)
    assert bundle_hash(find_bundle("v1.1.0")) == bundle_hash(find_bundle(CHAMPION))
    assert find_bento("1.0.0") == released / ".perennial/released/v1.0.0"
    with pytest.raises(Refusal, match=r"no version 7 was released: there are v1.0.0, v1.1.0"):
        find_bundle("7")
    part = Path(CHAMPION) / "src/bundle/model.json"
    part.chmod(0o644)
    part.write_text("{}")
    with pytest.raises(Refusal, match="is not the file that was packed"):
        find_bundle(CHAMPION)
