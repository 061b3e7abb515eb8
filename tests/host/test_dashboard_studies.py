"""The list of studies, one study, its versions, preview and folder, as a researcher uses them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from support.dashboard import Researcher, researcher, study_id
from support.tiny_studies import category_study, two_afc_study
from support.walker import Walker, at_once, link, rows

from diptych import models
from diptych.authoring import load_study
from diptych.ground.database import reading, table
from diptych.study.versions import current_version, freeze, study_state


def text(reply: Any, status: int = 200) -> str:
    """The page of a reply."""
    assert reply.status_code == status, reply.get_data(as_text=True)[:2000]
    return str(reply.get_data(as_text=True))


def words(reply: Any, status: int = 200) -> str:
    """The words of a page, without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", text(reply, status)).split())


def audit(app: Flask, study: str = "tiny") -> list[tuple[str, str, dict[str, Any]]]:
    """(who, what, detail) of everything noted about a study, in order."""
    entries = table(models.AuditEntry)
    with app.app_context():
        here = entries.c.study_id == study_id(study)
        with reading() as connection:
            rows = connection.execute(select(entries).where(here).order_by(entries.c.id)).all()
    return [(row.actor, row.action, row.detail) for row in rows]


@pytest.fixture
def opened(app: Flask, studies_folder: Path) -> Flask:
    """A host on which `tiny` and `tiny_2afc` are open."""
    with app.app_context():
        for name in ("tiny", "tiny_2afc"):
            freeze(load_study(studies_folder / name), opening=True)
    return app


def take_study(app: Flask, study: str, *, simulated: bool = False) -> None:
    """Take a study from its entry to its end."""
    entry = link(app, "simulate", study) if simulated else {}
    Walker(app.test_client(), study).start(**entry).finish()


# The list


def test_everybody_sees_the_studies_they_have_a_role_in_and_no_other(opened: Flask) -> None:
    viewer = words(researcher(opened, "viewer", "tiny").get("/studies"))
    assert "Tiny creatures" in viewer
    assert "tiny_2afc" not in viewer
    stranger = words(researcher(opened, None).get("/studies"))
    assert "Tiny creatures" not in stranger
    assert "No studies yet" in stranger
    assert "stranger" in stranger, "it says under which name to ask for a role"
    admin = words(researcher(opened, "admin").get("/studies"))
    assert "Tiny creatures" in admin
    assert "tiny_2afc" in admin


def test_an_empty_host_teaches_how_to_open_a_study(app: Flask) -> None:
    page = words(researcher(app, "admin").get("/studies"))
    assert "diptych study new" in page
    assert "diptych study open" in page


def test_the_list_counts_people_and_not_simulated_ones(opened: Flask) -> None:
    take_study(opened, "tiny")
    take_study(opened, "tiny", simulated=True)
    page = words(researcher(opened, "viewer", "tiny").get("/studies"))
    assert re.search(r"tiny Tiny creatures open 1 of 500", page), page


def test_only_an_administrator_is_shown_folders(opened: Flask, studies_folder: Path) -> None:
    category_study(studies_folder / "waiting")
    assert "waiting" in words(researcher(opened, "admin").get("/studies"))
    owner = researcher(opened, "owner", "tiny")
    assert "waiting" not in words(owner.get("/studies"))
    assert owner.get("/folders/waiting").status_code == 404
    assert owner.post("/folders/waiting", {"what": "open"}).status_code == 404


# State


def test_pause_open_again_and_close(opened: Flask) -> None:
    editor = researcher(opened, "editor", "tiny")
    for state in ("paused", "open", "closed", "open"):
        page = words(editor.post("/studies/tiny/state", {"state": state}, follow_redirects=True))
        assert f"tiny is {state}" in page
        with opened.app_context():
            assert study_state("tiny") == state
    assert [(who, what) for who, what, _ in audit(opened)] == [
        ("command line", "study.open"),
        ("editor", "study.pause"),
        ("editor", "study.open"),
        ("editor", "study.close"),
        ("editor", "study.open"),
    ]


def test_a_state_that_it_has_already_is_not_noted_again(opened: Flask) -> None:
    editor = researcher(opened, "editor", "tiny")
    for _ in range(2):
        editor.post("/studies/tiny/state", {"state": "paused"})
    assert [what for _, what, _ in audit(opened)] == ["study.open", "study.pause"]


