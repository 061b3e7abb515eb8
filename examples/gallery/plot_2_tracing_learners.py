"""
Tracing learners
================

Read learners in the format of Mac Aodha et al. (2018), fit tracing models on some of them, and
predict the others. The learners here are simulated: they remember a class after a few pictures.
The importer is the one for the published data.
"""

# %%
# Write simulated learners in the format of the published data: three JSON files.
import json
import tempfile
from pathlib import Path

import numpy as np

import diptych_analysis as da
from diptych.importers.explain_teach import ExplainTeach

rng = np.random.default_rng(1)
folder = Path(tempfile.mkdtemp()) / "simulated_butterflies"
folder.mkdir()
names = ["Cabbage", "Monarch", "Queen"]
labels = np.arange(60) % 3


def simulated_learner() -> dict[str, object]:
    """Answer 30 training and 15 test trials; what is known grows with each picture of a class."""
    image, seen, answers = rng.integers(60, size=45), np.zeros(3), []
    for trial, label in enumerate(labels[image]):
        known = rng.random() < 1 - 0.85 ** seen[label]
        answers.append(int(label if known else rng.integers(3)))
        seen[label] += trial < 30
    seconds = np.cumsum(rng.integers(2, 6, 45))
    return {
        "image_id": image.tolist(), "gt_label": labels[image].tolist(), "response": answers,
        "is_train": [1] * 30 + [0] * 15, "strategy": "random", "score": 50.0,
        "time": [f"10:{s // 60:02d}:{s % 60:02d}" for s in seconds],
        "completion_time": "2020-01-01 10:09:00", "mturk_code": "none",
    }  # fmt: skip


pictures = [{"class_label": int(label), "image_url": None} for label in labels]
(folder / "settings.json").write_text(json.dumps({"class_names": names}))
(folder / "teaching_images.json").write_text(json.dumps(pictures))
(folder / "results.json").write_text(json.dumps([simulated_learner() for _ in range(60)]))

# %%
# ``diptych import explain-teach FOLDER --to OUT`` does this on the command line.
tables = ExplainTeach().read(folder)
sequences = da.sequences(tables)
sequences

# %%
# No learner is in two parts of a split.
train, validation, test = da.learner_splits(sequences, 1, 0)[0].of(sequences)
models = {
    "bkt": da.make_model("bkt").fit(train),
    "static": da.make_model("static").fit(train),
    "prototype": da.make_model("prototype", encoder="embedding", epochs=15).fit(train, validation),
}
da.score(models["bkt"], test)

# %%
da.score(models["static"], test)

# %%
# Responses of learners that no model has seen (above), and what the models expect (below).
da.plot.people_and_models(test, models)
