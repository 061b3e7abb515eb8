"""Firefox and WebKit for the browser tests: those on the path, or installed ones.

`python -m support.other_browsers` finds or installs them and prints where they are. A browser that
can't be had is no failure: its tests are skipped, and say why.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from support.browser import NoBrowser
from support.webdriver import Firefox, OtherBrowser, WebKit

#: Debian's packages of each.
PACKAGES = {"Firefox": ["firefox-esr"], "WebKit": ["webkit2gtk-driver", "xvfb"]}
#: Where distributions put MiniBrowser: it is on no path.
_MINI_BROWSERS = ("lib/*/webkit2gtk-4.*/MiniBrowser", "libexec/webkit2gtk-4.*/MiniBrowser")


def find_firefox() -> Path:
    """Return Firefox's path.

    Raises
    ------
    NoBrowser
        When it is not installed.
    """
    found = shutil.which("firefox-esr") or shutil.which("firefox")
    if not found:
        raise NoBrowser("Firefox is not installed: neither firefox-esr nor firefox is on the path")
    return Path(found)


def find_webkit() -> tuple[Path, Path, Path]:
    """Return the paths of WebKitWebDriver, MiniBrowser and Xvfb.

    Raises
    ------
    NoBrowser
        When one of them is not installed.
    """
    driver, display = shutil.which("WebKitWebDriver"), shutil.which("Xvfb")
    browsers = sorted(path for each in _MINI_BROWSERS for path in Path("/usr").glob(each))
    if not driver or not display or not browsers:
        there = {"WebKitWebDriver": driver, "MiniBrowser": browsers, "Xvfb": display}
        missing = ", ".join(name for name, found in there.items() if not found)
        raise NoBrowser(f"WebKit is not installed: {missing} missing")
    return Path(driver), browsers[-1], Path(display)


FIND: Mapping[str, Callable[[], Path]] = {
    "Firefox": find_firefox,
    "WebKit": lambda: find_webkit()[1],
}


def start(name: str) -> OtherBrowser:
    """Start `firefox`, `firefox-resisting` (it resists fingerprinting) or `webkit`.

    Raises
    ------
    NoBrowser
        When it is not installed.
    """
    if name == "webkit":
        return WebKit(*find_webkit())
    resisting = {"privacy.resistFingerprinting": True} if name == "firefox-resisting" else {}
    return Firefox(find_firefox(), resisting)


def install(name: str) -> str:
    """Install a browser by apt-get; returns what went wrong, or nothing."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return "only root can install it here, by apt-get"
    for command in (["update", "-qq"], ["install", "-y", "-qq", *PACKAGES[name]]):
        print("+ apt-get", *command, flush=True)
        try:
            done = subprocess.run(
                ["apt-get", *command], capture_output=True, text=True, timeout=600, check=False
            )
        except subprocess.TimeoutExpired:
            return f"apt-get {command[0]}: no end after 10 minutes"
        if done.returncode:
            return f"apt-get {command[0]}: {(done.stderr or done.stdout).strip()[-400:]}"
    return ""


def main() -> int:
    """Find or install both browsers; say what is missing, which fails nothing."""
    for name, find in FIND.items():
        fault = ""
        try:
            find()
        except NoBrowser:
            fault = install(name)
        try:
            print(f"{name}: {find()}")
        except NoBrowser as missing:
            packages = " ".join(PACKAGES[name])
            print(f"{missing} (on Debian: apt-get install {packages}). Its tests are skipped.")
            print(f"Installing failed: {fault}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
