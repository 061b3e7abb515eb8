"""Studies: a folder is read and checked (`folder`), and frozen in the database (`versions`)."""

from diptych.studies.content import FrozenItem, FrozenStimulus, StudyContent
from diptych.studies.faults import Fault, StudyFault
from diptych.studies.folder import build_study, load_study
from diptych.studies.spec import StudySpec

__all__ = [
    "Fault",
    "FrozenItem",
    "FrozenStimulus",
    "StudyContent",
    "StudyFault",
    "StudySpec",
    "build_study",
    "load_study",
]
