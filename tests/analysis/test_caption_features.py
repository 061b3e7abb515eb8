"""Features of one U-Net pass are what the U-Net computes, and attention is a distribution."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from support.diffusion_models import write_stable_diffusion

from diptych_analysis.captions.encoding import (
    averaged_classes,
    concatenated_words,
    pooled,
    token_mask,
    word_places,
)
from diptych_analysis.captions.faults import CaptionFault
from diptych_analysis.captions.features import decoder_layers, extract
from diptych_analysis.captions.prompts import Condition, Material, condition, read_prompt
from diptych_analysis.captions.store import Store, encoded, texts_of
from diptych_analysis.captions.tiny_world import draw_labelled
from diptych_analysis.captions.wording import tiny_wording
from diptych_analysis.diffusion.folder import load_generator
from diptych_analysis.diffusion.generator import Generator
from diptych_analysis.worlds.model import TOKENS, write_new_model
from diptych_analysis.worlds.vocabulary import SHAPES

IMAGES = draw_labelled(6, seed=0, stream=0)
SENTENCES = IMAGES.captions["truth"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Generator:
    folder = tmp_path_factory.mktemp("tiny")
    write_new_model(folder, seed=0)
    return load_generator(folder)


@pytest.fixture(scope="module")
def stable(tmp_path_factory: pytest.TempPathFactory) -> Generator:
    folder = tmp_path_factory.mktemp("stable")
    write_stable_diffusion(folder)
    return load_generator(folder)


@pytest.fixture(scope="module")
def latents(tiny: Generator) -> torch.Tensor:
    with torch.no_grad():
        return encoded(tiny, IMAGES.images)


def test_attention_sums_to_one_over_tokens_and_channels_follow_them(
    tiny: Generator, latents: torch.Tensor
) -> None:
    names = list(SHAPES)
    texts = {
        TOKENS: tiny.encode_prompts(SENTENCES),
        len(SHAPES): averaged_classes(tiny, names, tiny_wording().templates).expand(6, -1, -1),
        3: concatenated_words(tiny, names[:3]).expand(6, -1, -1),
    }
    for tokens, text in texts.items():
        with torch.no_grad():
            found = extract(tiny.unet, latents, text)
        for attention in found.attention.values():
            assert attention.shape[1] == tokens
            assert torch.allclose(attention.sum(1), torch.ones(()), atol=1e-5)
        for side, part in found.joined().items():
            extra = tokens if side in found.attention else 0
            assert part.shape == (6, found.maps[side].shape[1] + extra, side, side)


def test_features_are_what_a_bare_pass_computes(tiny: Generator, latents: torch.Tensor) -> None:
    text, before = tiny.encode_prompts(SENTENCES), dict(tiny.unet.attn_processors)
    seen: list[torch.Tensor] = []
    with torch.no_grad():
        found = extract(tiny.unet, latents, text)
        hook = decoder_layers(tiny.unet)[-1].register_forward_hook(
            lambda _, __, output: seen.append(output[0])
        )
        tiny.unet(latents, 1, encoder_hidden_states=text)
    hook.remove()
    assert torch.allclose(found.maps[max(found.maps)], seen[0], atol=1e-4)
    assert {name: type(one) for name, one in tiny.unet.attn_processors.items()} == {
        name: type(one) for name, one in before.items()
    }


def test_padding_does_not_matter_if_it_is_masked(tiny: Generator, latents: torch.Tensor) -> None:
    text, mask = tiny.encode_prompts(SENTENCES), token_mask(tiny, SENTENCES)
    other = torch.where(mask[..., None], text, torch.randn(text.shape, generator=_rng()))
    # The tiny model also pools the whole text, padding included, as in its training: a constant.
    hook = tiny.unet.add_embedding.register_forward_hook(lambda _, __, pooled: pooled * 0)
    with torch.no_grad():
        first, second = (extract(tiny.unet, latents, one, mask) for one in (text, other))
        unmasked = extract(tiny.unet, latents, other)
    hook.remove()
    for side, part in first.joined().items():
        assert torch.allclose(part, second.joined()[side], atol=1e-5)
    side = max(first.attention)
    assert (
        float(first.attention[side].transpose(1, 3).transpose(1, 2)[~_wide(mask, side)].max()) == 0
    )
    assert not torch.allclose(unmasked.maps[side], first.maps[side], atol=1e-3)


def _wide(mask: torch.Tensor, side: int) -> torch.Tensor:
    return mask[:, None, None, :].expand(-1, side, side, -1)


def _rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_the_order_of_averaged_classes_only_orders_attention(
    tiny: Generator, latents: torch.Tensor
) -> None:
    names, templates = list(SHAPES), tiny_wording().templates
    order = torch.from_numpy(np.random.default_rng(0).permutation(len(names)))
    text = averaged_classes(tiny, names, templates)
    with torch.no_grad():
        first = extract(tiny.unet, latents, text.expand(6, -1, -1))
        second = extract(tiny.unet, latents, text[order].expand(6, -1, -1))
    for side, attention in first.attention.items():
        assert torch.allclose(attention[:, order], second.attention[side], atol=1e-5)
    for side, part in first.maps.items():
        assert torch.allclose(part, second.maps[side], atol=1e-4)


def test_an_averaged_class_is_the_mean_over_templates_at_the_end_token(tiny: Generator) -> None:
    templates = ("a {}", "striped {} on sea")
    found = averaged_classes(tiny, ["ring"], templates)
    rows = []
    for text in ("a ring", "striped ring on sea"):
        ids = tiny.tokenizer(text).input_ids
        with torch.no_grad():
            rows.append(tiny.text_encoder(torch.tensor([ids]))[0][0, -1])
    assert torch.allclose(found[0], (rows[0] + rows[1]) / 2, atol=1e-5)
    assert torch.equal(pooled(tiny, ["a ring"])[0], pooled(tiny, ["sea", "a ring"])[1])


def test_conditions_are_what_their_names_say(tiny: Generator, tmp_path: Path) -> None:
    material = Material(IMAGES, tiny_wording(), lambda _: SENTENCES)
    rng = np.random.default_rng(0)

    def made(name: str) -> Condition:
        return condition(read_prompt(name), material, tiny, rng)

    for name in ("empty", "names", "averaged", "embeddings", "vector"):
        rows = texts_of(tiny, made(name))(torch.arange(6))
        assert all(torch.equal(row, rows[0]) for row in rows), name
    assert (made("vector").known == IMAGES.present).all()
    captioned = made("caption-vector").known
    assert captioned is not None and (captioned[:, 1:] == IMAGES.present[:, 1:]).all()
    other = made("other").texts or ()
    assert sorted(other) == sorted(SENTENCES)
    assert all(mine != own for mine, own in zip(other, SENTENCES, strict=True))
    assert made("caption+on night").texts == tuple(f"{text} on night" for text in SENTENCES)
    assert not made("pixels").passes
    # What was computed is read again; a damaged file is computed again.
    first = Store(tiny, tmp_path).features(IMAGES, made("caption"))
    (file,) = tmp_path.glob("features-*.npz")
    again = Store(tiny, tmp_path).features(IMAGES, made("caption"))
    assert all(torch.equal(part, again[side]) for side, part in first.items())
    file.write_bytes(b"damaged")
    anew = Store(tiny, tmp_path).features(IMAGES, made("caption"))
    for side, part in first.items():
        assert torch.allclose(part.float(), anew[side].float(), atol=0.02)


def test_words_are_found_in_prompts(tiny: Generator) -> None:
    assert word_places(tiny, "a striped circle and a plain ring on grass", "ring") == [7]
    with pytest.raises(CaptionFault, match="does not hold the word 'moon'"):
        word_places(tiny, "ring and bow", "moon")


def test_latents_have_a_standard_deviation_near_one(tiny: Generator) -> None:
    images = draw_labelled(200, seed=1, stream=0).images
    with torch.no_grad():
        scaled, plain = (encoded(tiny, images, scaled=on) for on in (True, False))
    assert 0.8 < float(scaled.std()) < 1.25
    assert torch.allclose(scaled, plain * 1.6)


@pytest.mark.slow
def test_the_layout_of_stable_diffusion_gives_the_published_maps(stable: Generator) -> None:
    """Sides 1/8, 1/4, 1/2 and 1 of the latents; channels of output blocks 1, 4, 7 and 11."""
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    with torch.no_grad():
        latents = encoded(stable, pixels, sampled=False)
        assert latents.shape == (2, 4, 16, 16)
        drawn = [encoded(stable, pixels, seed=seed) for seed in (0, 0, 1)]
        assert torch.equal(drawn[0], drawn[1])
        assert not torch.equal(drawn[0], drawn[2])
        text = stable.encode_prompts(["a ring", "a moon"])
        found = extract(stable.unet, latents, text, largest=8)
    assert {side: part.shape[1] for side, part in found.maps.items()} == {
        2: 32,
        4: 24,
        8: 16,
        16: 8,
    }
    # Attention is in the three larger blocks, and on maps of 8 or less here.
    assert sorted(found.attention) == [4, 8]
    with pytest.raises(CaptionFault, match="latents of 8 x 16: allowed are square"):
        extract(stable.unet, latents[:, :, :8], text)
