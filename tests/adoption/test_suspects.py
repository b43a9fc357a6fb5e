import numpy as np
import pandas as pd
import pytest

from perennial.adoption.suspects import (
    happens_after,
    is_personal,
    is_sensitive,
    suspect_alone,
    suspect_words,
    typed_column,
)

DRAW = np.random.default_rng(0)


def test_a_column_that_decides_the_target_is_suspected_and_an_honest_one_is_not() -> None:
    target = pd.Series(DRAW.random(500) < 0.3)
    copy = target.map({True: "left", False: "stayed"})
    assert "nearly decides" in str(suspect_alone(copy, target, "binary"))
    assert suspect_alone(pd.Series(DRAW.normal(size=500)) + target, target, "binary") is None


def test_free_text_one_of_whose_words_decides_the_target_is_suspected_without_saying_the_word() -> None:
    target = pd.Series(DRAW.random(500) < 0.3)
    telling = pd.Series([f"case {place} was {'Refunded.' if case else 'closed'}" for place, case in enumerate(target)])
    said = str(suspect_words(telling, target, "binary"))
    assert said == "one of its words alone nearly decides the target (AUC 1.000)"
    honest = pd.Series([f"case {place} of {'Bern' if place % 3 else 'Rome'}" for place in range(500)])
    assert suspect_words(honest, target, "binary") is None


def test_what_happens_afterwards_is_said_so() -> None:
    time = pd.Series(pd.date_range("2024-01-01", periods=9), name="ordered")
    assert "happens after ordered" in str(happens_after(time + pd.Timedelta("1h"), time))
    assert happens_after(time - pd.Timedelta("1h"), time) is None


@pytest.mark.parametrize(
    ("name", "personal"),
    [
        ("email", True),
        ("e_mail", True),
        ("voice_mail_plan", False),
        ("LastName", True),
        ("phone_1", True),
        ("customer_name", True),
        ("Telefon", True),
        ("Nachname", True),
        ("client_ip", True),
        ("tip", False),
        ("product_name", False),
        ("hotel", False),
        ("plan", False),
    ],
)
def test_personal_columns_are_found_by_name(name: str, personal: bool) -> None:
    assert is_personal(name, pd.Series(["x"])) == personal


def test_personal_columns_are_found_by_what_they_hold() -> None:
    assert is_personal("contact", pd.Series(["a@b.org", "c@d.org"]))
    assert is_personal("reach", pd.Series(["+49 30 123456", "+1 (555) 123-4567"]))
    assert is_personal("from", pd.Series(["10.0.0.1", "192.168.1.17"]))
    assert not is_personal("change", pd.Series(["+12", "+1.5"]))


@pytest.mark.parametrize(
    ("name", "dtype", "sensitive"),
    [
        ("Gender", "category", True),
        ("MaritalStatus", "category", True),
        ("sex", "numeric", False),
        ("sexton", "category", False),
    ],
)
def test_sensitive_traits_are_found_by_name(name: str, dtype: str, sensitive: bool) -> None:
    assert is_sensitive(name, dtype) == sensitive


def test_cells_become_typed() -> None:
    assert typed_column(pd.Series(["true", "0"]), "boolean").tolist() == [True, False]
    assert typed_column(pd.Series(["1.5"]), "numeric").tolist() == [1.5]
