import re
from html.parser import HTMLParser
from typing import Any

import pytest

from perennial.report.page import mark_class, read_resource, render_page
from tests.report.example import binary_facts, empty_facts, level_column, multiclass_facts, regression_facts, slice_of

ODD = "<script>alert('x')</script> & \"ünï\" 東京 \u202e"
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Outline(HTMLParser):
    """Tags in order, and whether every one is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(page: str) -> Outline:
    parsed = Outline()
    parsed.feed(page)
    return parsed


@pytest.mark.parametrize("facts", [binary_facts(), multiclass_facts(), regression_facts(), empty_facts()])
def test_every_task_makes_a_whole_page(facts: dict[str, Any]) -> None:
    parsed = outline(render_page(facts))
    assert parsed.open == []
    assert len(parsed.ids) == len(set(parsed.ids))
    assert {link.removeprefix("#") for link in parsed.links} <= set(parsed.ids)


def test_nothing_comes_from_elsewhere() -> None:
    page = render_page(binary_facts())
    assert not re.search(r"https?://|//cdn|@import|url\(|<script|<link|<img", page)


def test_values_are_never_markup() -> None:
    facts = binary_facts()
    facts["problem"] |= {"statement": ODD, "decision": ODD}
    facts["profile"]["columns"][1] = level_column(ODD, 0.6) | {"description": ODD}
    facts["profile"]["columns"][1]["levels"]["top"][0]["value"] = ODD
    facts["profile"]["strongest"] = [ODD]
    facts["profile"]["suspects"] = [{"column": ODD, "reason": ODD}]
    facts["evaluation"]["slices"] = [slice_of(ODD, ODD, -0.1)]
    facts["evaluation"]["confusion"]["classes"] = [ODD, ODD]
    facts["gate"]["checks"][0] |= {"name": ODD, "sentence": ODD, "passed": False}
    facts["evaluation"]["importances"][0]["column"] = ODD
    page = render_page(facts)
    assert "<script" not in page
    assert "東京" in page
    assert outline(page).open == []


def test_the_same_facts_give_the_same_bytes() -> None:
    assert render_page(binary_facts()) == render_page(binary_facts())


def test_it_is_readable_in_the_dark_and_on_a_phone() -> None:
    style = read_resource("style.css")
    assert "prefers-color-scheme: dark" in style
    assert "max-width: 40rem" in style
    assert '<meta name="viewport"' in render_page(empty_facts())


@pytest.mark.parametrize(
    ("cell", "mark"), [("✓ passed", "good"), ("✕ failed", "bad"), ("○ open", "open"), ("", ""), ("x", "")]
)
def test_mark_class(cell: str, mark: str) -> None:
    assert mark_class(cell) == mark
