"""Words of free text as slots and weights."""

import math
import os
import subprocess
import sys

import pytest

from perennial.model.text import LONGEST, SLOTS, hash_word, hash_words, split_words, weigh_text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Late, and RUDE!", ["late", "and", "rude"]),
        ("ﬁne ＬＡＴＥ", ["fine", "late"]),
        ("速達が遅い", ["速達が遅い"]),
        ("a\0b it's", ["a", "b", "it", "s"]),
        (" \t.!", []),
        ("x" * (LONGEST + 5), ["x" * LONGEST]),
        ("\ud800", []),
    ],
)
def test_words_are_compared_without_case_or_form(text: str, words: list[str]) -> None:
    assert split_words(text) == words


def test_slots_are_those_of_any_other_machine() -> None:
    assert hash_word("late") == (2891, 3680, 2678, 4035, 1332)
    code = "from perennial.model.text import hash_word; print(hash_word('né✈'))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "7"},
    )
    assert done.stdout.strip() == str(hash_word("né✈"))


def test_a_misspelt_word_shares_slots_with_the_word() -> None:
    assert len(set(hash_word("delivery")) & set(hash_word("delivry"))) >= 5
    assert all(0 <= slot < SLOTS for slot in hash_word("x" * 500))


def test_a_repeated_word_counts_once() -> None:
    assert hash_words(["late", "late"]) == list(hash_word("late"))


def test_weights_are_added_over_the_root_of_their_count() -> None:
    told = set(hash_word("late"))
    weights = [[weight if slot in told else 0.0 for slot in range(SLOTS)] for weight in (1.0, -1.0)]
    score, other, words = weigh_text("Late late!", (0.5, 0.0), weights)
    assert (score, other, words) == (0.5 + 5 / math.sqrt(5), -5 / math.sqrt(5), 2.0)
    assert math.isnan(weigh_text("...", (0.5,), weights[:1])[0])
