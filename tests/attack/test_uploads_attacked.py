"""What an attacker puts into a zip file or an upload, and what each gets."""

from __future__ import annotations

import io
import stat
import struct
import unicodedata
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from support.dashboard import Researcher, researcher
from support.draft_pages import PIECE, png, send_piece, upload, zip_of

from diptych.authoring import draft_archive
from diptych.authoring.draft_archive import name_fault, unpack, write_archive
from diptych.authoring.draft_folder import DraftFault
from diptych.ground.settings import Settings

GOOD = {"study.toml": b"title = 'x'", "stimuli/a.png": b"a"}


def with_entry(name: str, data: bytes = b"x", mode: int = 0o100644) -> bytes:
    """A zip of a study with one more entry, of any name and mode."""
    out = io.BytesIO(zip_of(GOOD))
    with zipfile.ZipFile(out, "a") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(info, data)
    return out.getvalue()


def password() -> bytes:
    """A zip that says that its files have a password."""
    data = bytearray(zip_of(GOOD))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(mark)
        data[place + at] |= 1
    return bytes(data)


def lying() -> bytes:
    """A zip whose directory says that its first file is short; it is not."""
    data = bytearray(zip_of({"study.toml": b"a" * 50_000}))
    place = data.find(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", 10)
    return bytes(data)


def other_method(method: int) -> bytes:
    """A zip that is compressed by bzip2 or LZMA."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("study.toml", b"title = 'x'")
    return out.getvalue()


def no_letters() -> bytes:
    """A zip with a name that is marked as UTF-8 and is not."""
    return with_entry("\u00e9.md").replace("\u00e9".encode(), b"\xc3(")


def many() -> bytes:
    return zip_of({"study.toml": b"", **{f"f{n}": b"" for n in range(60)}})


ATTACKS: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "a path upwards": (lambda: with_entry("../evil"), "leads out of the folder"),
    "a path upwards, inside": (lambda: with_entry("a/../../evil"), "leads out of the folder"),
    "a path from the root": (lambda: with_entry("/etc/evil"), "leads out of the folder"),
    "a path of Windows": (lambda: with_entry("..\\evil"), "leads out of the folder"),
    "a drive": (lambda: with_entry("C:/evil"), "leads out of the folder"),
    "a link": (
        lambda: with_entry("link", b"/etc/passwd", stat.S_IFLNK | 0o777),
        "is a link or a device",
    ),
    "a device": (lambda: with_entry("null", b"", stat.S_IFCHR | 0o666), "is a link or a device"),
    "a bomb": (lambda: with_entry("bomb", b"\0" * 5_000_000), "times larger"),
    "too much": (lambda: with_entry("large", bytes(range(256)) * 8_000), "bytes together"),
    "too many files": (many, "has 61 files"),
    "a password": (password, "has a password"),
    "sizes that lie": (lying, "not a zip file that can be read"),
    "bzip2": (lambda: other_method(zipfile.ZIP_BZIP2), "another method than deflate"),
    "LZMA": (lambda: other_method(zipfile.ZIP_LZMA), "another method than deflate"),
    "a name in no letters": (no_letters, "not a zip file that can be read"),
    "no zip": (lambda: b"GIF89a" + b"\0" * 99, "not a zip file"),
    "half a zip": (lambda: zip_of(GOOD)[:60], "not a zip file"),
    "nothing": (lambda: b"", "not a zip file"),
    "no study": (lambda: zip_of({"a.txt": b"a"}), "has no study.toml"),
    "two studies": (lambda: zip_of({"a/study.toml": b"", "b/study.toml": b""}), "beside"),
    "names that differ in case": (lambda: with_entry("STIMULI/A.png"), "apart from case"),
    "a file that is a folder": (lambda: with_entry("stimuli"), "is a file and a folder"),
    "a control character": (lambda: with_entry("a\rb"), "control character"),
    "a very long name": (lambda: with_entry("x" * 300), "more than 200 bytes"),
    "deep folders": (lambda: with_entry("/".join("abcdefghij")), "folders; at most"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_archive_with_a_fault_leaves_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, said = ATTACKS[name]
    monkeypatch.setattr(draft_archive, "MOST_FILES", 60)
    source = tmp_path / "in.zip"
    source.write_bytes(make())
    with pytest.raises(DraftFault, match=said):
        unpack(source, tmp_path / "new", most_bytes=1_500_000 if name == "too much" else 10**8)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.zip"]


DAMAGE = st.tuples(st.integers(0, 10**6), st.integers(0, 255))


@given(st.lists(DAMAGE, min_size=1, max_size=4))
def test_a_damaged_archive_is_read_or_is_one_fault(
    tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[int, int]]
) -> None:
    data = bytearray(zip_of({**GOOD, "\u00e9.md": b"hello " * 99}))
    for place, byte in damage:
        data[place % len(data)] = byte
    root = tmp_path_factory.mktemp("damaged")
    (root / "in.zip").write_bytes(data)
    try:
        unpack(root / "in.zip", root / "new", most_bytes=10**6)
    except DraftFault:
        assert not (root / "new").exists()


def test_every_fault_of_an_archive_is_named_at_once(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("../a", "/b", "study.toml"):
            archive.writestr(name, b"")
    (tmp_path / "in.zip").write_bytes(out.getvalue())
    with pytest.raises(DraftFault) as fault:
        unpack(tmp_path / "in.zip", tmp_path / "new", most_bytes=100)
    assert "'../a'" in str(fault.value) and "'/b'" in str(fault.value)


LETTERS = st.characters(exclude_categories=("C", "Z"), exclude_characters='/\\.:"')
names = st.text(LETTERS, min_size=1, max_size=20)


@given(st.dictionaries(st.lists(names, min_size=1, max_size=3).map(tuple), st.binary(max_size=50),
                       max_size=6))  # fmt: skip
def test_a_folder_comes_back_from_its_archive(
    tmp_path_factory: pytest.TempPathFactory, files: dict[tuple[str, ...], bytes]
) -> None:
    """Names in every script; those that a computer without case would mix up are refused."""
    root = tmp_path_factory.mktemp("round")
    folder = root / "study"
    folder.mkdir()
    (folder / "study.toml").write_bytes(b"title = 'x'")
    written = {"study.toml": b"title = 'x'"}
    for parts, data in files.items():
        path = folder.joinpath(*parts)
        name = unicodedata.normalize("NFC", "/".join(parts))
        folded = [other.casefold() for other in written]
        clash = any(
            f.startswith(f"{name.casefold()}/") or name.casefold().startswith(f"{f}/")
            for f in folded
        )
        if clash or name.casefold() in folded or name_fault(name) or path.exists():
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except OSError:
            continue
        written[name] = data
    with (root / "out.zip").open("wb") as out:
        write_archive(folder, out)
    try:
        unpack(root / "out.zip", root / "back", most_bytes=10**6)
    except DraftFault as fault:
        assert "apart from case" in str(fault)
        return
    found = {
        path.relative_to(root / "back").as_posix(): path.read_bytes()
        for path in (root / "back").rglob("*")
        if path.is_file()
    }
    assert found == written


def test_an_export_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("secret")
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "study.toml").write_text("")
    (folder / "link").symlink_to(tmp_path / "secret" / "key")
    (folder / "links").symlink_to(tmp_path / "secret")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("secret")
    out = io.BytesIO()
    assert write_archive(folder, out) == 1


@pytest.fixture
def ada(app: Flask) -> Researcher:
    """A researcher with the study `pets`."""
    who = researcher(app, None, name="ada")
    who.post("/new", {"name": "pets", "task": "category_learning", "images": "own"})
    return who


def test_odd_images_are_named_at_once_and_left_out(ada: Researcher, settings: Settings) -> None:
    files = {
        "cat/1.png": png(1),
        "cat/0.png": png(1),
        "cat/text.png": b"hello",
        "cat/empty.png": b"",
        "cat/half.png": png(2)[:80],
        "猫/１.webp": png(3, kind="WEBP"),
        "cat/../../evil.png": png(4),
        "/etc/evil.png": png(5),
        "a|b/1.png": png(6),
        "cat/1.PnG": png(7),
        "Thumbs.db": b"junk",
    }
    name, odd = upload(ada, files)
    assert {each["name"] for each in odd} - {"Thumbs.db"} == {
        "cat/text.png", "cat/empty.png", "cat/half.png", "cat/../../evil.png", "/etc/evil.png",
    }  # fmt: skip
    where = f"/studies/pets/edit/stimuli/upload/{name}"
    report = ada.get(where).text
    assert "3 images can be added" in report and "7 files are left out" in report
    before = sorted(settings.studies.rglob("*"))
    assert ada.get(where).status_code == 200 and sorted(settings.studies.rglob("*")) == before
    assert ada.post(where, {}).status_code == 303
    lines = (settings.studies / "pets" / "stimuli.csv").read_text().splitlines()
    assert lines == [
        "file,label", "stimuli/cat/0.png,cat", "stimuli/cat/1.PnG,cat", "stimuli/猫/１.webp,猫",
    ]  # fmt: skip
    assert ada.post(where, {}).status_code == 404


def test_a_broken_connection_costs_one_piece(ada: Researcher, settings: Settings) -> None:
    data = png(1, 300)
    assert len(data) > 3 * PIECE
    name, _ = upload(ada, {})
    for at in (0, PIECE, 0, PIECE, 2 * PIECE):  # a piece may come again
        assert send_piece(ada, name, 0, "cat/1.png", at, data).status_code == 200
    gap = send_piece(ada, name, 0, "cat/1.png", 4 * PIECE, data)
    assert gap.status_code == 422 and "is missing" in gap.json["error"]["message"]
    unfinished = ada.post(f"/studies/pets/edit/stimuli/upload/{name}", {}, follow_redirects=True)
    assert "not complete" in unfinished.text
    for at in range(3 * PIECE, len(data), PIECE):
        assert send_piece(ada, name, 0, "cat/1.png", at, data).status_code == 200
    assert ada.post(f"/studies/pets/edit/stimuli/upload/{name}", {}).status_code == 303
    assert (settings.studies / "pets" / "stimuli" / "cat" / "1.png").read_bytes() == data


def test_an_upload_that_stopped_goes_on_where_it_was(app: Flask, ada: Researcher) -> None:
    image, odd = png(1, side=200), b"no image"
    name = ada.post("/uploads").json["upload"]
    send_piece(ada, name, 0, "a/1.png", 0, image)
    send_piece(ada, name, 1, "a/2.png", 0, odd)
    send_piece(ada, name, 2, "a/3.png", 0, png(2))
    known = ada.get(f"/uploads/{name}").json
    assert known["there"] == {"0": PIECE, "1": len(odd), "2": len(png(2))}
    assert known["whole"] == [1, 2]
    assert [each["name"] for each in known["odd"]] == ["a/2.png"]
    send_piece(ada, name, 0, "a/1.png", PIECE, image)
    assert ada.get(f"/uploads/{name}").json["whole"] == [0, 1, 2]
    assert researcher(app, None, name="eve").get(f"/uploads/{name}").status_code == 404


def test_uploads_have_limits_and_belong_to_their_user(app: Flask, settings: Settings) -> None:
    from diptych.app import create_app

    small = create_app(settings.model_copy(update={"upload_megabytes": 1}))
    ada = researcher(small, None, name="ada")
    name, _ = upload(ada, {})
    data = bytes(2_000_000)
    replies = [send_piece(ada, name, 0, "a", at, data, "zip") for at in range(0, 2_000_000, PIECE)]
    codes = [reply.status_code for reply in replies]
    assert codes.index(422) == 1_000_000 // PIECE
    assert "more than 1 MB" in replies[codes.index(422)].json["error"]["message"]
    too_large = ada.post(f"/uploads/{name}", {"piece": (io.BytesIO(bytes(400_000)), "piece")})
    assert too_large.status_code == 413
    assert ada.post(f"/uploads/{name}", {"number": "1"}).status_code == 422
    grace = researcher(small, None, name="grace")
    assert send_piece(grace, name, 0, "a", 0, b"x").status_code == 422
    for strange in ("..", "a" * 32, "%2e%2e"):
        assert send_piece(ada, strange, 0, "a", 0, b"x").status_code in (404, 422)
    for _ in range(5):
        upload(ada, {})
    (mine,) = [
        path for path in (settings.home / "uploads").iterdir() if len(list(path.iterdir())) > 1
    ]
    assert len(list(mine.iterdir())) == 3


def test_a_zip_with_a_fault_makes_no_study(ada: Researcher, settings: Settings) -> None:
    name, _ = upload(ada, {"evil.zip": with_entry("../evil")}, "zip")
    reply = ada.post("/new/import", {"name": "evil", "upload": name})
    assert reply.status_code == 422 and "leads out of the folder" in reply.text
    assert sorted(path.name for path in settings.studies.iterdir()) == ["pets"]
    assert ada.get("/studies/evil").status_code == 404
    for taken in ("pets", "../pets", "Pets", ""):
        again, _ = upload(ada, {"x.zip": zip_of(GOOD)}, "zip")
        assert ada.post("/new/import", {"name": taken, "upload": again}).status_code == 422


def test_an_editor_reaches_no_other_study(app: Flask, ada: Researcher, settings: Settings) -> None:
    eve = researcher(app, None, name="eve")
    eve.post("/new", {"name": "mine", "task": "two_afc", "images": "own"})
    for path in (
        "edit", "edit/form", "edit/file/study.toml", "edit/stimuli", "edit/export", "edit/try",
        "edit/picture/a.png", "edit/file/study.toml/history",
    ):  # fmt: skip
        assert eve.get(f"/studies/pets/{path}").status_code == 404
    assert eve.post("/new/clone", {"name": "stolen", "of": "pets"}).status_code == 404
    for file in ("..%2Fpets%2Fstudy.toml", "generate.py", "../pets/study.toml", ".hidden", "x.md"):
        assert eve.get(f"/studies/mine/edit/file/{file}").status_code == 404
    (settings.studies / "mine" / "consent.md").unlink()
    (settings.studies / "mine" / "consent.md").symlink_to(settings.studies / "pets" / "consent.md")
    assert eve.get("/studies/mine/edit/file/consent.md").status_code == 409