@pytest.mark.parametrize("state", ["", "draft", "deleted", "open; drop"])
def test_no_other_state_can_be_asked_for(opened: Flask, state: str) -> None:
    reply = researcher(opened, "editor", "tiny").post("/studies/tiny/state", {"state": state})
    assert reply.status_code == 422
    with opened.app_context():
        assert study_state("tiny") == "open"


def test_a_viewer_changes_nothing_and_is_offered_nothing(opened: Flask) -> None:
    viewer = researcher(opened, "viewer", "tiny")
    page = text(viewer.get("/studies/tiny"))
    assert "/state" not in page
    assert viewer.post("/studies/tiny/state", {"state": "closed"}).status_code == 403
    with opened.app_context():
        assert study_state("tiny") == "open"


def test_a_study_that_was_never_opened_can_not_be_opened_by_its_state(
    app: Flask, studies_folder: Path
) -> None:
    with app.app_context():
        freeze(load_study(studies_folder / "tiny"), opening=False)
    editor = researcher(app, "editor", "tiny")
    page = words(editor.post("/studies/tiny/state", {"state": "open"}, follow_redirects=True))
    assert "No version of it was opened yet" in page
    with app.app_context():
        assert study_state("tiny") == "draft"


# Overview


def test_the_overview_tells_what_the_study_is_and_how_it_goes(opened: Flask) -> None:
    take_study(opened, "tiny")
    page = words(researcher(opened, "viewer", "tiny").get("/studies/tiny"))
    assert "Tiny creatures" in page
    assert "Completed 1 of 500 wanted" in page
    assert "5 training" in page or "training" in page
    assert "http://127.0.0.1:8000/s/tiny" in text(
        researcher(opened, "viewer", "tiny").get("/studies/tiny")
    )


def test_the_overview_has_the_checklist(opened: Flask) -> None:
    page = words(researcher(opened, "viewer", "tiny").get("/studies/tiny"))
    assert "Ada Example <ada@example.org> is an example." in page.replace("&lt;", "<").replace(
        "&gt;", ">"
    )
    assert "works only on this machine." in page
    assert re.search(r"\d+ missing", page)


# Versions


def two_versions(app: Flask, studies_folder: Path, *, opening: bool = True) -> tuple[str, str]:
    """`tiny` in a second version; (hash of the first, hash of the second)."""
    first = load_study(studies_folder / "tiny").content.content_hash
    (studies_folder / "tiny" / "debrief.md").write_text("# Thank you\n\nThat was nearly all.\n")
    with app.app_context():
        freeze(load_study(studies_folder / "tiny"), opening=opening)
    return first, load_study(studies_folder / "tiny").content.content_hash


def test_versions_are_listed_with_their_sessions(opened: Flask, studies_folder: Path) -> None:
    take_study(opened, "tiny")
    first, second = two_versions(opened, studies_folder)
    take_study(opened, "tiny")
    take_study(opened, "tiny")
    page = text(researcher(opened, "viewer", "tiny").get("/studies/tiny/versions"))
    rows = {
        h: row for row in page.split("<tr>") for h in (first, second) if f"<code>{h[:12]}" in row
    }
    assert f'participants?version={first[:12]}">1<' in rows[first]
    assert f'participants?version={second[:12]}">2<' in rows[second]
    assert ">people<" in rows[second]
    assert ">people<" not in rows[first]


def test_the_difference_of_two_versions_can_be_read(opened: Flask, studies_folder: Path) -> None:
    first, second = two_versions(opened, studies_folder)
    viewer = researcher(opened, "viewer", "tiny")
    there = f"/studies/tiny/versions/difference?old={first[:12]}&new={second[:12]}"
    page = text(viewer.get(there))
    assert "debrief.md" in page
    assert "<ins>nearly </ins>" in page
    assert "Put in: " in page, "said to who can't see the colour"
    back = text(viewer.get(f"/studies/tiny/versions/difference?old={second}&new={first}"))
    assert "<del>nearly </del>" in back
    same = words(viewer.get(f"/studies/tiny/versions/difference?old={first}&new={first}"))
    assert "Nothing differs" in same
    by_default = text(viewer.get("/studies/tiny/versions/difference"))
    assert "<ins>nearly </ins>" in by_default


