"""docs/first-study.md: every command is run as it stands there, in an empty folder."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from support.exports import table_in
from support.servers import PATIENCE, free_port

PAGE = Path(__file__).resolve().parents[1] / "docs" / "first-study.md"
BLOCKS = re.findall(r"(?ms)^```sh( serve)?\n(.*?)^```$", PAGE.read_text(encoding="utf-8"))
PORT = "8000"  # the one in the text; the test takes a free one in its place
MINUTES = re.compile(r"(?m)^## .*\((\d+) minutes\)$")
pytestmark = [pytest.mark.exhaustive, pytest.mark.slow]


@dataclass
class Reader:
    """Somebody who types what the page says, in one terminal and a second one.

    Attributes
    ----------
    folder : Path
        Where they began.
    told : list[str]
        What the blocks printed, in order.
    """

    folder: Path
    port: str
    told: list[str]
    environment: dict[str, str]
    server: subprocess.Popen[bytes] | None = None

    def type(self, block: str) -> None:
        """Run a block as a terminal would, which keeps its variables for the next one."""
        script = f"set -eo pipefail\n{block.replace(PORT, self.port)}\nenv -0 > .env-after\n"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        self.told.append(done.stdout)
        after = (self.folder / ".env-after").read_text().split("\0")
        self.environment = dict(line.split("=", 1) for line in after if "=" in line)

    def serve(self, block: str) -> None:
        """Run a block in the second terminal, until the host answers."""
        self.server = subprocess.Popen(
            ["bash", "-c", f"exec {block.strip().replace(PORT, self.port)}"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + PATIENCE
        while self.server.poll() is None and time.monotonic() < until:
            try:
                if httpx.get(f"{self.url}/healthz").status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        raise TimeoutError("the host of the page does not answer")

    @property
    def url(self) -> str:
        """Where the host is."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Close the second terminal."""
        if self.server is not None:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait(PATIENCE)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Somebody who has read and typed the whole page."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DIPTYCH_")}
    # The commands as they are installed: without the folder of this repository on the path.
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    environment.pop("PYTHONPATH", None)
    port = str(free_port())
    # The links that are printed must lead to the host that runs.
    environment["DIPTYCH_BASE_URL"] = f"http://127.0.0.1:{port}"
    made = Reader(tmp_path_factory.mktemp("first-study"), port, [], environment)
    try:
        for kind, block in BLOCKS:
            if kind:
                made.serve(block)
            else:
                made.type(block)
        yield made
    finally:
        made.stop()


def printed(reader: Reader, beginning: str) -> str:
    """What the block with a command printed."""
    plain = [block for kind, block in BLOCKS if not kind]
    place = next(i for i, block in enumerate(plain) if beginning in block)
    return reader.told[place]


def test_the_page_has_blocks_and_adds_up_to_fifteen_minutes() -> None:
    assert len(BLOCKS) >= 8
    assert sum(map(int, MINUTES.findall(PAGE.read_text(encoding="utf-8")))) == 15


def test_every_command_of_the_page_works(reader: Reader) -> None:
    assert len(reader.told) == sum(not kind for kind, _ in BLOCKS)
    assert (reader.folder / "studies" / "shapes" / "study.toml").is_file()


def test_the_first_checklist_names_what_the_page_says(reader: Reader) -> None:
    told = printed(reader, "diptych study checklist shapes")
    missing = re.findall(r"(?m)^missing +(\w+)", told)
    assert missing == ["Consent", "Instructions", "Debrief", "Contact"]


def test_the_last_checklist_misses_nothing(reader: Reader) -> None:
    told = printed(reader, "diptych study links shapes")
    assert not re.findall(r"(?m)^missing", told), told
    assert "9.00 GBP per hour" in " ".join(told.split())


def test_the_page_ends_with_a_link_for_prolific(reader: Reader) -> None:
    told = printed(reader, "diptych study links shapes")
    assert (
        "https://study.lab.edu/s/shapes?PROLIFIC_PID={{%PROLIFIC_PID%}}"
        "&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
    ) in told


def test_the_printed_preview_link_is_a_way_in(reader: Reader) -> None:
    (link,) = re.findall(r"preview: +(\S+)", printed(reader, "diptych study preview shapes"))
    assert link.startswith(f"{reader.url}/s/shapes?preview=")
    assert httpx.get(link, timeout=60).status_code == 200
    key = link.split("preview=")[1]
    entry = {"study": "shapes", "entry": {"preview": key}, "browser": {}}
    entered = httpx.post(f"{reader.url}/api/v1/sessions", json=entry, timeout=60)
    assert entered.status_code == 201


def test_the_printed_link_sets_a_password_and_the_dashboard_knows_the_study(
    reader: Reader,
) -> None:
    (link,) = re.findall(rf"({reader.url}/dashboard/link/\S+)", printed(reader, "diptych user add"))
    with httpx.Client(follow_redirects=True, timeout=60) as browser:
        form = browser.get(link)
        (token,) = set(re.findall(r'name="csrf_token" value="([^"]+)"', form.text))
        password = "a long enough password"
        fields = set(re.findall(r'name="([^"]+)" type="password"', form.text))
        data = {"csrf_token": token, **dict.fromkeys(fields, password)}
        browser.post(link, data=data)
        page = browser.get(f"{reader.url}/dashboard/studies/shapes")
        if page.url.path.endswith("/login"):
            (token,) = set(re.findall(r'name="csrf_token" value="([^"]+)"', page.text))
            credentials = {"csrf_token": token, "name": "ada", "password": password}
            browser.post(f"{reader.url}/dashboard/login", data=credentials)
            page = browser.get(f"{reader.url}/dashboard/studies/shapes")
    assert page.status_code == 200
    assert "Circles and squares" in page.text


def test_the_simulated_people_are_in_the_tables(reader: Reader) -> None:
    with table_in(reader.folder / "out", "trials").open(encoding="utf-8") as file:
        trials = list(csv.DictReader(file))
    assert {row["participant_kind"] for row in trials} == {"simulated"}
    assert len(trials) == 8 * 18
    assert {row["label"] for row in trials} == {"circle", "square"}


def test_the_study_is_left_open(reader: Reader) -> None:
    assert "open" in reader.told[-1].splitlines()[-1] or "participants:" in reader.told[-1]
