"""Classes that only the test has."""

import numpy as np
import pytest

from perennial.evaluation.classes import admit_unseen, name_classes, pad_classes
from perennial.refusal import Refusal


def test_a_class_that_only_the_test_has_is_judged_not_hidden() -> None:
    truth, classes = admit_unseen("multiclass", np.array([0.0, np.nan]), 2)
    assert (truth.tolist(), classes) == ([0.0, 2.0], 3)
    assert pad_classes(np.array([[0.4, 0.6]]), 3).tolist() == [[0.4, 0.6, 0.0]]
    assert pad_classes(np.array([0.4]), 3).tolist() == [0.4]
    assert name_classes(("a", "b"), 3) == ["a", "b", "(unseen)"]
    assert name_classes((False, True), 2) == ["False", "True"]


def test_a_third_class_of_a_binary_target_is_refused() -> None:
    with pytest.raises(Refusal, match="1 test rows have neither class"):
        admit_unseen("binary", np.array([0.0, np.nan]), 2)
