"""The columns of `stimuli` and `items`."""

from __future__ import annotations

from typing import Final

from diptych_analysis.tables.columns.column import Column
from diptych_analysis.tables.columns.shared import STIMULUS_ID, STUDY

STIMULI: Final = (
    *STUDY,
    Column("stimulus_id", "string", STIMULUS_ID.description, required=True),
    Column("file", "string", "File name in the study folder or data set."),
    Column("label", "string", "True class of the image."),
    Column("width", "integer", "Width of the image.", "px", minimum=1),
    Column("height", "integer", "Height of the image.", "px", minimum=1),
)

#: Each task has its own roles: an export names them as the levels of this column.
ROLE: Final = Column(
    "role",
    "string",
    "What the image is in the item; `stimulus` where a trial shows one image.",
    required=True,
)

ITEMS: Final = (
    *STUDY,
    Column("item_id", "string", "Id of the item.", required=True),
    Column(
        "kind",
        "string",
        "Phase of the item; practice_hard is a less obvious practice item.",
        levels=("practice", "practice_hard", "training", "test", "catch"),
    ),
    Column("unit", "string", "Unit (channel, neuron) that the item asks about."),
    ROLE,
    Column("place", "integer", "Position among the images with this role, from 0.", minimum=0),
    Column("stimulus_id", "string", STIMULUS_ID.description, required=True),
)
