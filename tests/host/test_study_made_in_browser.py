"""A study is made, edited, tried, opened, exported and copied over HTTP, without a browser."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest
from flask import Flask
from support.dashboard import Researcher, researcher
from support.draft_pages import hidden, png, save, upload, zip_of
from support.tiny_studies import two_afc_study

from diptych.accounts import audit
from diptych.authoring import load_study
from diptych.ground.settings import Settings

CLASSES = ("cat", "dog", "Vögel")


def make(who: Researcher, name: str = "pets", task: str = "category_learning") -> None:
    form = {"name": name, "task": task, "title": "Pets", "images": "own"}
    reply = who.post("/new", form)
    assert reply.status_code == 303, reply.text
    assert reply.location.endswith(f"/dashboard/studies/{name}/edit")


def add_images(who: Researcher, study: str = "pets", per_class: int = 8) -> None:
    files = {
        f"pictures/{label}/{n}.png": png(100 * at + n)
        for at, label in enumerate(CLASSES)
        for n in range(per_class)
    }
    name, odd = upload(who, files)
    assert not odd
    report = who.get(f"/studies/{study}/edit/stimuli/upload/{name}")
    assert f"Add {len(files)} images" in report.text
    reply = who.post(f"/studies/{study}/edit/stimuli/upload/{name}", {})
    assert reply.status_code == 303


def actions(app: Flask) -> list[str]:
    with app.app_context():
        return [entry.action for entry in audit.read(size=200).entries]


def test_a_study_is_made_edited_opened_exported_and_copied(app: Flask, settings: Settings) -> None:
    ada = researcher(app, None, name="ada")
    make(ada)
    page = ada.get("/studies/pets/edit")
    assert page.status_code == 200 and "This is a draft" in page.text
    assert ada.get("/studies/pets/live").location.endswith("/studies/pets/edit")
    assert ada.post("/studies/pets/state", {"state": "open"}).status_code == 409
    assert "Edit the draft" in ada.get("/studies").text
    add_images(ada)
    for file, text in (
        ("consent.md", "# Consent\n\nYou may stop at any time.\n"),
        ("instructions.md", "# What you do\n\nLook.\n\n---\n\nChoose.\n"),
        ("debrief.md", "# Thank you\n\nThat was all.\n"),
    ):
        assert save(ada, "pets", file, text).status_code == 303
    assert "No faults" in ada.get("/studies/pets/edit").text
    content = load_study(settings.studies / "pets").content
    assert content.labels == CLASSES and content.spec.title == "Pets"
    assert content.texts["consent"].startswith("# Consent")
    opened = ada.post("/studies/pets/versions/folder", {"what": "open"})
    assert opened.status_code == 302
    assert ada.get("/studies/pets").status_code == 200
    exported = ada.get("/studies/pets/edit/export")
    with zipfile.ZipFile(io.BytesIO(exported.data)) as archive:
        names = archive.namelist()
    assert "pets/study.toml" in names and "pets/stimuli/Vögel/0.png" in names
    assert ada.post("/new/clone", {"name": "pets_2", "of": "pets"}).status_code == 303
    again, _ = upload(ada, {"pets.zip": exported.data}, "zip")
    assert ada.post("/new/import", {"name": "pets_3", "upload": again}).status_code == 303
    for name in ("pets_2", "pets_3"):
        copied = load_study(settings.studies / name).content
        assert [s.stimulus_id for s in copied.stimuli] == [s.stimulus_id for s in content.stimuli]
    noted = actions(app)
    for action in ("create", "stimuli", "write", "export", "clone", "import"):
        assert f"draft.{action}" in noted
    assert not [path for path in settings.studies.iterdir() if path.name.startswith(".")]


def test_a_two_afc_study_comes_from_a_zip_file(
    app: Flask, settings: Settings, tmp_path: Path
) -> None:
    folder = two_afc_study(tmp_path / "elsewhere" / "squares")
    files = {
        f"squares/{path.relative_to(folder)}": path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    files["__MACOSX/squares/._study.toml"] = b"junk"
    ada = researcher(app, None, name="ada")
    name, _ = upload(ada, {"squares.zip": zip_of(files)}, "zip")
    assert ada.post("/new/import", {"name": "red", "upload": name}).status_code == 303
    assert "No faults" in ada.get("/studies/red/edit").text
    assert load_study(settings.studies / "red").content.items.keys()


def test_items_are_looked_at_with_the_faults_of_each(
    app: Flask, settings: Settings, tmp_path: Path
) -> None:
    folder = two_afc_study(settings.studies / "squares")
    root = researcher(app, "admin")
    assert root.post("/folders/squares/edit").status_code == 303
    page = root.get("/studies/squares/edit/items").text
    items = load_study(folder).content.items
    assert page.count('<li class="card item">') == min(len(items), 30)
    assert page.count("<img") == sum(len(p) for i in items.values() for p in i.stimuli.values())
    path = folder / "items.csv"
    lines = path.read_text().splitlines()
    header, first = lines[0].split(","), lines[2].split(",")
    first[header.index("kind")] = "party"
    second = lines[3].split(",")
    second[header.index("positives")] = "images/gone.png"
    lines[2], lines[3] = ",".join(first), ",".join(second)
    path.write_text("\n".join(lines) + "\n")
    faulty = root.get("/studies/squares/edit/items?faulty=yes").text
    assert "item-faulty" in faulty and "no such file: images/gone.png" in faulty
    assert "/studies/squares/edit/items" in root.get("/studies/squares/edit").text


def test_the_second_of_two_editors_is_warned_and_nothing_is_lost(
    app: Flask, settings: Settings
) -> None:
    ada = researcher(app, None, name="ada")
    make(ada)
    grace = researcher(app, "editor", "pets", name="grace")
    where = "/studies/pets/edit/file/debrief.md"
    seen = hidden(grace.get(where).text, "seen")
    assert save(ada, "pets", "debrief.md", "Ada wrote this.").status_code == 303
    second = save(grace, "pets", "debrief.md", "Grace wrote that.", seen)
    assert second.status_code == 409
    assert "ada changed this file" in second.text
    assert "Grace" in second.text and "<del" in second.text
    path = settings.studies / "pets" / "debrief.md"
    assert path.read_text() == "Ada wrote this."
    now = hidden(second.text, "seen")
    assert save(grace, "pets", "debrief.md", "Grace wrote that.", now).status_code == 303
    assert path.read_text() == "Grace wrote that."
    earlier = grace.get(f"{where}/history").text
    assert re.findall(r"<td[^>]*>(ada|grace|outside the browser)</td>", earlier) == [
        "grace", "ada", "outside the browser",
    ]  # fmt: skip
    assert grace.post(f"{where}/history", {"n": "2"}).status_code == 303
    assert path.read_text() == "Ada wrote this."


def test_a_change_on_the_host_counts_as_a_change(app: Flask, settings: Settings) -> None:
    ada = researcher(app, None, name="ada")
    make(ada)
    seen = hidden(ada.get("/studies/pets/edit/file/study.toml").text, "seen")
    path = settings.studies / "pets" / "study.toml"
    path.write_text(path.read_text() + "\n# by hand\n")
    assert save(ada, "pets", "study.toml", "title = 'x'", seen).status_code == 409
    assert path.read_text().endswith("# by hand\n")


def test_faults_of_study_toml_come_with_their_line(app: Flask, settings: Settings) -> None:
    ada = researcher(app, None, name="ada")
    make(ada)
    text = (settings.studies / "pets" / "study.toml").read_text()
    line = text.splitlines().index("participants = 50") + 1
    wrong = text.replace("participants = 50", "participants = 0")
    reply = ada.post("/studies/pets/edit/file/study.toml/look", {"text": wrong})
    assert f'data-line="{line}"' in reply.text and "recruitment.participants" in reply.text
    assert (settings.studies / "pets" / "study.toml").read_text() == text
    broken = ada.post("/studies/pets/edit/file/study.toml/look", {"text": "a = 1\nb = = 2"})
    assert 'data-line="2"' in broken.text


def test_the_preview_of_a_text_has_no_html_of_its_writer(app: Flask, settings: Settings) -> None:
    ada = researcher(app, None, name="ada")
    make(ada)
    (settings.studies / "pets" / "a cat.png").write_bytes(png(1))
    text = "# Hi\n\n<script>alert(1)</script>\n\n---\n\n![cat](a%20cat.png)"
    reply = ada.post("/studies/pets/edit/file/instructions.md/look", {"text": text})
    assert "<h2>Hi</h2>" in reply.text and "<script>" not in reply.text
    assert "Page 2 of 2" in reply.text
    assert 'src="/dashboard/studies/pets/edit/picture/a%20cat.png"' in reply.text


def test_labels_are_changed_and_images_taken_out(app: Flask, settings: Settings) -> None:
    ada = researcher(app, None, name="ada")
    make(ada)
    add_images(ada, per_class=2)
    where = "/studies/pets/edit/stimuli"
    page = ada.get(where).text
    assert page.count('name="file"') == 6
    form = {"seen": hidden(page, "seen"), "file": ["stimuli/cat/0.png", "stimuli/dog/0.png"]}
    assert ada.post(where, {**form, "what": "relabel", "label": "fish"}).status_code == 303
    stale = ada.post(where, {**form, "what": "remove"}, follow_redirects=True)
    assert "was changed after you opened" in stale.text
    now = {"seen": hidden(stale.text, "seen"), "file": "stimuli/dog/1.png", "what": "remove"}
    assert ada.post(where, now).status_code == 303
    lines = (settings.studies / "pets" / "stimuli.csv").read_text().splitlines()
    assert lines[1] == "stimuli/cat/0.png,fish" and len(lines) == 6
    picture = ada.get("/studies/pets/edit/picture/stimuli/cat/0.png")
    assert picture.mimetype == "image/png"
    for outside in ("../tiny/stimuli/000.png", "%2Fetc/passwd", "study.toml", "stimuli"):
        reply = ada.get(f"/studies/pets/edit/picture/{outside}", follow_redirects=True)
        assert reply.status_code == 404


def test_only_administrators_make_studies_where_the_host_says_so(
    settings: Settings,
) -> None:
    from diptych.app import create_app

    app = create_app(settings.model_copy(update={"new_studies": "admins"}))
    ada = researcher(app, None, name="ada")
    assert ada.get("/new").status_code == 403
    assert ada.post("/new", {"name": "pets", "task": "two_afc"}).status_code == 403
    assert "New study" not in ada.get("/studies").text
    make(researcher(app, "admin"))


def test_a_folder_of_the_command_line_is_edited_by_administrators(
    app: Flask, studies_folder: Path
) -> None:
    root = researcher(app, "admin")
    assert root.post("/folders/tiny/edit").status_code == 303
    assert root.get("/studies/tiny/edit").status_code == 200
    assert root.post("/folders/tiny/edit").status_code == 409
    assert root.post("/folders/none/edit").status_code == 409


@pytest.mark.parametrize(
    "task",
    ["caption", "comparison", "estimation", "identify", "odd_one_out", "point", "two_afc"],
)
def test_each_task_has_a_template_that_the_browser_can_show(app: Flask, task: str) -> None:
    ada = researcher(app, None, name="ada")
    make(ada, "mine", task)
    assert ada.get("/studies/mine/edit").status_code == 200
    assert ada.get("/studies/mine/edit/stimuli").status_code == 200
    again = ada.post("/new", {"name": "mine", "task": task})
    assert again.status_code == 422 and "There is already a study" in again.text


def test_a_study_is_tried_before_people_can_enter(app: Flask) -> None:
    ada = researcher(app, None, name="ada")
    make(ada)
    add_images(ada)
    assert ada.post("/studies/pets/edit/try").status_code == 409
    page = ada.get("/studies/pets/edit/try").text
    form = {"what": "preview", "version": hidden(page, "version"), "then": "try"}
    frozen = ada.post("/studies/pets/versions/folder", form)
    assert frozen.location.endswith("/studies/pets/edit/try")
    shown = ada.post("/studies/pets/edit/try")
    assert shown.text.count("<iframe") == 3 and "data:image/svg+xml" in shown.text
    assert "frame-src 'self'" in shown.headers["Content-Security-Policy"]
    frame = re.search(r'<iframe [^>]* src="([^"]+)"', shown.text)
    assert frame is not None
    reply = app.test_client().get(frame[1].replace("&amp;", "&"))
    assert reply.status_code == 200 and "X-Frame-Options" not in reply.headers
    fifth = ada.post("/studies/pets/edit/try", {"trial": "5"}).text
    tokens = re.findall(r'data-token="([^"]+)"', fifth)
    assert len(set(tokens)) == 3
    for token in tokens:
        headers = {"Authorization": f"Bearer {token}"}
        state = app.test_client().get("/api/v1/session", headers=headers).json
        assert (state["step"], state["progress"]["done"]) == ("trials", 4)
    taken = ada.post("/studies/pets/edit/try/simulated", {"n": "1"})
    assert "Simulated: 1 participant, 18 responses." in taken.text
    assert "of 6" in taken.text
    assert ada.post("/studies/pets/edit/try/simulated", {"n": "2"}).status_code == 422
    with app.app_context():
        from diptych.study.versions import study_state

        assert study_state("pets") == "draft"
