"""One self-contained page: no script, no font, no image and no style from anywhere else."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from perennial.report.blocks import FAILED, OPEN, PASSED, Verdict
from perennial.report.story import tell_story, title_of
from perennial.report.words import pick

MARKS = {PASSED: "good", FAILED: "bad", OPEN: "open"}


def read_resource(name: str) -> str:
    """Text of a file that lies beside this module."""
    return files("perennial.report").joinpath(name).read_text(encoding="utf-8")


@cache
def environment() -> Environment:
    """Templates with every value escaped and every unknown name an error."""
    made = Environment(
        loader=FunctionLoader(read_resource),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["mark"] = mark_class
    return made


def mark_class(cell: str) -> str:
    """Class of a table cell that begins with a sign; empty for all others."""
    return MARKS.get(cell[:1], "")


def render_page(facts: dict[str, Any]) -> str:
    """The report as one HTML document."""
    template = environment().get_template("page.html.j2")
    sections = tell_story(facts)
    return template.render(
        title=title_of(facts),
        as_of=pick(facts, "problem", "as_of", default=""),
        sections=sections,
        verdict=next(block for section in sections for block in section.blocks if isinstance(block, Verdict)),
        style=Markup(read_resource("style.css")),
    )
