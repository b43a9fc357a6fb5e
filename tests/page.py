"""The files that docs/extending.md shows, by their path below src/perennial, and each as a module of its own."""

import re
import types
from typing import Any

from tests.conftest import ROOT

FILES = dict(
    re.findall(
        r"`(extensions/\w+/\w+\.py)`:\n\n```python\n(.*?)```", (ROOT / "docs/extending.md").read_text(), re.DOTALL
    )
)


def load_object(path: str, name: str) -> Any:
    """Return the object that a file of the page registers."""
    module = types.ModuleType(name.lower())
    exec(compile(FILES[path], path, "exec"), module.__dict__)
    return getattr(module, name)
