"""What features of captions cost: 1,000 images beside bare passes of the same U-Net, in turns.

    make bench-captions BENCH_ARGS="--model FOLDER"

Each figure is CPU time of one core. Without `--model`, an untrained model of the tiny world is
used: weights do not change the time.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import torch

from diptych_analysis.captions.features import extract
from diptych_analysis.captions.store import BATCH, encoded
from diptych_analysis.captions.tiny_world import draw_labelled
from diptych_analysis.diffusion.folder import load_generator
from diptych_analysis.worlds.model import write_new_model

#: Features cost at most so many bare passes; memory in GB.
BOUNDS = {"ratio": 1.15, "memory": 4.0}


def main() -> None:
    """Measure, print, and fail beyond the bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as kept:
        folder = asked.model or Path(kept) / "tiny"
        if asked.model is None:
            write_new_model(folder, seed=0)
        generator = load_generator(folder)
    images = draw_labelled(asked.images, seed=0, stream=0)
    ratios = []
    with torch.no_grad():
        latents = encoded(generator, images.images)
        text = generator.encode_prompts(images.captions["truth"])
        for turn in range(asked.rounds + 1):
            seconds = {"bare": 0.0, "features": 0.0}
            for first in range(0, asked.images, BATCH):
                part = slice(first, first + BATCH)
                for kind in ("bare", "features"):
                    begun = time.process_time()
                    if kind == "bare":
                        generator.unet(latents[part], 1, encoder_hidden_states=text[part])
                    else:
                        extract(generator.unet, latents[part], text[part]).joined()
                    seconds[kind] += time.process_time() - begun
            if turn:  # the first round warms up
                ratios.append(seconds["features"] / seconds["bare"])
                print(f"round {turn}: {seconds['bare']:.2f} s bare, {seconds['features']:.2f} s")
    ratio = sorted(ratios)[len(ratios) // 2]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"features of {asked.images:,} images: {ratio:.3f} times bare passes; {memory:.2f} GB")
    if ratio > BOUNDS["ratio"] or memory > BOUNDS["memory"]:
        raise SystemExit(f"beyond the bounds: {BOUNDS}")


if __name__ == "__main__":
    main()
