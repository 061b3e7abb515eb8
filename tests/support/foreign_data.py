"""Small data sets of the kinds that the importers read, made by hand."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image


def explain_teach(folder: Path, change: Callable[[list[Any]], object] = lambda x: None) -> Path:
    """Three hand-made learners, changed."""
    folder.mkdir()
    learners = [
        {
            "image_id": [0, 1, 2, 3],
            "gt_label": [0, 1, 0, 1],
            "response": [0, 1, 1, 1],
            "is_train": [1, 1, 0, 0],
            "time": ["23:59:50", "23:59:58", "00:00:03", "00:00:09"],
            "strategy": "random",
            "completion_time": "2017-11-14 00:00:09",
            "mturk_code": "secret-code",
            "score": 50.0,
        }
        for _ in range(3)
    ]
    change(learners)
    images = [{"class_label": i % 2, "image_url": f"x/{i}.png"} for i in range(4)]
    (folder / "results.json").write_text(json.dumps(learners))
    (folder / "settings.json").write_text(json.dumps({"class_names": ["ant", "bee"]}))
    (folder / "teaching_images.json").write_text(json.dumps(images))
    return folder


def vkt(folder: Path, change: Callable[[dict[str, Any]], object] = lambda learners: None) -> Path:
    """Two hand-made learners of 45 trials each, changed; image 0 is there, the others are not."""
    (folder / "images").mkdir(parents=True)
    (folder / "mongodb_data").mkdir()
    Image.new("RGB", (12, 10), "red").save(folder / "images" / "a0.png")
    about = {
        "image_urls": [f"https://somewhere.example/bucket/a{i}.png" for i in range(6)],
        "labels": [0, 1, 2, 0, 1, 2],
        "class_names": ["Agara", "Bari", "Cooka"],
    }
    (folder / "greebles.json").write_text(json.dumps(about))
    learners = {
        name: {
            "username": name,
            "hit_list": [
                {"HIT_image_ids": t % 6, "response": json.dumps([(t + k) % 3, (t + k + 1) % 3])}
                for t in range(45)
            ],
            "num_correct_test": 15,
            "hits_completed": 45,
            "timestamp": "2022-03-01 10:00:00.000000",
            "session_finish_time": "2022-03-01 10:09:00.500000",
        }
        for k, name in enumerate(["5f0prolific1", "5f0prolific2"])
    }
    change(learners)
    (folder / "mongodb_data" / "db_dict.json").write_text(json.dumps(learners))
    return folder


def imi(folder: Path, changes: dict[tuple[int, str], str] | None = None) -> Path:
    """Two workers' trials, two of them practice and one a catch trial; cells can be changed."""
    folder.mkdir()
    rows = []
    for worker in ("AWORKER1", "AWORKER2"):
        for place in range(6):
            choice = "b" if place % 3 else "a"
            rows.append(
                {
                    "participant_id": worker,
                    "task_id": f"task-{worker[-1]}",
                    "trial_index": str(place % 4),
                    "is_demo": str(place < 2),
                    "catch_trial": str(place == 5),
                    "model": "resnet50",
                    "layer": "layer4",
                    "channel": "7",
                    "batch": str(place),
                    "mode": "catch_trial" if place == 5 else "natural",
                    "choice": choice,
                    "correct": str(choice == "b"),
                    "confidence": str(place % 3 + 1),
                    "rt": str(1500.5 + place),
                    "switched_queries": str(place % 2 == 0),
                    "country": "XX",
                    "unit": "theirs",
                    "worker_id": worker,
                }
            )
    for (row, name), value in (changes or {}).items():
        rows[row - 1][name] = value
    with (folder / "responses_main.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder
