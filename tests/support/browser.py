"""A real Chromium for the browser tests: the one on the path, or an installed one.

`python -m support.browser` finds or installs it and prints where it is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# No sandbox: as root, and in most containers, Chromium starts only without it. The rest keeps it
# from talking to anybody but the server under test.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


class NoBrowser(Exception):
    """No Chromium is on this machine and none could be installed."""


def find_chromium() -> Path | None:
    """The Chromium on the path, or the one that `playwright install chromium` left; else None."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return own if own.exists() else None


def install_chromium() -> Path:
    """Install Chromium by playwright or, as root, by apt-get.

    Raises
    ------
    NoBrowser
        With what was tried and what each said.
    """
    tried = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        tried += [["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]]
    said = []
    for command in tried:
        print("+", " ".join(command), flush=True)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        except subprocess.TimeoutExpired:
            said.append(f"{' '.join(command)}: no end after 10 minutes")
            continue
        if done.returncode:
            said.append(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()[-400:]}")
        found = find_chromium()
        if found:
            return found
    raise NoBrowser(
        "The browser tests need Chromium: none of "
        + ", ".join(NAMES)
        + " is on the path, and installing one failed:\n"
        + "\n".join(said)
    )


def main() -> int:
    """Find or install a Chromium, print its path; 1 and the reason when there is none."""
    try:
        print(f"Chromium: {find_chromium() or install_chromium()}")
    except NoBrowser as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
