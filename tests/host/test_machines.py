"""Machines as participants: what the host lets them do, and what their rows are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.servers import LiveServer
from support.tiny_studies import RECRUITMENT, category_study, two_afc_study
from support.walker import Walker, error_code, link, open_study, rows

from diptych.export.tables import export_study
from diptych.ground.keys import study_key
from diptych.host import host
from diptych.models import Participant, Session, Trial
from diptych.simulation import SeenTrial, observer_class
from diptych.simulation.run import Summary, simulate
from diptych.simulation.vision import machine_id
from diptych.simulation.visitor import SimulationFault
from diptych_analysis.mis.score import Scale
from diptych_analysis.tables import read_tables

SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
SECRET = "a secret for the machines"


def machine(app: Flask, study: str, name: str = "net-1") -> dict[str, str]:
    """What a machine enters with."""
    return {**link(app, "machine", study), "participant": name}


def right_place(app: Flask, walker: Walker) -> str:
    """Where the positive query of the current trial stands, looked up in the database."""
    (session,) = rows(app, Session, public_id=walker.public_id)
    index = walker.trial["index"]
    (trial,) = rows(app, Trial, session_id=session["id"], trial_index=index)
    return "top" if trial["item"]["top"] == "positive" else "bottom"


def wrongly(app: Flask, walker: Walker, confidence: float = 0.75) -> dict[str, Any]:
    other = {"top": "bottom", "bottom": "top"}
    return {"choice": other[right_place(app, walker)], "confidence": confidence}


def make(app: Flask, tmp_path: Path, **more: Any) -> None:
    open_study(app, two_afc_study(tmp_path / "studies/pair", explanations=2, **more))


def tables(app: Flask, study: str, to: Path) -> Any:
    with app.app_context():
        export_study(host(), study, to, ("parquet",))
    return read_tables(to)


# What the host lets them do ------------------------------------------------------------------


def test_a_machine_goes_on_whatever_it_answers_and_is_never_excluded(
    app: Flask, tmp_path: Path
) -> None:
    """Not by practice, not by comprehension, not by quality rules; its rows say what it gave."""
    question = {"question": "How many?", "options": ["one", "two"], "answer": 1}
    changes = {
        "comprehension": [question],
        "quality": {"min_catch_accuracy": 1, "min_total_rt_s": 1000, "min_rarer_response": 3},
        "task": {"practice_attempts": 1},
    }
    make(app, tmp_path, changes=changes)
    walker = Walker(app.test_client(), "pair").enter(**machine(app, "pair"))
    walker.take("consent", agreed=True).take("instructions", read_ms=0)
    assert walker.take("comprehension", answers=[0]).step_name == "trials"
    while walker.step_name == "trials":
        walker.answer(wrongly(app, walker))
    walker.finish()
    assert walker.state["content"]["outcome"] == "completed"
    found = tables(app, "pair", tmp_path / "out")
    (session,) = found.sessions.to_dict("records")
    assert (session["participant_id"], session["participant_kind"]) == ("net-1", "machine")
    assert (session["excluded"], session["practice_attempts"]) == (False, 1)
    assert len(found.trials) == 7  # one block of practice
    assert not found.trials["correct"].astype(bool).any()
    # It gave 0.75 to the wrong query each time: 0.25 to the right one.
    assert found.trials["confidence"].to_numpy(dtype=float) == pytest.approx(0.25)
    assert set(found.trials["participant_kind"]) == {"machine"}


@SQLITE
@pytest.mark.parametrize("confidence", [0.49, 1.01, 2, "0.7", None, True])
def test_a_machines_confidence_is_a_probability_of_its_choice(
    app: Flask, tmp_path: Path, confidence: Any
) -> None:
    make(app, tmp_path, practice=0)
    walker = Walker(app.test_client(), "pair").start(**machine(app, "pair"))
    refused = walker.post(0, {"choice": "top", "confidence": confidence})
    assert (refused.status_code, error_code(refused)) == (422, "invalid")
    assert "response.confidence" in refused.json["error"]["fields"]


@SQLITE
@pytest.mark.parametrize("purpose", [None, "simulate", "preview"])
def test_nobody_else_may_give_a_probability(
    app: Flask, tmp_path: Path, purpose: str | None
) -> None:
    make(app, tmp_path, practice=0)
    entry = link(app, purpose, "pair") if purpose else {}
    walker = Walker(app.test_client(), "pair").start(**entry)
    refused = walker.post(0, {"choice": "top", "confidence": 0.75})
    assert error_code(refused) == "invalid"


def test_a_machine_takes_each_version_once(app: Flask, tmp_path: Path) -> None:
    """Also where people may come again; another version, and another machine, are new sessions."""
    changes = {"recruitment": {**RECRUITMENT, "once": False}}
    make(app, tmp_path, practice=0, test=2, catch=0, changes=changes)

    def take(name: str) -> str:
        walker = Walker(app.test_client(), "pair").enter(**machine(app, "pair", name))
        if walker.step_name == "consent":
            walker.take("consent", agreed=True).take("instructions", read_ms=0)
            walker.finish(lambda trial: {"choice": "top", "confidence": 0.6})
        return walker.public_id

    first = take("net-1")
    assert take("net-1") == first
    assert take("net-2") != first
    make(app, tmp_path, practice=0, test=1, catch=0, changes=changes)
    newer = take("net-1")
    assert newer != first
    assert take("net-1") == newer
    assert len(rows(app, Session)) == 3
    assert [row["public_id"] for row in rows(app, Participant)] == ["net-1", "net-2"]


@SQLITE
def test_a_machine_begins_anew_where_it_was_away_too_long(app: Flask, tmp_path: Path) -> None:
    from support.walker import change

    make(app, tmp_path)
    left = Walker(app.test_client(), "pair").start(**machine(app, "pair"))
    same = Walker(app.test_client(), "pair").enter(**machine(app, "pair"))
    assert same.public_id == left.public_id
    change(app, Session, {"last_seen_at": 0}, public_id=left.public_id)
    again = Walker(app.test_client(), "pair").enter(**machine(app, "pair"))
    assert again.public_id != left.public_id
    statuses = {row["public_id"]: row["status"] for row in rows(app, Session)}
    assert statuses == {left.public_id: "timed_out", again.public_id: "entered"}


@SQLITE
def test_a_machine_may_take_what_people_may_take_only_one_of(app: Flask, tmp_path: Path) -> None:
    make(app, tmp_path)
    changes = {"recruitment": {**RECRUITMENT, "exclude_studies": ["pair"]}}
    open_study(app, two_afc_study(tmp_path / "studies/other", explanations=2, changes=changes))
    for study in ("pair", "other"):
        Walker(app.test_client(), study).enter(**machine(app, study))
    Walker(app.test_client(), "pair").enter(participant="p1")
    refused = Walker(app.test_client(), "other").arrive(participant="p1")
    assert error_code(refused) == "not_eligible"


@SQLITE
def test_a_machine_never_takes_the_place_of_somebody_of_its_name(
    app: Flask, tmp_path: Path
) -> None:
    make(app, tmp_path)
    for entry in (machine(app, "pair"), {**link(app, "simulate", "pair"), "participant": "net-1"}):
        Walker(app.test_client(), "pair").enter(**entry)
    Walker(app.test_client(), "pair").enter(participant="net-1")
    found = {row["kind"]: row["public_id"] for row in rows(app, Participant)}
    assert found["machine"] == "net-1"
    assert len(set(found.values())) == 3


# How a machine answers ------------------------------------------------------------------------


def vectors(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    found = rng.normal(size=(n, d))
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def seen_trial(rng: np.random.Generator, k: int, d: int) -> SeenTrial:
    names = ["top", "bottom", *(f"p{i}" for i in range(k)), *(f"n{i}" for i in range(k))]
    features = dict(zip(names, vectors(rng, len(names), d), strict=True))
    show = {
        "top": "top",
        "bottom": "bottom",
        "positive": names[2 : 2 + k],
        "negative": names[2 + k :],
        "enable_after_ms": 100,
    }
    return SeenTrial("test", show, features)


@given(
    seed=st.integers(0, 2**31 - 1),
    k=st.integers(1, 9),
    d=st.integers(2, 12),
    alpha=st.floats(0.02, 5),
    reading=st.sampled_from(["temperature", "product"]),
)
def test_a_machine_answers_by_the_published_equations(
    seed: int, k: int, d: int, alpha: float, reading: Any
) -> None:
    """Eq. 1-4, slowly: each query against each explanation, one pair after the other."""
    rng = np.random.default_rng(seed)
    trial = seen_trial(rng, k, d)
    observer = observer_class("two_afc", "machine")(rng, Scale(alpha, reading))  # type: ignore[call-arg]
    answer = observer.answer(trial)

    def like(query: str, side: str) -> float:
        pairs = [trial.features[query] * trial.features[url] for url in trial.show[side]]
        return sum(float(pair.sum()) for pair in pairs) / k

    top, bottom = (like(q, "positive") - like(q, "negative") for q in ("top", "bottom"))
    z = (top - bottom) / alpha if reading == "temperature" else (top - bottom) * alpha
    chance = 1 / (1 + np.exp(-z))
    assert answer.response["choice"] == ("top" if z >= 0 else "bottom")
    assert answer.response["confidence"] == pytest.approx(max(chance, 1 - chance), abs=1e-9)
    assert answer.rt_ms == 0


@given(seed=st.integers(0, 2**31 - 1))
def test_swapping_the_sides_turns_a_machines_answer_round(seed: int) -> None:
    rng = np.random.default_rng(seed)
    trial = seen_trial(rng, 4, 8)
    sides = {"positive": trial.show["negative"], "negative": trial.show["positive"]}
    swapped = SeenTrial("test", {**trial.show, **sides}, trial.features)
    observer = observer_class("two_afc", "machine")(rng, Scale())  # type: ignore[call-arg]
    one, other = observer.answer(trial).response, observer.answer(swapped).response
    assert one["choice"] != other["choice"]
    assert one["confidence"] == pytest.approx(other["confidence"], abs=1e-12)


def test_viewers_differ_follow_the_margin_and_recognise_a_query() -> None:
    scale = Scale()
    viewer = observer_class("two_afc", "viewer")

    def share(trial: SeenTrial) -> float:
        """Of 200 viewers, who choose the upper query."""
        made = [viewer(np.random.default_rng([3, n]), scale) for n in range(200)]  # type: ignore[call-arg]
        answers = [one.answer(trial) for one in made]
        assert {a.response["confidence"] for a in answers} <= {1, 2, 3}
        assert all(a.rt_ms > 100 for a in answers)
        assert len({a.rt_ms for a in answers}) == 200
        return float(np.mean([a.response["choice"] == "top" for a in answers]))

    d = 8
    axis, other = np.eye(d)[0], np.eye(d)[1]

    def trial(lean: float) -> SeenTrial:
        """Positive examples lie along one axis; the upper query leans towards it, or away."""
        rng = np.random.default_rng(5)
        near = vectors(rng, 18, d) * 0.5 + np.repeat([axis, other], 9, axis=0)
        rows = [lean * axis + np.eye(d)[2], np.eye(d)[2], *near]
        features = {f"i{n}": row / np.linalg.norm(row) for n, row in enumerate(rows)}
        names = list(features)
        show = {"top": "i0", "bottom": "i1", "positive": names[2:11], "negative": names[11:]}
        return SeenTrial("test", {**show, "enable_after_ms": 100}, features)

    shares = [share(trial(lean)) for lean in (-1, -0.1, 0.1, 1)]
    assert shares == sorted(shares)
    assert shares[0] < 0.15 and shares[3] > 0.85
    plain = trial(0.0)
    found = {**plain.features, "i0": plain.features["i2"], "i1": plain.features["i11"]}
    assert share(SeenTrial("catch", plain.show, found)) > 0.9


def test_the_id_of_a_machine_says_what_it_is() -> None:
    assert machine_id("efficientnet-lite2") == "efficientnet-lite2"
    others = [
        machine_id("efficientnet-lite2", Scale(0.3)),
        machine_id("efficientnet-lite2", Scale(0.16, "product")),
        machine_id("timm:resnet18"),
        machine_id("timm:resnet18@runs/a.pth"),
        machine_id("timm:resnet18@runs:a.pth"),
        machine_id("timm:vit_base_patch16_clip_224.laion2b_ft_in12k_in1k"),
    ]
    assert len(set(others)) == len(others)
    assert all(len(name) <= 32 and name.isascii() for name in others)
    assert machine_id("timm:resnet18") == machine_id("timm:resnet18", Scale())


# The whole road, with a real network ----------------------------------------------------------


KINDS = ("rgb.png", "palette.png", "grey.png", "see-through.png", "plain.jpg", "turned.jpg",
         "a.webp", "a.gif")  # fmt: skip


def save(picture: Image.Image, folder: Path, name: str, kind: str) -> str:
    """Save a picture as a file of some kind; the host serves each in its own way."""
    path = folder / f"{name}-{kind}"
    match kind:
        case "palette.png":
            picture.quantize(64).save(path)
        case "grey.png":
            picture.convert("L").save(path)
        case "see-through.png":
            picture.putalpha(Image.linear_gradient("L").resize(picture.size))
            picture.save(path)
        case "turned.jpg":
            exif = Image.Exif()
            exif[0x0112] = 6
            picture.save(path, quality=90, exif=exif)
        case _:
            picture.save(path)
    return path.name


def mixed_study(folder: Path, items: int = 6) -> Path:
    """A 2-AFC study of textures in files of all kinds, as `two_afc_study` but for its images."""
    two_afc_study(folder, practice=2, test=items, catch=1, explanations=3)
    manifest = pd.read_csv(folder / "stimuli.csv")
    rng = np.random.default_rng(4)
    names = {}
    for number, old in enumerate(manifest["file"]):
        shape = (40 + number % 7, 52, 3)
        base = rng.integers(0, 256, 3) * 0.7 + rng.integers(0, 78, shape)
        waves = 40 * np.sin(np.arange(shape[1]) * rng.uniform(0.1, 1.5))[None, :, None]
        picture = Image.fromarray(np.clip(base + waves, 0, 255).astype(np.uint8))
        kind = KINDS[number % len(KINDS)]
        names[old] = "stimuli/" + save(picture, folder / "stimuli", f"{number:03d}", kind)
        (folder / old).unlink()
    manifest["file"] = manifest["file"].map(names)
    manifest.to_csv(folder / "stimuli.csv", index=False)
    table = pd.read_csv(folder / "items.csv")
    for role in ("query_positive", "query_negative", "positives", "negatives"):
        table[role] = [";".join(names[f] for f in cell.split(";")) for cell in table[role]]
    table["unit"] = [f"layer:{number % 3}" for number in range(len(table))]
    table.to_csv(folder / "items.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A running host with a study of images of all kinds, and one of another task."""
    folder = tmp_path_factory.mktemp("machines")
    mixed_study(folder / "studies/mixed")
    category_study(folder / "studies/tiny")
    environment = {
        "DIPTYCH_HOME": str(folder / "home"),
        "DIPTYCH_STUDIES": str(folder / "studies"),
        "DIPTYCH_SECRET_KEY": SECRET,
    }
    server = LiveServer(environment, folder / "server.log")
    for name in ("mixed", "tiny"):
        server.diptych("study", "open", name)
    server.start()
    yield server
    server.stop()


