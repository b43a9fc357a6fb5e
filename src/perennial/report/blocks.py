"""What a section is made of; the page and the Markdown render the same blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup

PASSED, FAILED, OPEN = "✓", "✕", "○"


@dataclass(frozen=True)
class Text:
    """A paragraph; tone is "", "lead", "note" or "warn"."""

    kind: ClassVar[str] = "text"
    text: str
    tone: str = ""


@dataclass(frozen=True)
class Terms:
    """Names with their explanations."""

    kind: ClassVar[str] = "terms"
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Tile:
    """One figure to see first."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Tiles:
    """The few figures that matter."""

    kind: ClassVar[str] = "tiles"
    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Table:
    """Rows of text; the first `words` columns hold words and read from the left, the others hold numbers."""

    kind: ClassVar[str] = "table"
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1
    caption: str = ""


@dataclass(frozen=True)
class Drawing:
    """A chart with its heading and the sentence to read it by."""

    svg: Markup
    title: str
    caption: str = ""


@dataclass(frozen=True)
class Figures:
    """Charts side by side; `small` ones three in a row."""

    kind: ClassVar[str] = "figures"
    drawings: tuple[Drawing, ...]
    small: bool = False


@dataclass(frozen=True)
class Verdict:
    """The outcome in one symbol, one word and one sentence; state is "passed", "failed" or "open"."""

    kind: ClassVar[str] = "verdict"
    state: str
    word: str
    sentence: str

    @property
    def symbol(self) -> str:
        """A sign that needs no colour."""
        return {"passed": PASSED, "failed": FAILED}.get(self.state, OPEN)


@dataclass(frozen=True)
class Folded:
    """Blocks behind a line that opens them."""

    kind: ClassVar[str] = "folded"
    summary: str
    blocks: tuple[Text | Terms | Table | Figures, ...]


Block = Text | Terms | Tiles | Table | Figures | Verdict | Folded


@dataclass(frozen=True)
class Section:
    """One heading of the page."""

    name: str
    title: str
    blocks: tuple[Block, ...]


def state_mark(passed: bool | None) -> str:
    """A sign and a word for a check."""
    if passed is None:
        return f"{OPEN} not judged"
    return f"{PASSED} passed" if passed else f"{FAILED} failed"


def keep(*blocks: Block | None) -> tuple[Block, ...]:
    """Drop what is not there: None and tables without rows."""
    return tuple(block for block in blocks if block is not None and not (isinstance(block, Table) and not block.rows))
