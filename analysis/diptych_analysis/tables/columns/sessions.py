"""The columns of `sessions`."""

from __future__ import annotations

from typing import Final

from diptych_analysis.tables.columns.column import Column
from diptych_analysis.tables.columns.shared import (
    DECISIONS,
    EXCLUSIONS,
    PART,
    PARTICIPANT,
    SESSION_ID,
    STATUSES,
    STUDY,
)

SESSIONS: Final = (
    SESSION_ID,
    *PARTICIPANT,
    *STUDY,
    *PART,
    Column("recruiter", "string", "Where the participant came from."),
    Column("status", "string", "How far the session got.", levels=STATUSES, required=True),
    Column("seed", "integer", "Seed of the session's plan."),
    Column("entered_at", "datetime", "When the participant first entered.", "UTC"),
    Column("consented_at", "datetime", "When the participant gave consent.", "UTC"),
    Column("started_at", "datetime", "When the page showed the first trial.", "UTC"),
    Column("ended_at", "datetime", "When the session ended.", "UTC"),
    Column("n_trials", "integer", "Number of planned trials.", "trials", minimum=0),
    Column("n_responses", "integer", "Number of answered trials.", "trials", minimum=0),
    Column(
        "practice_attempts",
        "integer",
        "Number of practice blocks that the participant started.",
        "blocks",
        minimum=0,
    ),
    Column("instructions_ms", "number", "Time on the instructions.", "ms", minimum=0),
    Column(
        "comprehension_attempts",
        "integer",
        "Number of tries for the comprehension questions.",
        "tries",
        minimum=0,
    ),
    Column(
        "excluded",
        "boolean",
        "Whether the session is excluded: by a quality rule in `auto`, unless a researcher "
        "included it again, or by a researcher's decision.",
    ),
    Column(
        "exclusion_reasons",
        "list",
        "The quality rules that exclude the session; `decision` if a researcher excluded it.",
    ),
    Column("flags", "list", "All quality rules that flag the session."),
    Column(
        "exclusion_decision",
        "string",
        "Last decision of a researcher on exclusion.",
        levels=EXCLUSIONS,
    ),
    Column(
        "decision",
        "string",
        "Last decision for the platform.",
        levels=DECISIONS,
    ),
    Column("decided_at", "datetime", "When a researcher made that decision.", "UTC"),
    Column("feedback_text", "string", "What the participant wrote at the end."),
    Column("window_width", "integer", "Width of the browser window at entry.", "CSS px", minimum=0),
    Column(
        "window_height", "integer", "Height of the browser window at entry.", "CSS px", minimum=0
    ),
    Column("pixel_ratio", "number", "Device pixels per CSS pixel.", minimum=0),
    Column("touch", "boolean", "Whether the device has a touch screen."),
    Column("language", "string", "Preferred language of the browser."),
    Column(
        "browser",
        "string",
        "Browser, from its user agent, such as Firefox or Chrome Mobile. Only for people.",
    ),
    Column("browser_version", "string", "Version of the browser, from its user agent."),
    Column(
        "os",
        "string",
        "Operating system, from the user agent, such as Windows 10. Browsers do not report "
        "newer versions: Windows 11 appears as Windows 10, and macOS 11 or later as Mac OS X "
        "10.15.",
    ),
    Column(
        "refresh_hz",
        "number",
        "Frames per second that the page drew during the instructions: the refresh rate of "
        "the screen, unless the browser was slower.",
        "Hz",
        minimum=0,
    ),
    Column(
        "clock_step_ms",
        "number",
        "Smallest step of the browser's clock, measured during the instructions. The times "
        "of trials are not finer than this.",
        "ms",
        minimum=0,
    ),
    Column(
        "px_per_degree",
        "number",
        "Pixels per degree of visual angle in the middle of the screen, if the study has images of "
        "a size in degrees: from the size of a card and the viewing distance.",
        "CSS px",
        minimum=0,
    ),
    Column(
        "viewing_distance_cm",
        "number",
        "Viewing distance that the page measured with the blind spot, or that the study or the "
        "participant stated.",
        "cm",
        minimum=0,
    ),
)
