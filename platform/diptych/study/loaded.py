"""A study folder that was read and has no faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from diptych.images import ServableImage
from diptych.study.content import StudyContent


@dataclass
class LoadedStudy:
    """A study folder that has no faults, with the pictures it needs.

    Attributes
    ----------
    content : StudyContent
        The study.
    images : Mapping[str, ServableImage]
        Image by content hash: stimuli and pictures of the texts. Each holds the bytes
        that the hash is of, whatever happens to the file.
    files : Mapping[str, bytes]
        Other files by content hash: those that policies read.
    remarks : tuple[str, ...]
        What is no fault, but should be known, a sentence each.
    """

    content: StudyContent
    images: Mapping[str, ServableImage] = field(repr=False)
    remarks: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
