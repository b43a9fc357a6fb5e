"""`perennial comment`: what a pull request changes, as one comment."""

import argparse
import sys
from pathlib import Path

from perennial.commands import Add
from perennial.commands.experiment import known_base
from perennial.evaluation.paired import pair_losses
from perennial.io.experiment import read_record
from perennial.io.files import write_text
from perennial.io.lock import stale_stages
from perennial.io.revisions import list_changes, read_run, read_worktree
from perennial.report.change import Run, same_test
from perennial.report.comment import render_comment


def write_comment(arguments: argparse.Namespace) -> None:
    """Write what changed between a revision and the working tree as Markdown, the verdict first."""
    base, record = known_base(arguments.base), read_record()
    ran = record or {}
    before, now = read_run(base) if base else Run("nothing: there is no base"), read_worktree()
    metric = now.metrics.get("evaluation", {}).get("metric", "")
    text = render_comment(
        before,
        now,
        files=list_changes(base) if base else (),
        seconds=ran.get("seconds"),
        stale=stale_stages() if record and not record["settings"] else (),
        page=arguments.page or "",
        settings=ran.get("settings", ()),
        difference=pair_losses(metric, before.losses, now.losses) if same_test(before, now) else None,
    )
    if arguments.out:
        write_text(Path(arguments.out), text)
    else:
        sys.stdout.write(text)


def declare(add: Add) -> None:
    """Declare the words of this module and their options."""
    comment = add("comment", write_comment)
    comment.add_argument("--base", required=True, help="the revision to compare with")
    comment.add_argument("--out", help="the file to write instead of standard output")
    comment.add_argument("--page", help="the address of the whole page")
