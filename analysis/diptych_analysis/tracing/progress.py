"""How far fits in other processes have come: each writes into a file of its own, a thread reads."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

Epoch = tuple[int, float, float]
SECONDS = 0.5


def writing(file: Path) -> Callable[[int, float, float], None]:
    """Return a watch that leaves each epoch's number and losses in `file` for `listening`."""

    def watch(epoch: int, trained: float, held_out: float) -> None:
        file.write_text(json.dumps([epoch, trained, held_out]))

    return watch


@contextmanager
def listening(heard: Callable[[int, Epoch], None]) -> Iterator[Path]:
    """Watch a folder while the context lasts: what is written into its file "7" is `heard` as 7.

    Files rather than a queue: a queue between processes that did not fork from this one needs yet
    another process, and half a second late is early enough to look at.
    """
    over = threading.Event()
    with TemporaryDirectory(prefix="diptych-trace-") as name:
        folder = Path(name)
        reader = threading.Thread(target=_read, args=(folder, heard, over), daemon=True)
        reader.start()
        try:
            yield folder
        finally:
            over.set()
            reader.join()


def _read(folder: Path, heard: Callable[[int, Epoch], None], over: threading.Event) -> None:
    last: dict[str, str] = {}
    going = True
    while going:
        going = not over.wait(SECONDS)  # and once more after the last has been written
        for file in sorted(folder.iterdir()):
            text = file.read_text()
            # empty: caught between being opened and being written
            if text and text != last.get(file.name):
                last[file.name] = text
                epoch, trained, held_out = json.loads(text)
                heard(int(file.name), (epoch, trained, held_out))
