"""How an entry runs: it dies with its parent, and says a refusal in one sentence."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from perennial.refusal import Refusal

PR_SET_PDEATHSIG = 1


def _is_adopted(parent: int) -> bool:
    """Tell whether the parent is not who started this process: that one has died, and init or another took over."""
    try:
        # A child is in its parent's session, unless it has begun one of its own.
        return os.getsid(0) not in (os.getpid(), os.getsid(parent))
    except ProcessLookupError:
        return True


def _runs(process: int, word: str) -> bool:
    try:
        return word.encode() in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


def die_with_parent(kin: str = "") -> None:
    """Ask the kernel to kill this process when its parent ends, so that no orphan writes later (Linux only).

    One whose parent has ended already ends here; where the parent is known to run the command `kin`, that is asked too.
    """
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent or _is_adopted(parent) or (kin and not _runs(parent, kin)):
        os.kill(os.getpid(), signal.SIGKILL)


def run_stage(main: Callable[[], None]) -> None:
    """Run a stage, as `run_entry`; it does not outlive the DVC that started it."""
    die_with_parent()
    run_entry(main)


def run_entry(main: Callable[[], None]) -> None:
    """Run an entry; a Refusal becomes one sentence on standard error and exit code 1, ctrl-C one and 130."""
    try:
        main()
    except Refusal as refusal:
        print(f"refused: {refusal}", file=sys.stderr)
        raise SystemExit(1) from None
    except BrokenPipeError:  # who read the output has read enough: `perennial … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(128 + signal.SIGPIPE) from None
    except KeyboardInterrupt:
        print("stopped by hand: nothing is half-written; run it again.", file=sys.stderr)
        raise SystemExit(130) from None
    except OSError as error:
        place = error.filename or f"under {os.getcwd()}"
        words = error.strerror or str(error)
        print(f"refused: {words} ({place}): make room or mend the rights, then run again.", file=sys.stderr)
        raise SystemExit(1) from None
