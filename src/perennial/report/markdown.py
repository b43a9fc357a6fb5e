"""The same facts as Markdown: a comment under a pull request, short enough for one."""

from __future__ import annotations

import re
from typing import Any

from perennial.report.blocks import Block, Figures, Folded, Section, Table, Terms, Text, Tiles, Verdict
from perennial.report.story import tell_story, title_of

MOST_CHARACTERS = 65_000  # GitHub takes 65,536
MOST_ROWS = 30
FIRST = ("verdict", "champion", "metrics", "slices", "gate")
SPECIAL = re.compile(r"([\\`*{}\[\]<>|~&$]|\b_|_\b)")
# An entity would not do: mentions, references and addresses are looked for after entities are read.
LINKED = re.compile(r"(?i)([@#](?=\w)|\bGH(?=-\d)|\bwww(?=\.)|\b[a-z][a-z0-9+.-]*(?=://)|:(?=\w+:))")
BREAK = "\u200b"


def escape_text(value: str) -> str:
    """Make any text harmless in Markdown: no markup, mention, reference, address, line break or control character."""
    plain = "".join(char if char.isprintable() else " " for char in value)
    return SPECIAL.sub(lambda found: f"&#{ord(found[1])};", LINKED.sub(rf"\1{BREAK}", plain))


def render_markdown(facts: dict[str, Any]) -> str:
    """The report as Markdown, the verdict and what changed first; the rest folded."""
    sections = {section.name: section for section in tell_story(facts)}
    ordered = [sections[name] for name in FIRST if name in sections]
    ordered += [section for section in sections.values() if section.name not in FIRST]
    parts = [f"## {escape_text(title_of(facts))}\n"]
    for section in ordered:
        part = render_section(section, folded=section.name not in FIRST)
        if sum(map(len, parts)) + len(part) > MOST_CHARACTERS - 200:
            parts.append("\nThe rest does not fit here: see `reports/index.html`.\n")
            break
        parts.append(part)
    return "\n".join(parts)


def render_section(section: Section, *, folded: bool) -> str:
    """One section; a folded one opens on a click."""
    body = "\n".join(text for text in map(render_block, section.blocks) if text)
    title = escape_text(section.title)
    if folded:
        return f"<details><summary>{title}</summary>\n\n{body}\n</details>\n"
    return f"### {title}\n\n{body}"


def render_block(block: Block) -> str:
    """One block as Markdown; charts are left to the page."""
    match block:
        case Text():
            return f"{escape_text(block.text)}\n"
        case Verdict():
            return f"**{block.symbol} {escape_text(block.word)}.** {escape_text(block.sentence)}\n"
        case Terms():
            return "".join(f"- **{escape_text(name)}:** {escape_text(value)}\n" for name, value in block.pairs)
        case Tiles():
            head = tuple(tile.label for tile in block.tiles)
            return render_table(Table(head, (tuple(f"{t.value} ({t.note})" for t in block.tiles),), len(head)))
        case Table():
            return render_table(block)
        case Figures():
            return ""
        case Folded():
            return "\n".join(render_block(inner) for inner in block.blocks)


def render_table(table: Table) -> str:
    """A table of at most `MOST_ROWS` rows; numbers to the right."""
    lines = [f"{escape_text(table.caption)}:\n"] if table.caption else []
    lines.append("| " + " | ".join(escape_text(name) or " " for name in table.head) + " |")
    lines.append("|" + "|".join(" :-- " if i < table.words else " --: " for i in range(len(table.head))) + "|")
    lines += ["| " + " | ".join(map(escape_text, row)) + " |" for row in table.rows[:MOST_ROWS]]
    if len(table.rows) > MOST_ROWS:
        lines.append(f"\n{len(table.rows) - MOST_ROWS} more rows in `reports/index.html`.")
    return "\n".join(lines) + "\n"
