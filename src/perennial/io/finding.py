"""What the doctor says of one thing: well, or wrong with the command that mends it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `mend` is empty when it is well; a note is worth knowing and not wrong."""

    subject: str
    sentence: str
    mend: str = ""
    note: bool = False

    @property
    def wrong(self) -> bool:
        """Tell whether something has to be mended."""
        return bool(self.mend) and not self.note


def render_finding(finding: Finding) -> str:
    """Return one line, and below it what mends it."""
    if not finding.mend:
        return f"✓ well   {finding.subject}: {finding.sentence}"
    mark = "✗ wrong " if finding.wrong else "· note  "
    return f"{mark} {finding.subject}: {finding.sentence}\n           mend: {finding.mend}"
