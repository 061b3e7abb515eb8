"""A table of prompts: whole, continued, refused; in the tiny world, from a folder, and without."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from support.diffusion_models import write_stable_diffusion

from diptych_analysis.captions.cli import captions
from diptych_analysis.captions.runs import PROMPTS
from diptych_analysis.captions.tiny_world import CLASSES, draw_labelled
from diptych_analysis.worlds.model import write_new_model

pytestmark = pytest.mark.exhaustive
SMALL = ["--train", "8", "--test", "8", "--updates", "2", "--seeds", "1"]
SMALL += ["--captioner-updates", "20"]


def _invoke(*arguments: str, wanted: int = 0) -> str:
    done = CliRunner().invoke(captions, arguments)
    assert done.exit_code == wanted, done.output
    return done.output


def test_all_prompts_are_measured_and_a_run_continues(tmp_path: Path) -> None:
    write_new_model(tmp_path / "tiny", seed=0)
    common = [*SMALL, "--generator", str(tmp_path / "tiny"), "--to", str(tmp_path / "out")]
    _invoke("segment", *common, "--prompt", "oracle")
    first = (tmp_path / "out" / "cells" / "oracle-0.json").read_bytes()
    printed = _invoke("segment", *common)
    assert (tmp_path / "out" / "cells" / "oracle-0.json").read_bytes() == first
    found = json.loads((tmp_path / "out" / "results.json").read_text())
    rows = {row["prompt"]: row for row in found["prompts"]}
    assert set(rows) == set(PROMPTS)
    scores = [row["score"] for row in found["prompts"]]
    assert scores == sorted(scores, reverse=True)
    assert (rows["oracle"]["precision"], rows["oracle"]["recall"]) == (1, 1)
    assert rows["names"]["recall"] == 1
    assert rows["caption:5"]["recall"] < rows["caption:17"]["recall"]
    assert rows["averaged"]["pointing_hits"] is not None
    assert rows["vector"]["pointing_hits"] is None
    assert "caption-vector" in printed
    for name in ("scores.png", "maps/oracle.png", "results.csv"):
        assert (tmp_path / "out" / name).stat().st_size > 500
    refused = _invoke("segment", *common, "--rate", "0.1", wanted=1)
    assert "holds other results: settings differ" in refused


def test_depth_and_a_shifted_domain(tmp_path: Path) -> None:
    write_new_model(tmp_path / "tiny", seed=0)
    common = [*SMALL, "--generator", str(tmp_path / "tiny")]
    _invoke("depth", *common, "--to", str(tmp_path / "depth"), "--prompt", "caption")
    found = json.loads((tmp_path / "depth" / "results.json").read_text())
    assert 0 < found["prompts"][0]["score"] < 3
    printed = _invoke("shift", *common, "--to", str(tmp_path / "shift"))
    for modifier in ("night", "sea", "snow"):
        assert f"caption:plain+on {modifier}" in printed
    refused = _invoke("shift", *common, "--to", str(tmp_path / "x"), "--target", "mud", wanted=1)
    assert "no ground 'mud'; allowed are snow, night, grass, sea" in refused


def test_a_folder_and_stable_diffusions_layout(tmp_path: Path) -> None:
    write_stable_diffusion(tmp_path / "model")
    images = draw_labelled(6, seed=0, stream=0)
    for name in ("images", "labels", "depth"):
        (tmp_path / "data" / name).mkdir(parents=True)
    for number in range(6):
        file = f"{number}.png"
        Image.fromarray(images.images[number]).save(tmp_path / "data" / "images" / file)
        Image.fromarray(images.labels[number]).save(tmp_path / "data" / "labels" / file)
        assert images.depth is not None
        millimetres = Image.fromarray((images.depth[number] * 1000).astype(np.uint16))
        millimetres.save(tmp_path / "data" / "depth" / file)
    (tmp_path / "data" / "classes.txt").write_text("\n".join(CLASSES))
    common = ["--images", str(tmp_path / "data"), "--generator", str(tmp_path / "model")]
    common += ["--updates", "2", "--seeds", "1"]
    printed = _invoke("segment", *common, "--to", str(tmp_path / "out"))
    assert "oracle" in printed
    assert "caption" not in printed
    _invoke("depth", *common, "--to", str(tmp_path / "depth"), "--prompt", "empty")
    refused = _invoke(
        "segment", *common, "--to", str(tmp_path / "out"), "--prompt", "caption", wanted=1
    )
    assert "has no column 'caption'; it has none (the file is missing)" in refused


def test_without_weights_the_message_says_what_a_download_would_be(tmp_path: Path) -> None:
    model = "stable-diffusion-v1-5/stable-diffusion-v1-5"
    refused = _invoke("segment", "--generator", model, "--to", str(tmp_path / "out"), wanted=1)
    assert f"the diffusion model {model!r} is not on this machine" in refused
    assert "about 4.3 GB" in refused
    (tmp_path / "images").mkdir()
    refused = _invoke("write", str(tmp_path), "--to", str(tmp_path / "captions.csv"), wanted=1)
    assert "'Salesforce/blip2-opt-2.7b' is not on this machine" in refused
    assert "(about 15 GB)" in refused
