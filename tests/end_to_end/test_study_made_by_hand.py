"""A study is made, tried, opened, looked at and copied in a real browser, as a researcher does it.

With DIPTYCH_SCREENSHOTS=DIR every step is photographed there, wide and narrow, light and dark.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect
from support.dashboard import PASSWORD, researcher
from support.inspection import axe_faults, listening, settle, too_wide
from support.servers import LiveServer
from support.tiny_studies import two_afc_study

from diptych.app import create_app
from diptych.authoring import load_study
from diptych.ground.settings import Settings

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("database_kind", ["sqlite"]),
]
SIZES = {"wide": (1280, 900), "narrow": (400, 860)}
HUES = {"red discs": (200, 60, 60), "green discs": (60, 170, 60), "blue discs": (60, 60, 200)}


class Desk:
    """A researcher's browser, and what is looked at on every page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url, self.step = page, url, 0
        self.wrong: list[str] = []

    def look(self, name: str) -> None:
        """Look at the page in both sizes and schemes: access, width, and a photograph."""
        self.step += 1
        page, shots = self.page, os.environ.get("DIPTYCH_SCREENSHOTS")
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                settle(page)
                faults = axe_faults(page) + [f"sticks out: {what}" for what in too_wide(page)]
                self.wrong += [f"{name} ({size}, {scheme}): {fault}" for fault in faults]
                if shots:
                    folder = Path(shots) / size / scheme
                    folder.mkdir(parents=True, exist_ok=True)
                    path = folder / f"made-{self.step:02d}-{name}.png"
                    page.screenshot(path=path, full_page=True)
        page.set_viewport_size({"width": 1280, "height": 900})
        page.emulate_media(color_scheme="light")


@pytest.fixture
def studies_folder(tmp_path: Path) -> Path:
    """No study yet."""
    folder = tmp_path / "studies"
    folder.mkdir()
    return folder


@pytest.fixture
def desk(live_server: LiveServer, settings: Settings, browser: Browser) -> Iterator[Desk]:
    """A browser of a researcher without any study, on the log-in page."""
    researcher(create_app(settings), None, name="ada")
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    found = Desk(page, live_server.url)
    with listening(page) as heard:
        page.goto(f"{live_server.url}/dashboard/")
        page.get_by_label("Name").fill("ada")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/dashboard/studies")
        yield found
    context.close()
    wrong = found.wrong + heard
    assert not wrong, f"{len(wrong)} faults\n" + "\n".join(wrong)