def test_a_difference_shows_the_pictures_that_came_and_went(
    opened: Flask, studies_folder: Path
) -> None:
    folder = studies_folder / "tiny"
    lines = (folder / "stimuli.csv").read_text().splitlines()
    (folder / "stimuli.csv").write_text("\n".join([lines[0], *lines[2:]]) + "\n")
    with opened.app_context():
        freeze(load_study(folder), opening=True)
    viewer = researcher(opened, "viewer", "tiny")
    page = text(viewer.get("/studies/tiny/versions/difference"))
    assert "0 added, 1 removed, 0 changed" in page
    (address,) = re.findall(r'<img src="(/i/[^"]+)" alt="stimuli/000.png', page)
    assert viewer.client.get(address).status_code == 200


def test_versions_of_another_study_can_not_be_named(opened: Flask, studies_folder: Path) -> None:
    other = load_study(studies_folder / "tiny_2afc").content.content_hash
    owner = researcher(opened, "owner", "tiny")
    for query in ("preview?version=", "difference?old=", "difference?new="):
        assert owner.get(f"/studies/tiny/versions/{query}{other}").status_code == 404
    reply = owner.post("/studies/tiny/versions/open", {"version": other})
    assert reply.status_code == 404


def test_an_older_version_can_be_opened_again_by_the_owner_only(
    opened: Flask, studies_folder: Path
) -> None:
    first, second = two_versions(opened, studies_folder)
    owner, editor = researcher(opened, "owner", "tiny"), researcher(opened, "editor", "tiny")
    assert editor.post("/studies/tiny/versions/open", {"version": first}).status_code == 403
    page = words(
        owner.post("/studies/tiny/versions/open", {"version": first}, follow_redirects=True)
    )
    assert first[:12] in page
    with opened.app_context():
        _, version_id, state = current_version("tiny")
        with reading() as connection:
            versions = table(models.StudyVersion)
            shown = connection.execute(
                select(versions.c.content_hash).where(versions.c.id == version_id)
            ).scalar_one()
    assert (shown, state) == (first, "open")
    assert audit(opened)[-1] == ("owner", "study.open", {"version": first[:12], "new": False})
    assert second != first


# Preview


def test_the_preview_has_every_page_and_says_which_words_are_the_hosts(opened: Flask) -> None:
    page = words(researcher(opened, "viewer", "tiny").get("/studies/tiny/versions/preview"))
    for said in (
        "You may stop at any time.",
        "Page 1 of 2 What you do Look. Page 2 of 2 How you answer Choose.",
        "That was all.",
        "You decided not to take part.",
        "default text",
        "https://app.prolific.com/submissions/complete?cc=DONE",
        "stays here",
    ):
        assert said in page, said


def test_texts_of_a_study_bring_no_script_into_the_dashboard(
    app: Flask, studies_folder: Path
) -> None:
    evil = "# Hi\n\n<script>alert(1)</script>\n\n[x](javascript:alert(2)) <img src=x onerror=y>\n"
    category_study(
        studies_folder / "tiny", texts={"debrief.md": evil}, changes={"title": "<b>bold</b>"}
    )
    with app.app_context():
        freeze(load_study(studies_folder / "tiny"), opening=True)
    viewer = researcher(app, "viewer", "tiny")
    for path in ("versions/preview", "", "versions", "recruitment"):
        page = text(viewer.get(f"/studies/tiny/{path}".rstrip("/")))
        assert "<script>alert" not in page
        assert 'href="javascript' not in page
        assert "<img src=x" not in page
        assert "<b>bold" not in page


def test_comprehension_questions_show_the_right_answer_marked(
    app: Flask, studies_folder: Path
) -> None:
    questions = [{"question": "How many?", "options": ["one", "two"], "answer": 1}]
    category_study(studies_folder / "tiny", changes={"comprehension": questions})
    with app.app_context():
        freeze(load_study(studies_folder / "tiny"), opening=True)
    page = words(researcher(app, "viewer", "tiny").get("/studies/tiny/versions/preview"))
    assert "How many? one two right, never sent" in page


