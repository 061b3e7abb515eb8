"""Browsers other than Chromium, driven by WebDriver's commands: one class, two ways to send them.

Firefox listens for them itself (Marionette, which geckodriver only translates to); WebKit has a
small server, WebKitWebDriver. Both need nothing but the browser's own packages.

References
----------
W3C WebDriver, https://www.w3.org/TR/webdriver2/; Marionette's protocol,
https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from support.servers import PATIENCE, free_port

#: How long a page may take to show what a test waits for, s: much more than on an idle machine.
SCRIPT_S = 60.0
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
#: command -> method and path of the W3C's, and Marionette's name.
_COMMANDS = {
    "navigate": ("POST", "url", "Navigate"),
    "refresh": ("POST", "refresh", "Refresh"),
    "execute": ("POST", "execute/sync", "ExecuteScript"),
    "execute_async": ("POST", "execute/async", "ExecuteAsyncScript"),
    "find": ("POST", "element", "FindElement"),
    "click": ("POST", "element/{id}/click", "ElementClick"),
    "actions": ("POST", "actions", "PerformActions"),
    "timeouts": ("POST", "timeouts", "SetTimeouts"),
    "rect": ("POST", "window/rect", "SetWindowRect"),
    "screenshot": ("GET", "screenshot", "TakeScreenshot"),
}
#: Keys by their DOM names, as WebDriver codes them.
_KEYS = {
    "Enter": "\ue007",
    "Backspace": "\ue003",
    "ArrowUp": "\ue013",
    "ArrowRight": "\ue014",
    "ArrowDown": "\ue015",
}
#: Firefox speaks to nobody but the server under test.
_QUIET = {
    "app.normandy.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
}

# As a person does, and as Playwright does: presses nothing that is still covered or disabled.
_PRESSABLE = """
(testid) => {
  const usable = (e) => !e.disabled && !e.hidden && e.getClientRects().length > 0;
  const all = [...document.querySelectorAll(`[data-testid="${testid}"]`)];
  const element = all.find(usable);
  if (!element) return null;
  element.scrollIntoView({ block: 'nearest', behavior: 'instant' });
  const { left, top, width, height } = element.getBoundingClientRect();
  const hit = document.elementFromPoint(left + width / 2, top + height / 2);
  return element.contains(hit) ? { at: all.indexOf(element) } : null;
}
"""

_TWO_FRAMES = "requestAnimationFrame(() => requestAnimationFrame(() => arguments[0]()));"


class DriverError(Exception):
    """The browser refused a command."""


class OtherBrowser(ABC):
    """One window of a browser.

    Attributes
    ----------
    name : str
        Name and version.
    """

    name = ""

    @abstractmethod
    def command(self, name: str, **parameters: Any) -> Any:
        """Send one of `_COMMANDS`; returns its value.

        Raises
        ------
        DriverError
            When the browser refuses.
        """

    @abstractmethod
    def resize(self, width: int, height: int) -> None:
        """Give the page so many CSS pixels, and wait until it has them."""

    @abstractmethod
    def set_offline(self, *, offline: bool) -> None:
        """Set the browser offline or online, where it has a switch for that.

        `navigator.onLine` stays true in WebKit, which asks the machine, and in a Firefox that
        resists fingerprinting, which always says so.
        """

    @abstractmethod
    def close(self) -> None:
        """End the browser and all that was started for it."""

    def goto(self, url: str) -> None:
        """Open an address, and wait until it has loaded."""
        self.command("navigate", url=url)

    def reload(self) -> None:
        """Load the page again."""
        self.command("refresh")

    def run(self, function: str, *arguments: Any) -> Any:
        """Call a function, given as JavaScript, in the page; returns its value."""
        script = f"return ({function})(...arguments);"
        return self.command("execute", script=script, args=list(arguments))

    def wait(self, function: str, *arguments: Any) -> Any:
        """Ask a function again and again, in the page, until its value counts as true.

        Raises
        ------
        DriverError
            When it does not within `SCRIPT_S`.
        """
        script = f"""
            const given = [...arguments], done = given.pop(), ask = ({function});
            const again = () => {{
              const found = ask(...given);
              if (found) done(found); else setTimeout(again, 20);
            }};
            again();
        """
        try:
            return self.command("execute_async", script=script, args=list(arguments))
        except DriverError as fault:
            shown = self.run("() => document.body.innerText")
            raise DriverError(f"{fault}; the page shows {shown!r}") from fault

    def click(self, testid: str) -> None:
        """Click the element of a test id, once it can be."""
        at = self.wait(_PRESSABLE, testid)["at"]
        # XPath counts from 1, and finds the same element as the page's own query.
        xpath = f"(//*[@data-testid='{testid}'])[{at + 1}]"
        found = self.command("find", using="xpath", value=xpath)
        self.command("click", id=found[_ELEMENT])

    def press(self, key: str) -> None:
        """Press and let go a key, by its DOM name."""
        value = _KEYS.get(key, key)
        actions = [{"type": kind, "value": value} for kind in ("keyDown", "keyUp")]
        self.command("actions", actions=[{"type": "key", "id": "keys", "actions": actions}])

    def text(self, testid: str) -> str | None:
        """Return the words of an element that is seen, or None while none is."""
        found: str | None = self.run(
            """(id) => [...document.querySelectorAll(`[data-testid="${id}"]`)]
                 .find((e) => e.getClientRects().length)?.innerText ?? null""",
            testid,
        )
        return found

    def screenshot(self, path: Path) -> None:
        """Write what the window shows as a PNG."""
        # WebKit has the new size before it has drawn anything at it.
        self.command("execute_async", script=_TWO_FRAMES, args=[])
        path.write_bytes(base64.b64decode(self.command("screenshot")))

    def clock_step_ms(self) -> float:
        """Return the least step of the page's clock, ms, seen in 300 ms."""
        found: float = self.run(
            """() => {
              let least = Infinity, last = performance.now();
              for (const end = Date.now() + 300; Date.now() < end; ) {
                const now = performance.now();
                if (now > last) least = Math.min(least, now - last);
                last = now;
              }
              return least;
            }"""
        )
        return found

    def _wait_for_size(self, width: int, height: int) -> None:
        self.wait("(w, h) => innerWidth === w && innerHeight === h", width, height)
        # The page hears of its new size with the next frame.
        self.command("execute_async", script=_TWO_FRAMES, args=[])


