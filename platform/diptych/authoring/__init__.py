"""Studies: a folder is read and checked (`folder`), and frozen in the database (`versions`)."""

from diptych.authoring.folder import load_study
from diptych.authoring.generator import build_study
from diptych.study.content import FrozenItem, FrozenStimulus, StudyContent
from diptych.study.faults import Fault, StudyFault
from diptych.study.spec import StudySpec

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
