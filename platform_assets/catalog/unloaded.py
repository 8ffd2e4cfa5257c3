"""What is declared on disk, and not among the definitions that were loaded.

What belongs here: where such a declaration stands, in words. What does not: what loads (`catalog`).
"""

import importlib
import re
from pathlib import Path

from platform_assets.policy import relative
from resources.settings import settings

# Of the first part of a key, the components that declare such assets.
DECLARED_BY = {"report": r"Report", "raw": r"(?:File|Database)Source"}


def words(key: str) -> str:
    """Return that an asset which is not loaded is declared, and what to do; "" where it is not.

    Args:
        key: `report/<name>`, or `raw/<name>` with or without a table; others are not looked for.
    """
    kind, _, rest = key.partition("/")
    component, name = DECLARED_BY.get(kind), rest.partition("/")[0]
    if component is None:
        return ""
    declared = re.compile(rf"^type:\s*[\w.]+\.{component}\s*$", re.MULTILINE)
    files = (file for file in _folder().rglob("defs.yaml") if file.parent.name == name)
    found = next((f for f in files if declared.search(f.read_text(errors="replace"))), None)
    if found is None:
        return ""
    return f"{key} is declared in {relative(found)}, and not loaded yet: reload the definitions."


def _folder() -> Path:
    package = importlib.import_module(settings().defs_module)
    return Path(next(iter(package.__path__)))
