from perennial.report.blocks import Figures, Table, Terms, Text
from perennial.report.learning import tell_best, tell_model, tell_search
from tests.report.example import binary_facts, empty_facts, multiclass_facts


def test_the_search_is_told_and_drawn() -> None:
    told, figures, families = tell_search(binary_facts()).blocks
    assert isinstance(told, Text)
    assert told.text.startswith("30 configurations tried on 4 folds")
    assert isinstance(figures, Figures)
    assert [drawing.title for drawing in figures.drawings] == ["Score of each trial", "Settings that mattered"]
    assert isinstance(families, Table)
    assert families.rows[0] == ("lightgbm", "20", "4", "0.4860")


def test_a_search_that_found_nothing_better_says_so() -> None:
    assert tell_best([0.47, 0.46]) == "The best score fell from 0.4700 to 0.4600 in 2 trials."
    assert tell_best([0.46, 0.46]) == "None of 2 trials beat the settings that the search began with, 0.4600."


def test_no_history_is_not_drawn() -> None:
    assert not any(isinstance(block, Figures) for block in tell_search(multiclass_facts()).blocks)
    assert tell_search(empty_facts()).blocks == (Text("No search has been recorded."),)


def test_the_model_and_what_it_leans_on() -> None:
    terms, members, figures = tell_model(binary_facts()).blocks
    assert isinstance(terms, Terms)
    assert ("Rows learned from", "165,000") in terms.pairs
    assert ("Better than linear", "3.1\u00a0% on rows held out while training") in terms.pairs
    assert isinstance(members, Table)
    assert [row[1] for row in members.rows] == ["learning_rate 0.04, num_leaves 63", "C 0.1"]
    assert isinstance(figures, Figures)
    assert "airport_delay and origin" in figures.drawings[0].caption
    assert figures.drawings[1].title == "What each group of columns brings"


def test_no_model() -> None:
    assert tell_model(empty_facts()).blocks == ()
