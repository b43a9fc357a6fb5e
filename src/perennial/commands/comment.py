"""`perennial comment`: what a pull request changes, as one comment."""

import argparse
import sys
from pathlib import Path

from perennial.commands.experiment import known_base
from perennial.io.experiment import read_record
from perennial.io.files import write_text
from perennial.io.lock import stale_stages
from perennial.io.revisions import list_changes, read_run, read_worktree
from perennial.report.change import Run
from perennial.report.comment import render_comment


def write_comment(arguments: argparse.Namespace) -> None:
    """Write what changed between a revision and the working tree as Markdown, the verdict first."""
    base, record = known_base(arguments.base), read_record()
    ran = record or {}
    text = render_comment(
        read_run(base) if base else Run("nothing: there is no base"),
        read_worktree(),
        files=list_changes(base) if base else (),
        seconds=ran.get("seconds"),
        stale=stale_stages() if record and not record["settings"] else (),
        page=arguments.page or "",
        settings=ran.get("settings", ()),
    )
    if arguments.out:
        write_text(Path(arguments.out), text)
    else:
        sys.stdout.write(text)
