"""The columns of `trials`, and those that tasks add to it."""

from __future__ import annotations

from typing import Final

from diptych_analysis.tables.columns.column import Column
from diptych_analysis.tables.columns.shared import (
    PART,
    PARTICIPANT,
    PHASES,
    SESSION_ID,
    STIMULUS_ID,
    STUDY,
)

#: What the times of the page mean.
_CLOCK = "On the browser's clock, which starts when the page loads."

TRIALS: Final = (
    SESSION_ID,
    *PARTICIPANT,
    *STUDY,
    *PART,
    Column(
        "trial_index",
        "integer",
        "Position of the trial in its session, from 0.",
        required=True,
        minimum=0,
    ),
    Column(
        "phase",
        "string",
        "Part of the session that the trial belongs to.",
        levels=PHASES,
        required=True,
    ),
    Column("task", "string", "Kind of trial.", required=True),
    Column("item_id", "string", "Item or stimulus that the trial shows."),
    STIMULUS_ID,
    Column(
        "label",
        "string",
        "The right answer: the true class; in two_afc, the position of the positive query.",
    ),
    Column("response", "string", "Answer of the participant; empty if unanswered."),
    Column("response_ranking", "list", "The participant's ranking of classes, most likely first."),
    Column(
        "confidence",
        "number",
        "People: confidence in the answer, 1 to 3. Machines: the probability, 0 to 1, of the "
        "right answer; its mean over test trials is the machine's MIS on these items.",
        minimum=0,
    ),
    Column("correct", "boolean", "Whether the response equals the label; empty if unanswered."),
    Column(
        "rt_ms",
        "number",
        "Time from the first paint of the stimulus to the answer; 0 for machines.",
        "ms",
        minimum=0,
    ),
    Column("onset_uncertainty_ms", "number", "Largest error of the onset.", "ms", minimum=0),
    Column(
        "first_choice_ms",
        "number",
        "Time from the first paint of the stimulus to the first choice of a ranking; `rt_ms` "
        "includes the whole ranking.",
        "ms",
        minimum=0,
    ),
    Column(
        "shown_width",
        "number",
        "Width of the image on the page; in two_afc, of a query.",
        "CSS px",
        minimum=0,
    ),
    Column("shown_height", "number", "Height of the same image on the page.", "CSS px", minimum=0),
    Column(
        "missed",
        "boolean",
        "Whether the deadline of the trial passed without an answer. The trial then has no "
        "`response`, `correct` or `rt_ms`.",
    ),
    Column("fixation_onset_ms", "number", "First paint of the fixation cross. " + _CLOCK, "ms"),
    Column("display_onset_ms", "number", "First paint of the stimulus. " + _CLOCK, "ms"),
    Column(
        "display_offset_ms",
        "number",
        "First paint without the stimulus; empty if it is visible until the answer. " + _CLOCK,
        "ms",
    ),
    Column(
        "display_frames",
        "integer",
        "Number of frames that the page counted while the stimulus was visible; empty if it is "
        "visible until the answer.",
        "frames",
        minimum=0,
    ),
    Column("mask_onset_ms", "number", "First paint of the mask. " + _CLOCK, "ms"),
    Column("mask_offset_ms", "number", "First paint without the mask. " + _CLOCK, "ms"),
    Column(
        "timing_fault",
        "boolean",
        "Whether fixation, stimulus or mask was visible for a frame too long or too short, or the "
        "page missed a frame meanwhile; empty if nothing was timed.",
    ),
    Column("presented_at", "datetime", "When the host sent the trial.", "UTC"),
    Column("responded_at", "datetime", "When the host stored the answer.", "UTC"),
)

#: Columns that a task adds to `trials`; the same declarations for the host and the importers.
CATEGORY_LEARNING_TRIALS: Final = (
    Column("choices", "list", "Classes in the order of their buttons."),
    Column(
        "explanation",
        "string",
        "What the feedback showed beside the true class; empty if nothing.",
        levels=("contrast", "gap", "grid", "mask"),
    ),
    Column(
        "explanation_images",
        "list",
        "`stimulus_id` of the images that it showed: of the true class, of the grid, or the mask.",
    ),
    Column(
        "explanation_other_images",
        "list",
        "`stimulus_id` of the images of the class that the participant chose, in a contrast or "
        "gap.",
    ),
)
TWO_AFC_TRIALS: Final = (
    Column("unit", "string", "Unit that the trial asks about."),
    Column("block", "integer", "Practice block of the trial, from 1.", minimum=0),
)
