"""The repository that the project lies in, if it lies in one.

What belongs here: asking git. What does not: what its answers mean.
"""

import subprocess

from resources.settings import PROJECT_ROOT

SECONDS = 5.0  # that an answer may take


def ask(*arguments: str) -> str:
    """Return what git says; "" if there is none, or it fails."""
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
