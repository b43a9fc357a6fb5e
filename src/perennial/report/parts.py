"""The pieces that a comment is put together from: blocks, folds and drawings as Markdown."""

from __future__ import annotations

from typing import Any

from perennial.report.blocks import keep
from perennial.report.markdown import escape_text, render_block


def blocks_of(*blocks: Any) -> str:
    """Render the blocks that are there."""
    return "\n".join(render_block(block) for block in keep(*blocks))


def fold(title: str, body: str) -> str:
    """A part behind a line that opens it; nothing when it is empty."""
    return f"<details><summary>{escape_text(title)}</summary>\n\n{body}\n</details>\n" if body else ""


def fence(drawing: str) -> str:
    """A drawing in a fixed-width face; nothing in it can end the fence."""
    return f"```text\n{drawing.replace('`', chr(39))}\n```\n" if drawing else ""
