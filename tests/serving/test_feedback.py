from datetime import UTC, datetime
from typing import Any

import pytest

from perennial.serving.feedback import check_label, check_one, read_labels
from perennial.serving.problems import Problem

NOW = datetime(2013, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("task", "classes", "value", "problem"),
    [
        ("binary", (False, True), True, None),
        ("binary", (False, True), 1, "is not one of false, true"),
        ("binary", (0, 1), True, "is not one of 0, 1"),
        ("binary", ("no", "yes"), "yes", None),
        ("multiclass", ("a", "b"), "c", 'is not one of "a", "b"'),
        ("multiclass", ("a", "b"), ["a"], 'is not one of "a", "b"'),
        ("regression", (), 1.5, None),
        ("regression", (), 3, None),
        ("regression", (), True, "is a boolean: send a finite number"),
        ("regression", (), 10**400, "is a number: send a finite number"),
        ("regression", (), float("inf"), "is a number: send a finite number"),
    ],
)
def test_what_a_label_may_be(task: str, classes: tuple[Any, ...], value: Any, problem: str | None) -> None:
    assert check_label(task, classes, value) == problem


@pytest.mark.parametrize(
    ("one", "problems"),
    [
        ({"id": "x", "label": True}, []),
        ({"key": "x", "label": True, "known_at": "2013-07-02T12:00:00+02:00"}, []),
        ({"label": True}, [" must have either `id` or `key`"]),
        ({"id": "x", "key": "y", "label": True}, [" must have either `id` or `key`"]),
        ({"id": "x"}, [".label is not there"]),
        ({"id": None, "label": True}, [".id is null"]),
        ({"id": 7, "label": True}, [".id is not printable text of 1 to 200 characters"]),
        ({"id": "x", "label": True, "row": 1}, [".row is not a key of a label"]),
        ({"id": "x", "label": True, "known_at": "soon"}, [".known_at is not an ISO-8601 date and time"]),
        ({"id": "x", "label": True, "known_at": 5}, [".known_at is not an ISO-8601 date and time"]),
        ([], [" is a list: send an object"]),
    ],
)
def test_every_problem_of_a_label_has_its_place(one: Any, problems: list[str]) -> None:
    assert check_one("binary", (False, True), one) == problems


def test_labels_become_rows_in_utc() -> None:
    document = {
        "labels": [{"id": "x", "label": True}, {"key": "y", "label": False, "known_at": "2013-07-01T02:00+02:00"}]
    }
    first, second = read_labels(document, "binary", (False, True), 5, NOW)
    assert first == {"prediction": "x", "key": None, "label": "true", "known_at": NOW, "received_at": NOW}
    assert (second["prediction"], second["key"], second["label"]) == (None, "y", "false")
    assert second["known_at"] == NOW


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ([], 422),
        ({"labels": []}, 422),
        ({"labels": {}}, 422),
        ({"labels": [{"id": "x", "label": True}], "partial": True}, 422),
        ({"labels": [{"id": "x", "label": True}] * 6}, 413),
        ({"labels": [{"id": "x", "label": True}, 1]}, 422),
    ],
)
def test_other_shapes_are_refused_whole(document: Any, status: int) -> None:
    with pytest.raises(Problem) as refused:
        read_labels(document, "binary", (False, True), 5, NOW)
    assert refused.value.status == status