def draw(folder: Path, per_class: int) -> Path:
    """Ninety pictures of discs in a folder per class, one of them broken, and one twice."""
    rng = np.random.default_rng(5)
    for label, hue in HUES.items():
        (folder / label).mkdir(parents=True)
        for number in range(per_class):
            noise = rng.integers(96, 160, (96, 96, 3), dtype=np.uint8)
            image = Image.fromarray(noise, "RGB")
            x, y = 48 + rng.uniform(-12, 12, 2)
            size = rng.uniform(14, 30)
            ImageDraw.Draw(image).ellipse((x - size, y - size, x + size, y + size), fill=hue)
            image.save(folder / label / f"{number:02d}.png")
    (folder / "red discs" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnot much")
    again = (folder / "red discs" / "00.png").read_bytes()
    (folder / "red discs" / "again.png").write_bytes(again)
    return folder


def test_category_learning_from_ninety_images(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    page = desk.page
    desk.look("no-studies")
    page.get_by_role("link", name="New study").first.click()
    desk.look("new")
    page.get_by_label("Name", exact=True).fill("discs")
    page.get_by_label("Title").fill("Discs of three colours")
    page.get_by_role("button", name="Make the study").click()
    expect(page.get_by_text("This is a draft")).to_be_visible()
    desk.look("draft")
    images(desk, tmp_path)
    texts(desk)
    form(desk, settings)
    page.goto(f"{desk.url}/dashboard/studies/discs/edit")
    expect(page.get_by_role("heading", name="No faults")).to_be_visible()
    desk.look("no-faults")
    tried(desk)
    page.goto(f"{desk.url}/dashboard/studies/discs/edit")
    page.get_by_role("link", name="Check and open").or_(
        page.get_by_role("link", name="New version")
    ).first.click()
    desk.look("checklist")
    page.get_by_text("Open to people").first.click()
    page.get_by_role("button", name="Open it").click()
    expect(page.get_by_text("is open to people")).to_be_visible()
    planned(desk)
    page.goto(f"{desk.url}/dashboard/studies/discs/edit/try")
    page.get_by_label("How many").select_option("20")
    page.get_by_role("button", name="Let them take the study").click()
    expect(page.get_by_text("Simulated: 20 participants")).to_be_visible(timeout=180_000)
    desk.look("simulated")
    page.get_by_role("link", name="Figures of simulated participants").click()
    desk.look("figures")
    page.goto(f"{desk.url}/dashboard/studies/discs/export")
    page.get_by_role("link", name="Look at the data").click()
    desk.look("data")
    with page.expect_download() as got:
        page.goto(f"{desk.url}/dashboard/studies/discs/edit")
        page.get_by_role("link", name="Export as zip").click()
    exported = tmp_path / "discs.zip"
    got.value.save_as(exported)
    page.goto(f"{desk.url}/dashboard/new")
    page.get_by_label("Name of the copy").fill("discs_2")
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("heading", name="No faults")).to_be_visible()
    first, second = (load_study(settings.studies / n).content for n in ("discs", "discs_2"))
    assert first.texts == second.texts and len(second.stimuli) == 90


def images(desk: Desk, tmp_path: Path) -> None:
    """Upload a folder with a folder per class."""
    page = desk.page
    page.get_by_role("link", name="Add images").click()
    desk.look("images-none")
    page.locator("#field-folder").set_input_files(draw(tmp_path / "pictures", 30))
    page.wait_for_url("**/stimuli/upload/**")
    expect(page.get_by_role("heading", name="90 images can be added")).to_be_visible()
    expect(page.get_by_text("is the same picture as")).to_be_visible()
    desk.look("uploaded")
    page.get_by_role("button", name="Add 90 images").click()
    expect(page.get_by_text("Added: 90 images.")).to_be_visible()
    desk.look("images")
    page.get_by_role("link", name=re.compile("red discs")).click()
    page.get_by_role("checkbox", name="All on this page").check()
    page.get_by_label("New label").fill("crimson discs")
    page.get_by_role("button", name="Relabel").click()
    expect(page.get_by_text("30 images now have the label")).to_be_visible()


def texts(desk: Desk) -> None:
    """Write the texts, with what participants see beside the editor."""
    page = desk.page
    for name, text in (
        ("consent.md", "# Consent\n\nYou may stop **at any time**. Your answers are anonymous."),
        ("instructions.md", "# Discs\n\nLearn the colours.\n\n---\n\n# Answers\n\nRank two."),
        ("debrief.md", "# Thank you\n\nThis was about *colours*."),
    ):
        page.goto(f"{desk.url}/dashboard/studies/discs/edit/file/{name}")
        area = page.get_by_label(f"Text of {name}")
        area.fill(text)
        heading = text.partition("\n")[0].lstrip("# ")
        expect(page.locator("#look").get_by_role("heading", name=heading)).to_be_visible()
        if name == "instructions.md":
            desk.look("text")
        area.press("Control+s")
        expect(page.get_by_text(f"{name} is saved.")).to_be_visible()
    page.get_by_role("link", name="Earlier texts").click()
    page.get_by_role("link", name="Compare").first.click()
    desk.look("earlier-texts")


def form(desk: Desk, settings: Settings) -> None:
    """Change settings in the form; a fault is shown beside its field."""
    page = desk.page
    page.goto(f"{desk.url}/dashboard/studies/discs/edit/form")
    desk.look("form")
    page.locator("[name='key:minutes']").fill("0")
    page.get_by_role("button", name="Save the settings").click()
    fault = page.locator(".fault", has_text="Found 0")
    expect(fault).to_be_visible()
    desk.look("form-fault")
    page.locator("[name='key:minutes']").fill("5")
    page.locator("[name='key:contact']").fill("Ada Example <ada@example.org>")
    page.get_by_role("button", name="Save the settings").click()
    expect(page.get_by_text("The settings are saved.")).to_be_visible()
    expect(fault).to_have_count(0)
    page.goto(f"{desk.url}/dashboard/studies/discs/edit/file/study.toml")
    area = page.get_by_label("Text of study.toml")
    area.fill(area.input_value().replace("rank = 2", "rank = 9\nrnak = 1"))
    expect(page.get_by_role("button", name=re.compile("Line")).first).to_be_visible()
    page.get_by_role("button", name=re.compile("Line")).first.click()
    desk.look("toml-fault")
    page.once("dialog", lambda dialog: dialog.accept())
    assert "# how many classes" in (settings.studies / "discs" / "study.toml").read_text()


def planned(desk: Desk) -> None:
    """Let the study open later, by the researcher's own clock; then at once again."""
    page = desk.page
    page.get_by_role("link", name="Opening", exact=True).click()
    desk.look("opening")
    page.get_by_label("Opens", exact=False).fill("2099-01-02T09:30")
    page.get_by_label("Pause at this number").fill("40")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("New participants can enter from")).to_be_visible()
    expect(page.get_by_label("Opens", exact=False)).to_have_value("2099-01-02T09:30")
    desk.look("scheduled")
    page.get_by_label("Opens", exact=False).fill("")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("New participants can enter from")).to_have_count(0)


