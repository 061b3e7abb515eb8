"""Nothing that is sent to the browser before an answer tells which answer is right.

Three ways of looking: in everything a real browser receives, for marks that were put wherever the
truth stands in the study's files; in the shape of what the API serves; and over many sessions, for
an order that goes with the truth.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import struct
from math import sqrt
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from PIL import Image, PngImagePlugin
from playwright.sync_api import Page, Response
from support.servers import LiveServer
from support.tiny_studies import category_study, two_afc_study
from support.visitor import Visitor

MARK = "zqxtruth"  # never part of anything that may be sent


def mark_files(folder: Path) -> None:
    """Give every image of a study a telling name and telling metadata, and more attributes."""
    renamed: dict[str, str] = {}
    for name in ("stimuli.csv", "items.csv"):
        if not (folder / name).exists():
            continue
        with (folder / name).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        for number, row in enumerate(rows):
            if "file" in row:
                renamed[row["file"]] = row["file"] = _mark_image(folder, row, number)
                row["hint"] = f"{MARK}attribute{row['label']}"
            else:
                for key in ("query_positive", "query_negative", "positives", "negatives"):
                    row[key] = ";".join(renamed[old] for old in row[key].split(";"))
                row["unit"] = f"{MARK}unit"
                row["item_id"] = f"{MARK}{row['item_id']}"
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def _mark_image(folder: Path, row: dict[str, str], number: int) -> str:
    """Write an image anew, as PNG or JPEG with comments of all kinds; returns its new name."""
    old = folder / row["file"]
    secret = f"{MARK}{row['label']}"
    with Image.open(old) as image:
        if number % 2:
            name = f"stimuli/{secret}{number}.jpg"
            exif = Image.Exif()
            exif[0x010E] = secret  # ImageDescription
            image.save(folder / name, "JPEG", quality=95, comment=secret, exif=exif)
        else:
            name = f"stimuli/{secret}{number}.png"
            info = PngImagePlugin.PngInfo()
            info.add_text("Title", secret)
            info.add_itxt("Comment", secret, zip=True)
            image.save(folder / name, "PNG", pnginfo=info)
    old.unlink()
    return name


def disguises(text: str) -> list[bytes]:
    """A text in the forms in which it might slip through."""
    plain = text.encode()
    return [
        plain,
        plain.hex().encode(),
        quote(text, safe="").encode(),
        *(base64.b64encode(b" " * n + plain)[n + 1 if n else 0 : -4] for n in range(3)),
    ]


class Received:
    """Everything a page receives, in order."""

    def __init__(self, page: Page) -> None:
        self.responses: list[Response] = []
        page.on("response", lambda response: self.responses.append(response))

    def read(self) -> list[tuple[str, str, bytes]]:
        """(address, headers, body) of each response."""
        return [
            (r.url, json.dumps(r.all_headers()), b"" if r.status in (204, 304) else r.body())
            for r in self.responses
        ]


def secrets_of(folder: Path) -> list[str]:
    """The mark, and every content hash by which an image could be looked up."""
    hashes = [hashlib.sha256(p.read_bytes()).hexdigest() for p in (folder / "stimuli").iterdir()]
    return [MARK, MARK.upper(), *(h[:12] for h in hashes)]


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("study", ["tiny", pytest.param("tiny_2afc", marks=pytest.mark.exhaustive)])
def test_nothing_a_browser_receives_before_the_last_answer_tells_the_truth(
    study: str, marked: Path, live_server: LiveServer, page: Page
) -> None:
    receiving = Received(page)
    visitor = Visitor(page)
    page.goto(f"{live_server.url}/s/{study}?PROLIFIC_PID=p1&STUDY_ID=s1&SESSION_ID=u1")
    for number in range(100):
        what = visitor.look()
        if what == "finish":
            break  # the debrief is after the last answer
        visitor.step(number)
    visitor.wait(lambda: len(visitor.acknowledged) >= 6)
    received = receiving.read()
    images = [part for part in received if "/i/" in part[0]]
    assert len(images) >= 6, "the images must have been looked at, too"
    for url, headers, body in received:
        for secret in secrets_of(marked / study):
            for form in disguises(secret):
                for where, text in (("URL", url.encode()), ("headers", headers.encode())):
                    assert form not in text, f"{secret} in the {where} of {url}"
                assert form not in body, f"{secret} in the body of {url}"
    for url, headers, body in images:
        assert only_a_picture(body), f"{url} carries more than a picture"
        assert "last-modified" not in headers.lower(), "the age of a file can tell its class"
        assert "content-disposition" not in headers.lower()


@pytest.fixture
def marked(studies_folder: Path) -> Path:
    """The tiny studies, with the truth marked wherever it stands in their files."""
    codes = {
        "recruitment": {
            "prolific": {"completed": f"{MARK}1", "screened_out": "OUT", "declined": "NO"}
        }
    }
    for write, name in ((category_study, "tiny"), (two_afc_study, "tiny_2afc")):
        for old in (studies_folder / name / "stimuli").iterdir():
            old.unlink()
        write(studies_folder / name, changes=codes)
        mark_files(studies_folder / name)
    return studies_folder


def only_a_picture(data: bytes) -> bool:
    """Whether a PNG has no chunk, and a JPEG no segment, beside those that make the picture."""
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        at, kinds = 8, set()
        while at < len(data):
            (length,) = struct.unpack("!I", data[at : at + 4])
            kinds.add(data[at + 4 : at + 8])
            at += 12 + length
        return kinds <= {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"} and at == len(data)
    at = 2
    while data[at + 1] != 0xDA:
        if data[at + 1] == 0xFE or 0xE1 <= data[at + 1] <= 0xED:
            return False
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return data[:2] == b"\xff\xd8" and data.rstrip(b"\0").endswith(b"\xff\xd9")


class Session:
    """A participant without a browser: keeps everything the API serves."""

    def __init__(self, client: FlaskClient, study: str) -> None:
        self.client = client
        reply = client.post("/api/v1/sessions", json={"study": study, "entry": {}})
        self.state: dict[str, Any] = reply.get_json()
        self.headers = {"Authorization": f"Bearer {self.state['token']}"}
        self.step("consent", {"agreed": True})
        self.step("instructions", {"read_ms": 1.0})

    def step(self, name: str, body: dict[str, Any]) -> None:
        path = f"/api/v1/session/steps/{name}"
        self.state = self.client.post(path, json=body, headers=self.headers).get_json()

    def images(self) -> list[str]:
        found: list[str] = self.client.get(
            "/api/v1/session/images", headers=self.headers
        ).get_json()["images"]
        return found

    def answer(self, response: dict[str, Any]) -> dict[str, Any]:
        """Answer the trial at hand; returns the feedback."""
        index = self.state["content"]["trial"]["index"]
        timing = {"rt_ms": 1, "onset_ms": 1, "onset_uncertainty_ms": 1, "answered_ms": 2}
        body = {"response": response, "timing": timing, "events": []}
        reply = self.client.post(
            f"/api/v1/trials/{index}/response", json=body, headers=self.headers
        ).get_json()
        self.state = reply["next"]
        feedback: dict[str, Any] = reply["feedback"]
        return feedback

    @property
    def trial(self) -> dict[str, Any] | None:
        """The trial at hand, if the session is at one."""
        found: dict[str, Any] | None = self.state["content"].get("trial")
        return found


@pytest.fixture
def open_client(client: FlaskClient, app: Any, studies_folder: Path) -> FlaskClient:
    """`client`, with larger tiny studies open that give feedback on everything."""
    from diptych.authoring.folder import load_study
    from diptych.study.versions import freeze

    for name in ("many", "many_2afc"):
        folder = studies_folder / name
        if name == "many":
            category_study(
                folder, training=18, test=0, changes={"task": {"feedback": ["training", "test"]}}
            )
            # The worst order for a manifest: class by class.
            path = folder / "stimuli.csv"
            head, *rows = path.read_text(encoding="utf-8").splitlines()
            rows.sort(key=lambda row: row.split(",")[1])
            path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
        else:
            two_afc_study(folder, practice=0, test=12, catch=0)
        with app.app_context():
            freeze(load_study(folder), opening=True)
    return client


def near(values: list[float], expected: float, deviation: float) -> bool:
    """Whether a mean of independent values is where it should be: 5 standard errors either way."""
    return abs(sum(values) / len(values) - expected) < 5 * deviation / sqrt(len(values))


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_category_trial_holds_nothing_but_image_classes_and_rank(
    open_client: FlaskClient,
) -> None:
    session = Session(open_client, "many")
    orders = set()
    timings: list[dict[str, Any]] = []
    while session.trial:
        trial = session.trial
        assert set(trial) == {"index", "phase", "task", "show", "images", "notice", "timing"}
        assert set(trial["show"]) == {"image", "classes", "rank"}
        timings.append({**trial["timing"], "mask_seed": None})  # of the session and the index only
        assert trial["images"] == [trial["show"]["image"]]
        orders.add(tuple(trial["show"]["classes"]))
        session.answer({"ranking": trial["show"]["classes"][:2]})
    assert len(orders) == 1, "an order that changes from trial to trial could tell something"
    assert all(timing == timings[0] for timing in timings), "nor may the timing"


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_the_order_of_images_to_load_goes_neither_with_class_nor_with_time(
    open_client: FlaskClient,
) -> None:
    by_class: dict[str, list[float]] = {}
    with_time: list[float] = []
    for _ in range(12):
        session = Session(open_client, "many")
        listed = session.images()
        assert len(listed) == 18
        seen = []
        while session.trial:
            show = session.trial["show"]
            label = session.answer({"ranking": show["classes"][:2]})["label"]
            seen.append(listed.index(show["image"]))
            by_class.setdefault(label, []).append(listed.index(show["image"]) / 17)
        n = len(seen)
        assert sorted(seen) == list(range(n))
        far = sum((place - time) ** 2 for time, place in enumerate(seen))
        with_time.append(1 - 6 * far / (n * (n * n - 1)))  # Spearman's rho
    for label, places in by_class.items():
        assert near(places, 0.5, 0.3), f"{label} stands at {sum(places) / len(places):.2f}"
    assert near(with_time, 0, 1 / sqrt(17)), f"rank correlation {with_time}"


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_no_place_of_a_2afc_trial_goes_with_the_right_query(open_client: FlaskClient) -> None:
    """Top or bottom, and earlier or later among the images, are both a matter of chance."""
    top: list[float] = []
    earlier: list[float] = []
    earlier_to_load: list[float] = []
    alphabetical: list[float] = []
    for _ in range(20):
        session = Session(open_client, "many_2afc")
        listed = session.images()
        while session.trial:
            trial = session.trial
            show = trial["show"]
            assert set(show) == {
                "question",
                "negative",
                "positive",
                "top",
                "bottom",
                "enable_after_ms",
                "counter",
            }
            right = session.answer({"choice": "top", "confidence": 1})["correct"]
            queries = [show["top"], show["bottom"]]
            good, bad = queries if right else queries[::-1]
            top.append(float(right))
            earlier.append(float(trial["images"].index(good) < trial["images"].index(bad)))
            earlier_to_load.append(float(listed.index(good) < listed.index(bad)))
            alphabetical.append(float(good < bad))
    for name, values in {
        "the right query on top": top,
        "the right query earlier among the trial's images": earlier,
        "the right query earlier among the images to load": earlier_to_load,
        "the right query's address first in the alphabet": alphabetical,
    }.items():
        assert near(values, 0.5, 0.5), f"{name}: {sum(values) / len(values):.2f} of the time"
