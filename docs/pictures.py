"""The README's pictures, made anew: `make pictures` starts a platform of its own and looks at it.

Needs Chromium (Debian's `chromium`). Everything but the pictures is written below `.data/pictures`.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / ".data" / "pictures"
PAGES = {
    "catalog": "/catalog/",
    "asset": "/catalog/asset/marts/fct_orders",
    "backlog": "/catalog/backlog",
    "report": "/files/reports/weekly_business_review/latest.html",
}
SIZE = {"width": 1280, "height": 860}


def main() -> None:
    """Start the platform, take the pictures, stop it."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("There is no Chromium here. On Debian: apt-get install chromium")
    port = free_port()
    platform = subprocess.Popen(
        [sys.executable, "-m", "platform_assets.cli", "up", "--port", str(port)],
        cwd=HERE.parent,
        env={**os.environ, "PLATFORM_DATA_DIR": str(DATA)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until_it_serves(platform)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for name, path in PAGES.items():
                take(browser, f"http://127.0.0.1:{port}{path}", HERE / f"{name}.png")
    finally:
        platform.send_signal(signal.SIGINT)
        platform.wait(60)


def take(browser: Browser, url: str, file: Path) -> None:
    """Save what one page shows first, as a PNG."""
    page = browser.new_page(viewport=SIZE, color_scheme="light")  # type: ignore[arg-type]
    page.goto(url)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=file)
    page.close()
    print(file.relative_to(HERE.parent))


def wait_until_it_serves(platform: subprocess.Popen[str]) -> None:
    """Read what the platform prints until it says that it serves."""
    assert platform.stdout is not None
    for line in platform.stdout:
        if "Ctrl-C stops" in line:
            return
    sys.exit("The platform did not start.")


def free_port() -> int:
    """Return a TCP port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
