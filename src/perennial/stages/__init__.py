"""The stages of dvc.yaml, one module each: read, call, write."""

import sys

from perennial.io.process import die_with_parent

# While `python -m` imports a stage, which takes seconds: whoever started it may be killed before `main` is reached.
if sys.argv[:1] == ["-m"]:
    die_with_parent()
