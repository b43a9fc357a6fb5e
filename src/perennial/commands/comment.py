"""`perennial comment`: what a pull request changes, as one comment."""

import argparse
import sys
from pathlib import Path

from perennial.io.files import write_text
from perennial.io.revisions import list_changes, read_run, read_worktree
from perennial.report.comment import render_comment


def write_comment(arguments: argparse.Namespace) -> None:
    """Write what changed between a revision and the working tree as Markdown, the verdict first."""
    base, run = read_run(arguments.base), read_worktree()
    text = render_comment(base, run, files=list_changes(arguments.base), page=arguments.page or "")
    if arguments.out:
        write_text(Path(arguments.out), text)
    else:
        sys.stdout.write(text)