def trials_of(page: str) -> list[str]:
    """The trials of a preview, each with its images and its truth."""
    return re.findall(r"<h3>Trial \d+.*?</section>", page, re.DOTALL)


def test_trials_are_drawn_from_the_seed(opened: Flask) -> None:
    viewer = researcher(opened, "viewer", "tiny")

    def drawn(seed: int) -> list[str]:
        return trials_of(text(viewer.get(f"/studies/tiny/versions/preview?seed={seed}&n=4")))

    assert len(drawn(1)) == 4
    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert any("training" in trial for trial in drawn(1))
    assert any("test" in trial for trial in drawn(1))


def test_trials_show_their_images_and_the_truth_apart(opened: Flask) -> None:
    viewer = researcher(opened, "viewer", "tiny")
    trial = trials_of(text(viewer.get("/studies/tiny/versions/preview?n=1")))[0]
    shown, truth = trial.split('class="truth"')
    (address,) = re.findall(r'<img src="(/i/[^"]+)"', shown)
    assert viewer.client.get(address).mimetype == "image/png"
    assert "not sent" in truth
    assert re.search(r"<dt>label</dt><dd>(Agara|Bari|Cooka)</dd>", truth)
    assert "stimuli/" in truth
    assert "stimuli/" not in shown


def test_two_afc_trials_show_both_sides_and_both_queries(opened: Flask) -> None:
    viewer = researcher(opened, "viewer", "tiny_2afc")
    page = text(viewer.get("/studies/tiny_2afc/versions/preview?n=24"))
    trials = trials_of(page)
    assert len(trials) == 7
    for trial in trials:
        assert len(re.findall(r'<img src="/i/', trial)) == 20
        for group in ("negative", "positive", "top", "bottom"):
            assert f"shown-{group}" in trial
        assert re.search(r"<dt>label</dt><dd>(top|bottom)</dd>", trial)


@pytest.mark.parametrize("query", ["seed=x&n=y", "seed=-4&n=0", "n=100000", "seed=" + "9" * 40])
def test_odd_numbers_in_the_address_are_held_in_bounds(opened: Flask, query: str) -> None:
    page = text(researcher(opened, "viewer", "tiny").get(f"/studies/tiny/versions/preview?{query}"))
    assert 1 <= len(trials_of(page)) <= 24


def test_every_condition_can_be_previewed(app: Flask, studies_folder: Path) -> None:
    conditions = [{"name": "two"}, {"name": "three", "task": {"rank": 3}}]
    category_study(studies_folder / "tiny", changes={"conditions": conditions})
    with app.app_context():
        freeze(load_study(studies_folder / "tiny"), opening=True)
    viewer = researcher(app, "viewer", "tiny")
    for name, rank in (("two", 2), ("three", 3)):
        page = text(viewer.get(f"/studies/tiny/versions/preview?condition={name}&n=1"))
        assert f"<dt>rank</dt><dd>{rank}</dd>" in page
    assert viewer.get("/studies/tiny/versions/preview?condition=four").status_code == 404


# Folders


def test_a_folder_with_faults_is_shown_with_all_of_them_and_not_opened(
    app: Flask, studies_folder: Path
) -> None:
    (studies_folder / "tiny" / "consent.md").unlink()
    spec = studies_folder / "tiny" / "study.toml"
    spec.write_text(spec.read_text().replace("rank = 2", "rank = 9"))
    admin = researcher(app, "admin")
    for reply, status in (
        (admin.get("/folders/tiny"), 200),
        (admin.post("/folders/tiny", {"what": "open"}), 422),
    ):
        page = words(reply, status)
        assert "2 faults" in page
        assert "consent.md – no such file a Markdown text" in page
        assert "task.rank 9 1 to 3" in page
    with app.app_context(), pytest.raises(LookupError):
        study_state("tiny")


def test_an_administrator_opens_a_new_study(app: Flask, studies_folder: Path) -> None:
    admin = researcher(app, "admin")
    content_hash = load_study(studies_folder / "tiny").content.content_hash
    assert content_hash[:12] in text(admin.get("/folders/tiny"))
    form = {"what": "open", "version": content_hash}
    page = words(admin.post("/folders/tiny", form, follow_redirects=True))
    assert "A new version" in page
    with app.app_context():
        assert study_state("tiny") == "open"
    assert audit(app) == [("admin", "study.open", {"version": content_hash[:12], "new": True})]
    assert admin.get("/folders/tiny").status_code == 302, "it is a study now"


