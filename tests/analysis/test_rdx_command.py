"""`diptych rdx`: tables and networks in, grids, page and JSON out; alignment; readers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.judgements import from_confusions, from_triplets
from diptych_analysis.representations.rdx.alignment import align
from diptych_analysis.representations.rdx.cli import rdx
from diptych_analysis.representations.rdx.comparison import compare
from diptych_analysis.representations.rdx.distances import ranks
from diptych_analysis.representations.rdx.null import null_distribution
from diptych_analysis.representations.rdx.saved import read_run
from diptych_analysis.representations.rdx.settings import Settings
from diptych_analysis.representations.rdx.stability import stability
from diptych_analysis.representations.reading import Representation, matched, read_file


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    """Two files of 90 items; the first ten are close in A only."""
    rng = np.random.default_rng(0)
    b = rng.normal(size=(90, 6))
    a = b + 0.01 * rng.normal(size=b.shape)
    a[:10] = 5 + 0.1 * rng.normal(size=(10, 6))
    names = [f"{i:03d}.png" for i in range(90)]
    one = pd.DataFrame(a, columns=[f"a{i}" for i in range(6)]).assign(item=names)
    two = pd.DataFrame(b, columns=[f"b{i}" for i in range(6)]).assign(item=names)
    one.to_csv(tmp_path / "a.csv", index=False)
    two.sample(frac=1, random_state=0).to_parquet(tmp_path / "b.parquet", index=False)
    return tmp_path / "a.csv", tmp_path / "b.parquet"


def run(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(rdx, [str(each) for each in arguments])
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.slow
def test_json_names_grids_settings_and_null(tables: tuple[Path, Path]) -> None:
    code, out, _ = run(*tables, "-m", 1, "--null", 19, "--stability", 1, "--json")
    assert code == 0
    found = json.loads(out)
    assert found["n"] == 90
    assert found["settings"]["seed"] == 0
    grid = found["forward"]["grids"][0]
    assert set(grid["items"]) <= {f"{i:03d}.png" for i in range(10)}
    assert found["forward"]["null"]["affinity_p"] == [0.05]
    assert found["forward"]["stability"]["seeds"] > 0.9


def test_a_page_shows_the_images_of_the_grids(tables: tuple[Path, Path], tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for i in range(90):
        Image.new("RGB", (8, 8), (2 * i, 0, 255 - i)).save(images / f"{i:03d}.png")
    code, out, _ = run(*tables, "--images", images, "--to", tmp_path / "out", "-m", 2)
    assert code == 0
    assert "Page:" in out
    page = (tmp_path / "out" / "index.html").read_text()
    assert "n = 90, m = 2, k = 9, gamma 0.05" in page
    assert (tmp_path / "out" / "a-not-b.png").exists()
    grids = pd.read_csv(tmp_path / "out" / "grids.csv")
    assert (grids.groupby(["direction", "grid"]).size() <= 9).all()
    assert grids["settings"].str.startswith("n = 90").all()


@pytest.mark.slow
def test_networks_see_the_images(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for i in range(24):
        blocks = rng.integers(0, 255, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(blocks).resize((64, 64)).save(tmp_path / f"{i}.png")
    name = "efficientnet-lite0+untrained"
    code, out, err = run(
        f"{name}/blocks.1.0.conv_pw", name, "--images", tmp_path, "-m", 1, "--json"
    )
    assert code == 0, err
    found = json.loads(out)
    assert found["n"] == 24
    assert found["forward"]["grids"][0]["items"][0].endswith(".png")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing.npy", "nothing.npy"), "no file 'nothing.npy'"),
        (("efficientnet-lite0", "efficientnet-lite0"), "needs --images"),
        (("huge.npy", "b.npy"), "the largest number of A is 1e+300; allowed are 1e-100 to 1e+100"),
        (("b.npy", "tiny.npy"), "the largest number of B is 1e-300"),
        (("nan.npy", "b.npy", "--align", "a"), "A holds NaN or infinity in 1 of 60 rows"),
        (("complex.npy", "b.npy"), "of real numbers is needed"),
        (("text.npy", "b.npy"), "allowed are arrays of numbers that numpy.save"),
        (("empty.npz", "b.npy"), "allowed are arrays of numbers that numpy.save"),
        (("two.npz:z", "b.npy"), "has no array 'z'; it holds x, y"),
        (("b.npy", "b.npy", "--guide", "empty.csv"), "the guide 'empty.csv' can't be read"),
        (("b.npy", "b.npy", "--guide", "gap.csv"), "has no label in row 2"),
        (("b.npy", "b.npy", "--guide", "twice.csv"), "column 'x': appears twice"),
        (("twice.csv", "b.npy"), "column 'x': appears twice"),
        (("odd.csv", "b.npy"), "column 'y', row 2: found 'O.5' among numbers"),
        (("b.npy", "b.npy", "--beta", "1e300"), "beta is at most 50"),
    ],
)
def test_faults_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    b = np.random.default_rng(0).uniform(-1, 1, (60, 4))
    b[0, 0] = 1
    for name, values in {"b": b, "huge": b * 1e300, "tiny": b * 1e-300, "complex": b + 1j}.items():
        np.save(f"{name}.npy", values)
    np.save("nan.npy", np.where(np.arange(60)[:, None] == 7, np.nan, b))
    np.savez("two.npz", x=b, y=b)
    Path("text.npy").write_text("x")
    Path("empty.npz").touch()
    Path("empty.csv").touch()
    Path("twice.csv").write_text("x,x\n1,2\n")
    Path("odd.csv").write_text("item,x,y\na,1,0.5\nb,2,O.5\n")
    Path("gap.csv").write_text("item,label\na,b\nc,\n")
    code, _, err = run(*arguments)
    assert code == 1
    assert message in " ".join(err.split())
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1


def test_the_strongest_beta_gives_finite_grids(tables: tuple[Path, Path]) -> None:
    rows = [read_file(str(file)).values for file in tables]
    for sampling in ("spectral", "greedy", "pagerank"):
        found = compare(*rows, Settings(beta=50, sampling=sampling))
        assert np.isfinite([grid.affinity for grid in found.forward.grids]).all()


def test_files_without_numbers_or_with_repeated_items_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("item,x\na,1\na,2\n")
    with pytest.raises(RepresentationFault, match="names item 'a' twice"):
        read_file(str(tmp_path / "a.csv"))
    (tmp_path / "b.csv").write_text("item\na\nb\n")
    with pytest.raises(RepresentationFault, match="no column of numbers"):
        read_file(str(tmp_path / "b.csv"))
    np.savez(tmp_path / "c.npz", x=np.eye(3), y=np.eye(3))
    with pytest.raises(RepresentationFault, match="several arrays"):
        read_file(str(tmp_path / "c.npz"))
    assert read_file(f"{tmp_path / 'c.npz'}:y").values.shape == (3, 3)
    np.save(tmp_path / "d.npy", np.zeros(3))
    with pytest.raises(RepresentationFault, match="a matrix"):
        read_file(str(tmp_path / "d.npy"))


def test_items_of_one_side_only_are_named() -> None:
    one = Representation("one", np.zeros((2, 1)), ("a", "b"))
    two = Representation("two", np.array([[1.0], [2.0]]), ("b", "a"))
    assert matched(one, two)[1].values.ravel().tolist() == [2, 1]
    other = Representation("other", np.zeros((2, 1)), ("a", "c"))
    with pytest.raises(RepresentationFault, match="2 items are in one representation only"):
        matched(one, other)


@pytest.mark.slow
def test_alignment_undoes_an_invertible_map_and_leaves_no_difference() -> None:
    rng = np.random.default_rng(0)
    b = rng.normal(size=(400, 6)) * [5, 4, 3, 2, 1, 1]
    a = b @ (rng.normal(size=(6, 6)) + 2 * np.eye(6)) + 3
    found = align(a, b)
    assert found.reached >= 0.99 >= found.start
    mapped = compare(found.values, b, Settings(grids=3, sampling="greedy"))
    if mapped.forward.grids:
        assert null_distribution(found.values, mapped, draws=19).significant() == 0


@pytest.mark.parametrize("seed", range(3))
def test_alignment_never_ends_below_its_start(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(80, 5)), rng.normal(size=(80, 9))
    found = align(a, b, seed=seed)
    assert found.reached >= found.start
    assert found.values.shape == a.shape


def test_the_same_run_is_perfectly_stable(tables: tuple[Path, Path]) -> None:
    one, two, _ = matched(*(read_file(str(file)) for file in tables))
    found = compare(one.values, two.values, Settings(grids=1, sampling="greedy"))
    assert stability(one.values, two.values, found, repeats=2)["forward"]["seeds"] == 1


def test_triplets_place_items_as_they_were_judged() -> None:
    rng = np.random.default_rng(0)
    true = rng.normal(size=(30, 2))
    near = np.linalg.norm(true[:, None] - true[None], axis=2)
    rows = rng.integers(0, 30, (6000, 3))
    rows = rows[(rows[:, 0] != rows[:, 1]) & (rows[:, 0] != rows[:, 2])]
    closer = near[rows[:, 0], rows[:, 1]] <= near[rows[:, 0], rows[:, 2]]
    rows[~closer] = rows[~closer][:, [0, 2, 1]]
    found = from_triplets(rows, 30, dimensions=2)
    shared = [len(set(x) & set(y)) / 5 for x, y in zip(
        np.argsort(ranks(true), axis=1)[:, 1:6], np.argsort(ranks(found.values), axis=1)[:, 1:6],
        strict=True)]  # fmt: skip
    assert np.mean(shared) > 0.8
    with pytest.raises(RepresentationFault, match="outside 0 to 3"):
        from_triplets(rows, 4)


def test_confusions_place_stimuli_by_their_responses() -> None:
    trials = pd.DataFrame(
        {
            "stimulus_id": list("aaabbbccc"),
            "response": ["x", "x", "y", "x", "x", "y", "z", "z", "z"],
        }
    )
    found = from_confusions(trials)
    assert found.items == ("a", "b", "c")
    order = ranks(found.values)
    assert order[0, 1] == 1 and order[2, 0] >= 1
    np.testing.assert_allclose((found.values**2).sum(axis=1), 1)


def test_a_written_run_is_read_back_with_its_guide(
    tables: tuple[Path, Path], tmp_path: Path
) -> None:
    labels = np.arange(90) % 3
    pd.DataFrame({"label": labels}).to_csv(tmp_path / "labels.csv", index=False)
    code, out, err = run(
        *tables, "-m", 2, "--guide", tmp_path / "labels.csv", "--to", tmp_path / "out", "--json"
    )
    assert code == 0, err
    saved, said = read_run(tmp_path / "out"), json.loads(out)
    rows = pd.read_csv(tables[0]).drop(columns="item").to_numpy(np.float32)
    pairs = saved.pairs["forward"]
    assert (pairs.a == ranks(rows, guide=labels)).all()
    assert (saved.pairs["backward"].b == pairs.a).all()
    for name, grids in saved.grids.items():
        assert [grid.items.tolist() for grid in grids] == [g["rows"] for g in said[name]["grids"]]
        assert [len(grid.cluster) for grid in grids] == [
            g["cluster_size"] for g in said[name]["grids"]
        ]
    file = tmp_path / "out" / "representations.npz"
    for broken in (b"no archive", file.read_bytes()[:200]):
        file.write_bytes(broken)
        with pytest.raises(RepresentationFault, match="is no run of `diptych rdx`"):
            read_run(tmp_path / "out")
