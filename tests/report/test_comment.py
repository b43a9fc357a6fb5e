from typing import Any

import pytest
from markdown_it import MarkdownIt

from perennial.report.change import Run
from perennial.report.comment import CUT, MOST_CHARACTERS, cut_parts, render_comment
from tests.report.example import binary_facts, multiclass_facts, regression_facts

PAGE = "https://github.com/them/flights/actions/runs/12"
HOSTILE = "<img src=x onerror=y> [a](http://evil.example) ![b](//c) `x` ``` @team #1 | www.evil.example &#64;you\n# big"


def run_of(facts: dict[str, Any], **params: Any) -> Run:
    names = ("validation", "profile", "split", "evaluation", "gate")
    metrics = {name: facts[name] for name in names if facts.get(name)}
    metrics["evaluation"] = metrics["evaluation"] | {"metric": facts["problem"]["metric"]}
    return Run("abc123", params, metrics)


def links_of(text: str) -> list[str]:
    """Every link and picture that a Markdown reader would show."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inner = [child for token in tokens for child in (token.children or ())]
    return [str(child.attrs.get("href") or child.attrs.get("src")) for child in inner if child.attrs]


def tags_of(text: str) -> set[str]:
    """Every piece of HTML that would reach GitHub's sanitiser."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inner = [child for token in tokens for child in (token, *(token.children or ()))]
    return {part.content.strip() for part in inner if part.type in ("html_inline", "html_block")}


@pytest.mark.parametrize("facts", [binary_facts(), multiclass_facts(), regression_facts()])
def test_the_verdict_and_the_score_come_first(facts: dict[str, Any]) -> None:
    text = render_comment(run_of(facts), run_of(facts), page=PAGE)
    assert text.startswith(("## ✓ Blessed: ", "## ✕ Not blessed: "))
    assert "→" in text.splitlines()[0]
    assert text.count("<details>") == text.count("</details>")
    assert links_of(text) == [PAGE]


def test_params_are_told_leaf_by_leaf() -> None:
    facts = binary_facts()
    text = render_comment(run_of(facts, **{"search.trials": 20}), run_of(facts, **{"search.trials": 50}))
    assert "| search.trials | 20 | 50 |" in text


def test_a_base_without_metrics_is_said_plainly() -> None:
    text = render_comment(Run("an old commit"), run_of(binary_facts()))
    assert "the base has no metrics to compare with" in text.splitlines()[0]
    assert "Checks that moved" not in text
    assert "Compared with an old commit." in text


def test_a_run_without_metrics_is_said_plainly() -> None:
    text = render_comment(run_of(binary_facts()), Run("now"))
    assert text.startswith("## ○ Not judged yet: no score was measured")


def test_a_check_that_moved_is_told_with_its_sentence() -> None:
    before, after = binary_facts(), binary_facts()
    after["gate"]["checks"][0] |= {"passed": not after["gate"]["checks"][0]["passed"], "sentence": "It broke."}
    text = render_comment(run_of(before), run_of(after))
    assert "### Checks that moved" in text
    assert "It broke." in text


def test_files_written_by_hand_are_listed_declarations_first() -> None:
    files = [("M", "README.md"), ("A", "src/a.py"), ("M", "data/examples.sql"), ("M", "metrics/gate.json")]
    text = render_comment(run_of(binary_facts()), run_of(binary_facts()), files=files)
    assert text.index("data/examples.sql") < text.index("src/a.py") < text.index("README.md")
    assert "metrics/gate.json" not in text


def test_stages_are_told_with_their_cause_and_time() -> None:
    entry = {"cmd": "x", "deps": [{"path": "a", "md5": "1"}], "outs": [{"path": "o", "md5": "1"}]}
    base = Run("b", lock={"train": entry})
    run = Run("n", lock={"train": entry | {"deps": [{"path": "a", "md5": "2"}]}})
    text = render_comment(base, run, seconds={"train": 12.0})
    assert "| train | a | the same outputs | 12 s |" in text
    assert "1 stage ran, 12 s together." in text


def test_a_stale_lock_and_settings_are_said_before_the_scores() -> None:
    facts = binary_facts()
    text = render_comment(run_of(facts), run_of(facts), stale=["gate"], settings=["search.trials=50"])
    assert text.index("This is not what the code gives in stage gate") < text.index("```text")
    assert text.index("An experiment with search.trials=50") < text.index("```text")


def test_hostile_names_stay_names() -> None:
    facts = binary_facts()
    facts["evaluation"]["slices"] = [
        {"column": HOSTILE, "value": HOSTILE, "rows": 9, "over_constant": {"value": 0.1, "interval": [0.0, 0.2]}}
    ]
    facts["gate"]["checks"][0] |= {"passed": None, "sentence": HOSTILE, "name": HOSTILE}
    facts["profile"]["columns"][0]["name"] = HOSTILE
    facts["validation"]["sources"] = {HOSTILE: {"rows": 1, "bad": 0}}
    text = render_comment(
        Run(HOSTILE, {HOSTILE: 1}, run_of(binary_facts()).metrics),
        run_of(facts, **{HOSTILE: HOSTILE}),
        files=[("A", HOSTILE)],
        stale=[HOSTILE],
        settings=[HOSTILE],
        page=PAGE,
    )
    assert links_of(text) == [PAGE]
    assert all(tag.startswith(("<details>", "</details>")) for tag in tags_of(text))
    outside = "".join(text.split("```")[0::2])
    assert "@team" not in outside
    assert "\n# big" not in text
    assert text.count("\n```") % 2 == 0


def test_a_huge_change_fits() -> None:
    facts = binary_facts()
    before, after = ({f"p.{i}": f"{value}" * 80 for i in range(900)} for value in "ab")
    facts["gate"]["checks"][0] |= {"passed": None, "sentence": "x" * 70_000, "name": "y" * 70_000}
    files = [("M", "src/" + "x" * 70_000)] * 900
    text = render_comment(
        run_of(binary_facts(), **before), run_of(facts, **after), files=files, stale=["z" * 70_000] * 50, page=PAGE
    )
    assert len(text) <= MOST_CHARACTERS
    assert "And 870 more params." in text
    assert "And 870 more files." in text


def test_a_part_that_does_not_fit_is_left_out_with_a_sentence() -> None:
    text = cut_parts(["head\n", "x" * MOST_CHARACTERS, "tail\n"], "last\n")
    assert text == f"head\n\ntail\n\n{CUT}\nlast\n"
