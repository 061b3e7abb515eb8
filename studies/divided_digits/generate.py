"""Choose the digits that divide 59 machines, their controls and easy digits.

The images are scikit-learn's (UCI *Optical Recognition of Handwritten Digits*, CC BY 4.0). The 59
models of `diptych_analysis.behaviour.digit_models` learn 700 of them and name the other 1,097. One
half of the models chooses the digits on which it agrees least (contrastive); a control has the
same class and the nearest accuracy. After Cheung et al., *Let's disagree to agree*.

    python -m diptych_analysis.behaviour.digit_models out/digits

writes the responses of the same models to the same images, for `diptych agree`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from diptych.authoring.from_contrastive import Wanted, write_contrastive_items
from diptych_analysis.behaviour.digit_models import write_digits
from diptych_analysis.behaviour.response_files import read_responses

K = 30  # contrastive images, and as many controls
CATCH, PRACTICE = 6, 30  # easy images; in the practice three of each digit


def build(folder: Path, seed: int, k: int = K) -> None:
    """Write stimuli/*.png, stimuli.csv and items.csv; called by `diptych study build`.

    The same seed gives the same bytes. Files have shuffled numbers: names tell nothing.
    """
    wanted = Wanted(k=k, catch=CATCH, practice=PRACTICE, seed=seed)
    with tempfile.TemporaryDirectory() as kept:
        digits = Path(kept)
        write_digits(digits, seed)
        responses = read_responses([digits / "responses.parquet"])
        folder.mkdir(parents=True, exist_ok=True)
        write_contrastive_items(folder, responses, digits / "images", wanted)