class Firefox(OtherBrowser):
    """A headless Firefox in a fresh profile.

    Parameters
    ----------
    program : Path
        Firefox.
    preferences : mapping
        Further preferences of the profile.
    """

    def __init__(self, program: Path, preferences: Mapping[str, Any] | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(
            prefix="diptych-firefox-", ignore_cleanup_errors=True
        )
        profile = Path(self._folder.name)
        chosen = {"marionette.port": 0, **_QUIET, **(preferences or {})}
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in chosen.items()]
        (profile / "user.js").write_text("".join(lines), encoding="utf-8")
        # Access to the system: only the browser itself can be offline, and as narrow as a phone.
        options = ["--headless", "--marionette", "--remote-allow-system-access", "--no-remote"]
        self._process = subprocess.Popen(
            [str(program), *options, "--profile", str(profile)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._number = 0
        self._socket: socket.socket | None = None
        try:
            self._socket = socket.create_connection(("127.0.0.1", self._port(profile)), PATIENCE)
            self._stream = self._socket.makefile("rwb")
            self._read()  # its greeting
            session = self._send("WebDriver:NewSession", {"capabilities": {}})["capabilities"]
        except BaseException:
            self.close()
            raise
        self.name = f"Firefox {session['browserVersion']}"
        if preferences:
            self.name += ", " + ", ".join(preferences)
        self.command("timeouts", script=int(SCRIPT_S * 1000))

    def _port(self, profile: Path) -> int:
        """The port that Firefox took; it writes it into the profile once it listens."""
        said = profile / "MarionetteActivePort"
        until = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < until:
            if said.exists() and (port := said.read_text()):
                return int(port)
            time.sleep(0.05)
        raise DriverError("Firefox did not begin to listen")

    def _read(self) -> Any:
        length = b""
        while (digit := self._stream.read(1)) != b":":
            if not digit:
                raise DriverError("Firefox has ended")
            length += digit
        return json.loads(self._stream.read(int(length)))

    def _send(self, name: str, parameters: Mapping[str, Any]) -> Any:
        self._number += 1
        body = json.dumps([0, self._number, name, parameters]).encode()
        self._stream.write(str(len(body)).encode() + b":" + body)
        self._stream.flush()
        _, _, error, value = self._read()
        if error:
            raise DriverError(f"{name}: {error['error']}: {error['message']}")
        return value

    def command(self, name: str, **parameters: Any) -> Any:
        if name in ("execute", "execute_async"):
            parameters["newSandbox"] = False
        if name == "screenshot":
            parameters["full"] = False
        value = self._send(f"WebDriver:{_COMMANDS[name][2]}", parameters)
        return value["value"] if isinstance(value, dict) and "value" in value else value

    def _in_the_browser(self, function: str, *arguments: Any) -> None:
        """Call a function in the browser's own window instead of the page."""
        self._send("Marionette:SetContext", {"value": "chrome"})
        try:
            self.run(function, *arguments)
        finally:
            self._send("Marionette:SetContext", {"value": "content"})

    def resize(self, width: int, height: int) -> None:
        # The window itself is never narrower than 500 px. WebDriver BiDi's `setViewport` does this.
        self._in_the_browser(
            """(width, height) => {
              const { style } = gBrowser.selectedBrowser;
              style.setProperty('width', `${width}px`);
              style.setProperty('height', `${height}px`);
            }""",
            width,
            height,
        )
        self._wait_for_size(width, height)

    def set_offline(self, *, offline: bool) -> None:
        self._in_the_browser("(offline) => { Services.io.offline = offline; }", offline)

    def close(self) -> None:
        # Its profile is thrown away, so that nothing is lost by killing it.
        self._process.kill()
        self._process.wait(PATIENCE)
        if self._socket is not None:
            self._socket.close()
        self._folder.cleanup()


class WebKit(OtherBrowser):
    """WebKitGTK's MiniBrowser on a display that nobody sees.

    Parameters
    ----------
    driver, browser, display : Path
        WebKitWebDriver, MiniBrowser and Xvfb.
    """

    def __init__(self, driver: Path, browser: Path, display: Path) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self._client: httpx.Client | None = None
        self._session = ""
        try:
            self._start(driver, browser, display)
        except BaseException:
            self.close()
            raise

    def _start(self, driver: Path, browser: Path, display: Path) -> None:
        reading, writing = os.pipe()
        # It chooses a number that is free, and says it once it can be used.
        command = [str(display), "-displayfd", str(writing), "-nolisten", "tcp"]
        command += ["-screen", "0", "1600x1200x24"]
        self._begin(command, pass_fds=(writing,))
        os.close(writing)
        with os.fdopen(reading) as said:
            number = said.readline().strip()
        if not number:
            raise DriverError("Xvfb did not start")
        port = free_port()
        environment = {**os.environ, "DISPLAY": f":{number}"}
        self._begin([str(driver), f"--port={port}"], env=environment)
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=2 * SCRIPT_S, trust_env=False
        )
        self._until_it_listens()
        # Full screen: the bar above the page needs 447 px, a phone has fewer.
        options = {"binary": str(browser), "args": ["--automation", "--full-screen"]}
        wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        session = self._ask("POST", "/session", {"capabilities": wanted})
        self._session = session["sessionId"]
        self.name = f"WebKitGTK {session['capabilities']['browserVersion']}"
        self.command("timeouts", script=int(SCRIPT_S * 1000))

    def _begin(self, command: list[str], **options: Any) -> None:
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._processes.append(subprocess.Popen(command, **silent, **options))

    def _until_it_listens(self) -> None:
        assert self._client is not None
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                self._client.get("/status")
                return
            except httpx.TransportError:
                time.sleep(0.05)
        raise DriverError("WebKitWebDriver did not begin to listen")

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        assert self._client is not None
        value = self._client.request(method, path, json=body).json()["value"]
        if isinstance(value, dict) and "error" in value:
            raise DriverError(f"{path}: {value['error']}: {value.get('message')}")
        return value

    def command(self, name: str, **parameters: Any) -> Any:
        method, path, _ = _COMMANDS[name]
        if "{id}" in path:
            path = path.format(id=parameters.pop("id"))
        body = parameters if method == "POST" else None
        return self._ask(method, f"/session/{self._session}/{path}", body)

    def resize(self, width: int, height: int) -> None:
        self.command("rect", width=width, height=height)
        self._wait_for_size(width, height)

    def set_offline(self, *, offline: bool) -> None:
        """Do nothing: WebKit has no such switch."""

    def close(self) -> None:
        if self._client is not None:
            if self._session:
                with contextlib.suppress(httpx.HTTPError):  # it may have ended already
                    self._client.delete(f"/session/{self._session}")
            self._client.close()
        for process in reversed(self._processes):
            process.kill()
            process.wait(PATIENCE)
