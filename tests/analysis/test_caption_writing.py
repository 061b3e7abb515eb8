"""A published captioner's loading code, on an untrained model in the layout of BLIP."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from diptych_analysis.captions.blip import caption_folder, load_captioner
from diptych_analysis.captions.faults import CaptionFault

pytestmark = pytest.mark.exhaustive
WORDS = ("a", "ring", "bow", "and", "circle", "on", "sea")


@pytest.fixture(scope="module")
def captioner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import (
        BertTokenizerFast,
        BlipConfig,
        BlipForConditionalGeneration,
        BlipImageProcessor,
        BlipProcessor,
    )

    folder = tmp_path_factory.mktemp("blip")
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]"]
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join([*special, *WORDS]) + "\n", encoding="utf-8")
    tokenizer = BertTokenizerFast(vocab_file=str(vocabulary), bos_token="[DEC]")
    size = {"height": 32, "width": 32}
    BlipProcessor(BlipImageProcessor(size=size), tokenizer).save_pretrained(folder)
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = {**small, "vocab_size": len(special) + len(WORDS), "encoder_hidden_size": 16,
            "intermediate_size": 16, "projection_dim": 8, "bos_token_id": 5, "eos_token_id": 3,
            "pad_token_id": 0, "sep_token_id": 3, "max_position_embeddings": 128}  # fmt: skip
    vision = {**small, "image_size": 32, "patch_size": 16, "intermediate_size": 16}
    config = BlipConfig(text_config=text, vision_config=vision, projection_dim=8)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        BlipForConditionalGeneration(config).save_pretrained(folder)
    return folder


def test_every_image_gets_a_caption_and_a_stopped_run_continues(
    captioner: Path, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(3):
        Image.new("RGB", (40, 30), (80 * number, 90, 40)).save(photos / f"{number}.png")
    model = load_captioner(str(captioner))
    file = tmp_path / "captions.csv"
    file.write_text("image,caption\n1.png,kept as it is\n", encoding="utf-8")
    counts: list[tuple[int, int]] = []
    assert caption_folder(photos, file, model, least=6, watch=lambda *n: counts.append(n)) == 3
    assert counts == [(1, 3), (2, 3), (3, 3)]
    table = pd.read_csv(file, keep_default_na=False).set_index("image")["caption"]
    assert table["1.png"] == "kept as it is"
    assert set(table.index) == {"0.png", "1.png", "2.png"}
    with Image.open(photos / "0.png") as picture:
        assert model.caption(picture.convert("RGB"), 6) == table["0.png"]
    file.write_text("image;caption\n", encoding="utf-8")
    with pytest.raises(CaptionFault, match="allowed are a new file"):
        caption_folder(photos, file, model, least=6)


def test_a_broken_captioner_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptionFault, match="can't be read"):
        load_captioner(str(tmp_path))