def take(server: LiveServer, study: str, n: int = 1, **options: Any) -> Summary:
    observer = options.setdefault("observer", "machine")
    purpose = "machine" if observer == "machine" else "simulate"
    key = study_key(SECRET.encode(), purpose, study)
    folder = Path(server.environment["DIPTYCH_STUDIES"]) / study
    return simulate(server.url, folder, n, key=key, **options)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scale", "batch", "seed", "within"),
    [
        (Scale(), 32, 0, 1e-6),
        pytest.param(Scale(0.05), 1, 1, 1e-6, marks=pytest.mark.exhaustive),
        (Scale(4, "product"), 5, 2, 1e-6),
        # So sharp a scale multiplies by 100 what batches of other sizes round in another way.
        pytest.param(Scale(0.01), 64, 3, 1e-5, marks=pytest.mark.exhaustive),
    ],
)
def test_a_machine_gives_what_the_offline_road_gives(
    served: LiveServer, tmp_path: Path, scale: Scale, batch: int, seed: int, within: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """By item and in the mean, whatever order, batch and file; each session is another."""
    from diptych_analysis.mis.study_items import score_items
    from diptych_analysis.networks import similarity as comparing

    summary = take(served, "mixed", model="efficientnet-lite0", scale=scale)
    assert summary.outcomes == {"completed": 1}
    served.diptych("export", "mixed", "--to", str(tmp_path / "out"), "--format", "parquet")
    found = read_tables(tmp_path / "out")
    own = found.trials[found.trials["participant_id"] == machine_id("efficientnet-lite0", scale)]
    folder = Path(served.environment["DIPTYCH_STUDIES"]) / "mixed"
    files = {row.stimulus_id: folder / row.file for row in found.stimuli.itertuples()}
    order = found.items["item_id"].drop_duplicates().sample(frac=1, random_state=seed)
    place = {item_id: number for number, item_id in enumerate(order)}
    shuffled = found.items.sort_values("item_id", key=lambda ids: ids.map(place), kind="stable")
    monkeypatch.setattr(comparing, "BATCH", batch)
    offline = score_items(
        shuffled, files.__getitem__, comparing.similarity("efficientnet-lite0"), scale
    ).set_index("item_id")
    given = own.set_index("item_id")["confidence"].astype(float)
    assert len(given) == 9
    assert (given - offline.loc[given.index, "probability"]).abs().max() < within
    test = own[own["phase"] == "test"]
    mis = offline[offline["kind"] == "test"]["probability"].mean()
    assert test["confidence"].astype(float).mean() == pytest.approx(mis, abs=within)
    by_unit = test.groupby("unit")["confidence"].mean().astype(float)
    expected = offline[offline["kind"] == "test"].groupby("unit")["probability"].mean()
    assert by_unit.to_dict() == pytest.approx(expected.to_dict(), abs=within)
    right = offline.loc[test["item_id"], "margin"].to_numpy() > 0
    assert (test["correct"].astype(bool).to_numpy() == right).all()
    assert (own["rt_ms"].astype(float) == 0).all()


@pytest.mark.slow
@pytest.mark.exhaustive
def test_the_command_takes_a_study_once(served: LiveServer) -> None:
    command = ("simulate", "mixed", "--observer", "machine", "--model", "efficientnet-lite1")
    assert "Machine efficientnet-lite1 (1 completed), 9 answers" in served.diptych(*command)
    assert "Machine efficientnet-lite1 (1 completed), 0 answers" in served.diptych(*command)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_viewers_are_simulated_people(served: LiveServer, tmp_path: Path) -> None:
    summary = take(
        served, "mixed", 4, observer="viewer", model="efficientnet-lite0", run="viewers", seed=1
    )
    assert sum(summary.outcomes.values()) == 4 and not summary.failed
    served.diptych("export", "mixed", "--to", str(tmp_path / "out"), "--format", "parquet")
    found = read_tables(tmp_path / "out")
    own = found.trials[found.trials["session_id"].isin([t.session for t in summary.taken])]
    answered = own.dropna(subset=["response"])
    assert set(answered["participant_kind"]) == {"simulated"}
    assert set(answered["confidence"].astype(float)) <= {1.0, 2.0, 3.0}
    assert answered["participant_id"].nunique() == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "options", "said"),
    [
        (1, {}, "follows a network: name it"),
        (2, {"model": "efficientnet-lite0"}, "once, not 2 times"),
        (1, {"observer": "learner", "model": "efficientnet-lite0"}, "follows no network"),
    ],
)
def test_wrong_wishes_are_told(
    served: LiveServer, n: int, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(SimulationFault, match=said):
        take(served, "mixed", n, **options)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mixed", "--model", "efficientnet-lite9"], "efficientnet-lite9"),
        (["mixed", "--model", "shuffled:efficientnet-lite0"], "whole sets"),
        (["tiny", "--model", "efficientnet-lite0"], "no observer 'machine'"),
        (["mixed", "--model", "efficientnet-lite0", "--scale", "0"], "greater than 0"),
    ],
)
def test_the_command_tells_what_is_wrong(
    served: LiveServer, arguments: Sequence[str], said: str
) -> None:
    with pytest.raises(RuntimeError, match=said) as fault:
        served.diptych("simulate", *arguments, "--observer", "machine")
    assert "Traceback" not in str(fault.value)
