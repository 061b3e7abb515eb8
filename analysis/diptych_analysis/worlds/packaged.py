"""The trained model of the tiny world that comes with Diptych."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path

from diptych_analysis.worlds.faults import WorldFault

#: Name of the packaged model where a generator is asked for.
TINY = "tiny"


def packaged_model() -> Path:
    """Return the folder of the packaged model, after a check of its files.

    Raises
    ------
    WorldFault
        If a file is missing or differs from the hash that was recorded with it.
    """
    folder = Path(str(files("diptych_analysis.worlds"))) / TINY
    if not folder.is_dir():
        raise WorldFault(
            "the trained model of the tiny world is not in this installation. Train it with "
            "`diptych worlds train --to FOLDER` and use --generator FOLDER, or use --generator "
            "scenes --no-preference, which needs no model"
        )
    try:
        recorded: dict[str, str] = json.loads((folder / "sha256.json").read_text("utf-8"))
        differ = [name for name, digest in recorded.items() if _sha256(folder / name) != digest]
    except (OSError, ValueError) as error:
        raise WorldFault(
            f"the packaged model {str(folder)!r} can't be read ({error}): install Diptych again"
        ) from error
    if differ:
        raise WorldFault(
            f"the packaged model {str(folder)!r} is damaged ({', '.join(differ)}): install "
            "Diptych again"
        )
    return folder


def record_hashes(folder: Path) -> None:
    """Write sha256.json of all other files of a model's folder."""
    names = sorted(
        file.relative_to(folder).as_posix()
        for file in folder.rglob("*")
        if file.is_file() and file.name != "sha256.json"
    )
    recorded = {name: _sha256(folder / name) for name in names}
    text = json.dumps(recorded, indent=1)
    (folder / "sha256.json").write_text(text + "\n", encoding="utf-8")


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
