"""A participant's way: enter, consent, be instructed, practise, answer, finish, go back."""

from diptych.journey.answering import answer
from diptych.journey.entry import Claim, Entered, Preview, enter
from diptych.journey.events import note_reload, record_events
from diptych.journey.faults import JourneyFault
from diptych.journey.state import describe_session, image_urls, session_of
from diptych.journey.steps import take_step

__all__ = [
    "Claim",
    "Entered",
    "JourneyFault",
    "Preview",
    "answer",
    "describe_session",
    "enter",
    "image_urls",
    "note_reload",
    "record_events",
    "session_of",
    "take_step",
]