def tried(desk: Desk) -> None:
    """Freeze for a preview, and look at it on three devices."""
    page = desk.page
    page.get_by_role("link", name="Try", exact=True).click()
    page.get_by_role("button", name="Freeze for a preview").click()
    page.get_by_role("button", name="Show on three devices").click()
    for name in ("phone", "tablet", "desktop"):
        frame = page.frame_locator(f".device-{name} iframe")
        expect(frame.get_by_text("You may stop")).to_be_visible()
    desk.look("three-devices")
    page.get_by_label("Begin at trial").fill("3")
    page.get_by_role("button", name="Show on three devices").click()
    for name in ("phone", "tablet", "desktop"):
        frame = page.frame_locator(f".device-{name} iframe")
        expect(frame.get_by_text("Welcome back")).to_be_visible()
        frame.get_by_role("button").first.click()
        expect(frame.locator("img").first).to_be_visible()
    desk.look("a-trial")


def test_two_afc_from_a_zip_file(desk: Desk, settings: Settings, tmp_path: Path) -> None:
    import shutil

    folder = two_afc_study(tmp_path / "packed" / "red_or_not")
    zipped = shutil.make_archive(str(tmp_path / "red"), "zip", folder.parent, folder.name)
    page = desk.page
    page.goto(f"{desk.url}/dashboard/new")
    page.get_by_label("Name of the study").fill("red")
    page.get_by_label("Zip file").set_input_files(zipped)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("heading", name="No faults")).to_be_visible()
    assert load_study(settings.studies / "red").content.items
    page.get_by_role("link", name="Look at the items").click()
    expect(page.locator(".item")).to_have_count(7)
    desk.look("items")
    page.get_by_role("link", name="Edit items.csv as text").click()
    desk.look("items-as-text")
    page.goto(f"{desk.url}/dashboard/studies/red/edit")
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete the draft").click()
    desk.look("deleted")
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("heading", name="No faults")).to_be_visible()
    page.goto(f"{desk.url}/dashboard/studies/red/edit/try")
    page.get_by_role("button", name="Freeze for a preview").click()
    page.get_by_role("button", name="Let them take the study").click()
    expect(page.get_by_text("Simulated: 1 participant")).to_be_visible(timeout=180_000)


def test_the_second_editor_sees_both_texts(desk: Desk, settings: Settings) -> None:
    page = desk.page
    page.goto(f"{desk.url}/dashboard/new")
    page.get_by_label("Name", exact=True).fill("pets")
    page.get_by_role("button", name="Make the study").click()
    page.goto(f"{desk.url}/dashboard/studies/pets/edit/file/debrief.md")
    page.get_by_label("Text of debrief.md").fill("# Thank you\n\nMine.\n")
    (settings.studies / "pets" / "debrief.md").write_text("# Thank you\n\nTheirs.\n")
    page.get_by_role("button", name="Save").click()
    expect(
        page.get_by_text("This file was changed outside the browser after you opened it")
    ).to_be_visible()
    desk.look("conflict")
    page.get_by_role("button", name="Save mine").click()
    expect(page.get_by_text("debrief.md is saved.")).to_be_visible()
    assert "Mine." in (settings.studies / "pets" / "debrief.md").read_text()