def test_the_owner_opens_a_new_version_and_sees_what_it_changes(
    opened: Flask, studies_folder: Path
) -> None:
    owner = researcher(opened, "owner", "tiny")
    assert "Nothing changes" in words(owner.get("/studies/tiny/versions/folder"))
    (studies_folder / "tiny" / "debrief.md").write_text("# Thank you\n\nThat was nearly all.\n")
    assert "<ins>nearly </ins>" in text(owner.get("/studies/tiny/versions/folder"))
    content_hash = load_study(studies_folder / "tiny").content.content_hash
    owner.post("/studies/tiny/versions/folder", {"what": "preview", "version": content_hash})
    page = words(owner.get("/studies/tiny"))
    assert "A newer version" in page
    owner.post("/studies/tiny/versions/folder", {"what": "open", "version": content_hash})
    assert "A newer version" not in words(owner.get("/studies/tiny"))
    assert [what for _, what, _ in audit(opened)] == ["study.open", "study.freeze", "study.open"]


def test_what_was_looked_at_is_what_is_opened(opened: Flask, studies_folder: Path) -> None:
    owner = researcher(opened, "owner", "tiny")
    looked_at = load_study(studies_folder / "tiny").content.content_hash
    (studies_folder / "tiny" / "debrief.md").write_text("# Changed meanwhile\n")
    reply = owner.post("/studies/tiny/versions/folder", {"what": "open", "version": looked_at})
    assert "changed after you opened" in words(reply, 409)
    assert len(audit(opened)) == 1


@pytest.mark.both_databases
def test_owners_who_open_the_same_folder_at_once_make_one_version(
    opened: Flask, studies_folder: Path
) -> None:
    (studies_folder / "tiny" / "debrief.md").write_text("# Thank you\n\nThat was nearly all.\n")
    owners = [researcher(opened, "owner", "tiny", name=f"owner{n}") for n in range(4)]

    def opens(owner: Researcher) -> Callable[[], int]:
        form = {"what": "open"}
        return lambda: int(owner.post("/studies/tiny/versions/folder", form).status_code)

    assert at_once([opens(owner) for owner in owners]) == [302] * 4
    versions = rows(opened, models.StudyVersion)
    assert len(versions) == 3, "two of tiny, one of tiny_2afc"
    news = [detail["new"] for _, what, detail in audit(opened) if what == "study.open"]
    assert sorted(news) == [False, False, False, True, True]


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_only_owners_open_versions(opened: Flask, role: str) -> None:
    who = researcher(opened, role, "tiny")
    assert who.get("/studies/tiny/versions/folder").status_code == 403
    assert who.post("/studies/tiny/versions/folder", {"what": "open"}).status_code == 403


@pytest.mark.parametrize("name", ["..", "tiny%2F..%2Ftiny", ".hidden", "nowhere", "Tiny"])
def test_no_folder_beside_the_studies_can_be_named(
    app: Flask, studies_folder: Path, name: str
) -> None:
    assert researcher(app, "admin").get(f"/folders/{name}").status_code in (404, 308)


def test_a_study_whose_folder_is_gone_says_so(opened: Flask, studies_folder: Path) -> None:
    (studies_folder / "tiny").rename(studies_folder / "moved")
    owner = researcher(opened, "owner", "tiny")
    assert "no such folder" in words(owner.get("/studies/tiny/versions/folder"))
    reply = owner.post("/studies/tiny/versions/folder", {"what": "open"})
    assert "no such folder" in words(reply, 422)


def test_a_2afc_study_lists_its_items(opened: Flask, studies_folder: Path) -> None:
    two_afc_study(studies_folder / "tiny_2afc", test=5)
    with opened.app_context():
        freeze(load_study(studies_folder / "tiny_2afc"), opening=True)
    page = words(
        researcher(opened, "viewer", "tiny_2afc").get("/studies/tiny_2afc/versions/difference")
    )
    assert "phases.test 4 5" in page
    assert "item-07" in page
