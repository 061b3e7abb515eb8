"""`[timing]`: one table for every task, from study.toml to the page and back into the tables."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.tiny_studies import category_study, odd_one_out_study, two_afc_study
from support.walker import Walker, open_study

from diptych.authoring.folder import load_study
from diptych.simulation.participation import frames_of
from diptych.study.faults import StudyFault
from diptych.study.spec import StudySpec
from diptych.study.timing import LARGEST_PX, LONGEST_MS, TrialTiming, mask_seed

STUDIES = {
    "category_learning": category_study,
    "two_afc": two_afc_study,
    "odd_one_out": odd_one_out_study,
}
FLASH = {"fixation_ms": 500, "exposure_ms": 250, "mask": "noise", "mask_ms": 100}
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])


def faults(folder: Path) -> list[str]:
    with pytest.raises(StudyFault) as found:
        load_study(folder)
    return [f"{fault.key}: {fault.allowed}" for fault in found.value.faults]


def keys() -> st.SearchStrategy[dict[str, Any]]:
    ms = st.integers(0, LONGEST_MS)
    degrees = st.floats(0.1, 89.9).map(lambda each: f"{each:.2f} deg")
    return st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("fixation_ms", "exposure_ms", "mask_ms", "deadline_ms", "iti_ms"), ms),
            "mask": st.sampled_from(["none", "noise", "masks/grey.png"]),
            "image_size": st.one_of(st.floats(0, LARGEST_PX), degrees),
        },
    )


@given(keys())
def test_a_table_keeps_the_keys_it_was_given_and_no_others(given: dict[str, Any]) -> None:
    timing = TrialTiming.model_validate(given)
    assert timing.model_dump(mode="json") == given
    assert TrialTiming.model_validate_json(timing.model_dump_json()) == timing
    assert bool(timing) == bool(given)


@given(keys(), keys(), keys())
def test_the_condition_is_over_the_study_and_the_study_over_the_task(
    task: dict[str, Any], study: dict[str, Any], condition: dict[str, Any]
) -> None:
    found = TrialTiming.model_validate(condition).over(task, study)
    assert found.model_dump() == {**task, **study, **condition}


@pytest.mark.parametrize("task", STUDIES)
@SQLITE
def test_without_the_table_each_trial_is_as_it_always_was(
    app: Flask, tmp_path: Path, task: str
) -> None:
    folder = STUDIES[task](tmp_path / "studies/tiny")
    assert "timing" not in (folder / "study.toml").read_text()
    open_study(app, folder)
    timing = Walker(app.test_client()).start().trial["timing"]
    assert timing.pop("mask_seed") in range(2**32)
    assert timing == {
        "fixation_ms": 0, "exposure_ms": 0, "mask": "none", "mask_ms": 100, "deadline_ms": 0,
        "iti_ms": 250 if task == "category_learning" else 150,
        "image_px": None, "image_degrees": None,
    }  # fmt: skip


@pytest.mark.parametrize("task", STUDIES)
@SQLITE
def test_every_task_hands_its_timing_to_the_page(app: Flask, tmp_path: Path, task: str) -> None:
    changes = {"timing": {**FLASH, "image_size": 120, "deadline_ms": 3000}}
    open_study(app, STUDIES[task](tmp_path / "studies/tiny", changes=changes))
    timing = Walker(app.test_client()).start().trial["timing"]
    assert timing.items() >= {**FLASH, "image_px": 120, "deadline_ms": 3000}.items()


@SQLITE
def test_a_condition_has_keys_of_its_own(app: Flask, tmp_path: Path) -> None:
    folder = category_study(
        tmp_path / "studies/tiny",
        changes={
            "timing": FLASH,
            "conditions": [{"name": "short", "timing": {"exposure_ms": 50, "mask": "none"}}],
        },
    )
    open_study(app, folder)
    timing = Walker(app.test_client()).start().trial["timing"]
    assert timing.items() >= {"exposure_ms": 50, "mask": "none", "fixation_ms": 500}.items()


def test_the_hash_of_a_study_tells_its_timing(tmp_path: Path) -> None:
    def hash_of(changes: dict[str, Any]) -> str:
        name = tmp_path / str(len(list(tmp_path.iterdir()))) / "tiny"
        return load_study(category_study(name, changes=changes)).content.content_hash

    plain = hash_of({})
    assert hash_of({"timing": {}}) == plain
    assert hash_of({"conditions": [{"name": "default"}]}) == plain
    others = [
        hash_of({"timing": {"exposure_ms": 250}}),
        hash_of({"timing": {"exposure_ms": 260}}),
        hash_of({"conditions": [{"name": "default", "timing": {"exposure_ms": 250}}]}),
        hash_of({"screen": {"viewing_distance_cm": 57}}),
    ]
    assert len({plain, *others}) == 5


@pytest.mark.parametrize("task", STUDIES)
def test_a_study_of_before_has_the_hash_of_before(tmp_path: Path, task: str) -> None:
    """As version 0.1 computed it: a frozen study goes on, and is not frozen once more."""
    content = load_study(STUDIES[task](tmp_path / "tiny")).content
    spec = content.spec.model_dump(mode="json")
    del spec["part"], spec["questions_before"], spec["questions_after"]
    del spec["timing"], spec["screen"]["viewing_distance_cm"]
    del spec["recruitment"]["replace_excluded"], spec["quality"]["max_missed_share"]
    for condition in spec["conditions"]:
        del condition["timing"]
    body = {
        "spec": spec,
        "texts": dict(content.texts),
        "stimuli": [(s.stimulus_id, s.file, s.label, dict(s.attributes)) for s in content.stimuli],
        "items": [
            (i.item_id, i.kind, i.unit, dict(i.stimuli), dict(i.attributes))
            for i in content.items.values()
        ],
    }
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert content.content_hash == hashlib.sha256(text.encode()).hexdigest()


@SQLITE
def test_a_mask_is_frozen_and_served(app: Flask, tmp_path: Path) -> None:
    mask = {"timing": {**FLASH, "mask": "mask.png"}}
    folder = category_study(tmp_path / "studies/tiny", changes=mask)
    for grey in (90, 91):
        Image.new("RGB", (20, 20), (grey, grey, grey)).save(folder / "mask.png")
        open_study(app, folder)
        walker = Walker(app.test_client()).start()
        url = walker.trial["timing"]["mask"]
        reply = walker.request("GET", url)
        assert reply.status_code == 200 and reply.mimetype == "image/png"
    assert load_study(folder).content.spec.timing.mask == url
    assert walker.request("GET", url[:-1] + "0").status_code == 404


@pytest.mark.parametrize(
    ("timing", "told"),
    [
        ({"exposure_ms": -1}, "timing.exposure_ms: "),
        ({"exposure": 10}, "timing.exposure: exposure_ms (this one?)"),
        ({"image_size": "4 inches"}, "'4 inches' is neither a number of CSS pixels"),
        ({"image_size": "0 deg"}, "above 0 and below 90"),
        ({"image_size": -3}, "-3 is neither"),
        ({"image_size": 400}, "timing.image_size: at most 320"),
        ({"mask": "noise"}, "timing.mask: exposure_ms above 0"),
        ({"mask": "no.png", "exposure_ms": 100}, "timing.mask: an image file"),
        ({"exposure_ms": 500, "deadline_ms": 400}, "timing.deadline_ms: 0, or at least 500"),
    ],
)
def test_what_does_not_fit_is_a_fault(tmp_path: Path, timing: dict[str, Any], told: str) -> None:
    folder = category_study(tmp_path / "tiny", changes={"timing": timing})
    found = faults(folder)
    assert any(told.lower() in fault.lower() for fault in found), found


def test_a_fault_names_the_table_of_the_condition(tmp_path: Path) -> None:
    conditions = [{"name": "short", "timing": {"mask": "noise"}}]
    folder = category_study(tmp_path / "tiny", changes={"conditions": conditions})
    assert faults(folder)[0].startswith("conditions.short.timing.mask: ")


@given(
    st.fixed_dictionaries(
        {
            **dict.fromkeys(("fixation_ms", "exposure_ms", "mask_ms"), st.integers(0, 5000)),
            "mask": st.sampled_from(["none", "noise"]),
        }
    ),
    st.floats(0, 1e6),
)
def test_a_simulated_screen_shows_whole_frames(shown: dict[str, Any], onset: float) -> None:
    times = frames_of(shown, onset)
    assert bool(times) == bool(shown["exposure_ms"] or shown["fixation_ms"])
    assert ("fixation_onset_ms" in times) == bool(shown["fixation_ms"])
    if shown["exposure_ms"]:
        visible = times["display_offset_ms"] - onset
        assert visible == pytest.approx(times["display_frames"] * 1000 / 60, abs=0.1)
        assert abs(visible - shown["exposure_ms"]) <= 1000 / 60 + 0.1  # at least one frame
    masked = shown["exposure_ms"] and shown["mask"] == "noise" and shown["mask_ms"]
    assert ("mask_onset_ms" in times) == bool(masked)
    assert not times.get("timing_fault")


def test_seeds_of_masks_differ_by_trial_and_session() -> None:
    seeds = {mask_seed(session, trial) for session in range(50) for trial in range(50)}
    assert len(seeds) == 2500
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert mask_seed(3, 4) == mask_seed(3, 4)


def test_a_frozen_spec_tells_its_keys(tmp_path: Path) -> None:
    spec = load_study(category_study(tmp_path / "tiny", changes={"timing": FLASH})).content.spec
    assert StudySpec.model_validate(spec.model_dump(mode="json")) == spec
    assert spec.model_dump(mode="json")["timing"] == FLASH
