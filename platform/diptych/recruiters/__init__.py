"""Recruiters: where participants come from, and what that platform wants back.

One file or folder per recruiter; found through the entry points `diptych.recruiters`.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from diptych.ground.keys import PURPOSES
from diptych.ground.plugins import Registry
from diptych.ground.settings import Settings
from diptych.recruiters.platform import Platform, PlatformFault

if TYPE_CHECKING:
    from diptych.host import Host

log = logging.getLogger("diptych")

#: Keys of an entry address: the part of the study it leads to, and the participant it is made for.
PART, PERSON = "part", "person"
#: Keys of an entry address that no recruiter may use for its own ids.
RESERVED = (*PURPOSES, PART, PERSON)

#: What a page does with a session that somebody left on this computer: go on with it; go on, and
#: offer to begin anew; ask who is there.
NextPerson = Literal["no", "ask", "kiosk"]


class RecruiterParameters(BaseModel):
    """Parameters of a recruiter in `[recruitment.<name>]` of study.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ArrivalFault(Exception):
    """The entry URL can't be used; the message is for the participant."""


class PlatformAway(ArrivalFault):
    """The platform can't say at the moment whether the ids are its own: worth another try."""


@dataclass(frozen=True)
class Arriving:
    """What an entry URL says.

    Attributes
    ----------
    external_id : str | None
        The platform's id of the person; None for somebody unknown.
    parameters : Mapping[str, str]
        The platform's other ids, needed to send the person back; kept with identities.
    preview : bool
        True when the platform only shows the page (MTurk before a HIT is accepted).
    vouched : bool
        True when the platform was asked, and says that these ids are this person's.
    """

    external_id: str | None
    parameters: Mapping[str, str] = field(default_factory=dict)
    preview: bool = False
    vouched: bool = False


@dataclass(frozen=True)
class Guide:
    """What the recruitment page says about a recruiter.

    Attributes
    ----------
    steps : str
        Markdown: what to do, step by step.
    templates : tuple[tuple[str, str], ...]
        (title, lines of study.toml to copy).
    """

    steps: str
    templates: tuple[tuple[str, str], ...] = ()


class Recruiter(ABC):
    """Turns an entry URL into ids, and a finished session into what the platform wants back."""

    name: ClassVar[str]
    #: Heading on the recruitment page; by default the name.
    title: ClassVar[str] = ""
    Parameters: ClassVar[type[RecruiterParameters]] = RecruiterParameters
    # Origins whose pages may hold the study in a frame.
    frame_origins: ClassVar[tuple[str, ...]] = ()
    # Whether participants come to a later part by a personal link, and not through a platform.
    comes_back_by_link: ClassVar[bool] = False
    # Parameters that must differ between the parts of a study, such as completion codes.
    own_in_each_part: ClassVar[tuple[str, ...]] = ()

    def __init__(self, parameters: RecruiterParameters, settings: Settings) -> None:
        self.parameters: Any = parameters
        self.settings = settings

    @classmethod
    def frames(cls, settings: Settings) -> tuple[str, ...]:
        """Return the origins whose pages may frame the study on a host with these settings."""
        return cls.frame_origins

    @staticmethod
    @abstractmethod
    def recognises(entry: Mapping[str, str], keys: Mapping[str, Any]) -> bool:
        """Say whether the query of an entry URL is of this platform.

        Parameters
        ----------
        entry : Mapping[str, str]
            The query.
        keys : Mapping[str, Any]
            `[recruitment.<name>]` of the study; empty where it has none.
        """

    @abstractmethod
    def arrive(self, entry: Mapping[str, str]) -> Arriving:
        """Read the query of an entry URL.

        Raises
        ------
        ArrivalFault
            When ids are missing, malformed, or unknown to the platform.
        PlatformAway
            When the platform did not answer.
        """

    def admit(self, study: str, secret: bytes, arriving: Arriving) -> Arriving:
        """Check what was read against the study, where links are signed for one.

        Parameters
        ----------
        study : str
            Name of the study.
        secret : bytes
            Of the host.
        arriving : Arriving
            What `arrive` has read.

        Raises
        ------
        ArrivalFault
            When the link is not for this study.
        """
        return arriving

    @abstractmethod
    def leave(self, outcome: str, parameters: Mapping[str, str]) -> dict[str, Any] | None:
        """Return how the participant goes back.

        Parameters
        ----------
        outcome : str
            completed, declined, screened_out, timed_out or returned.
        parameters : Mapping[str, str]
            Those of the arrival that the participant's token was given to.

        Returns
        -------
        dict[str, Any] | None
            `{"kind": "redirect", "url": …}`, `{"kind": "form", "action": …, "fields": {…}}`,
            `{"kind": "code", "code": …}`, or None when there is nowhere to go. A redirect may name
            the `place` it leads to, and the `code` that says the same where somebody types it.
        """

    def example(self) -> Mapping[str, str]:
        """Return parameters of an arrival, to show in a preview where participants are sent."""
        return {}

    def way_back(self) -> dict[str, Any] | None:
        """Return where a participant who can't take part hands their place back.

        Returns
        -------
        dict[str, Any] | None
            `{"place": name of the platform, "url": its page for that or None}`; None where nobody
            waits for it.
        """
        return None

    def next_person(self, *, known: bool) -> NextPerson:
        """Say whether the next person at a computer may begin another session over one link.

        Parameters
        ----------
        known : bool
            Whether the link has said who they are.
        """
        return "no"

    def platform(self) -> Platform | None:
        """Make what decides about submissions and pays; None where there is no such platform.

        Raises
        ------
        PlatformFault
            When the settings lack what the platform needs.
        """
        return None

    @staticmethod
    def order_ids(parameters: Mapping[str, str]) -> tuple[str, str] | None:
        """Return (place, submission) of the platform, from the parameters of an arrival."""
        return None

    @staticmethod
    def after_session(host: Host, session_id: int) -> None:
        """Do what the platform needs once a session, of whichever recruiter, has ended.

        Must be quick: other sessions wait to be settled. Most platforms need nothing.
        """
        return

    def invite(self, host: Host, study: str, part: int, group: str, people: Sequence[str]) -> str:
        """Let the platform offer a later part to some people.

        Parameters
        ----------
        host : Host
            The host.
        study : str
            Its name.
        part : int
            2 or more.
        group : str
            The platform's id of a group of participants; empty without one.
        people : Sequence[str]
            The platform's ids of the people. Inviting somebody again must change nothing.

        Returns
        -------
        str
            What was done, in one sentence.

        Raises
        ------
        PlatformFault
            When the platform does not invite, refuses, or does not answer.
        """
        raise PlatformFault(
            f"{self.name} does not invite participants: send them the links that "
            "`diptych parts due` lists"
        )

    def invitation(self, study: str, part: int = 1) -> str:
        """Return the address to hand out, or to paste into the platform."""
        link = study_link(self.settings, study)
        return link if part == 1 else f"{link}?{PART}={part}"

    @staticmethod
    def guide() -> Guide | None:
        """Return what the recruitment page says about this recruiter; None for only the link."""
        return None


REGISTRY: Registry[Recruiter] = Registry("diptych.recruiters")
_ID = re.compile(r"(?=.*[A-Za-z0-9])[A-Za-z0-9_-]{1,128}")


def study_link(settings: Settings, study: str) -> str:
    """Return the address of a study's page, at which participants enter."""
    return f"{settings.base_url}/s/{study}"


def identifier(entry: Mapping[str, str], key: str) -> str:
    """Read an id of an entry URL: ASCII letters, digits, - and _ only, 128 at most.

    Raises
    ------
    ArrivalFault
        When it is missing or holds anything else.
    """
    value = entry.get(key, "").strip()
    if not _ID.fullmatch(value):
        raise ArrivalFault(
            f"The link that you followed has no valid {key}. Please open the study again from "
            "the page that showed you the link."
        )
    return value


def printable_id(entry: Mapping[str, str], key: str) -> str:
    """Read an id of an entry URL: any printable characters, 128 at most, one of them a letter.

    Parameters
    ----------
    entry : Mapping[str, str]
        The query.
    key : str
        The parameter with the id.

    Returns
    -------
    str
        In Unicode's composed form (NFC), so that one id typed on two systems is the same.

    Raises
    ------
    ArrivalFault
        When it is missing, too long, or holds invisible characters.
    """
    value = unicodedata.normalize("NFC", entry.get(key, "").strip())
    whole = len(value) <= 128 and value.isprintable()
    if not (whole and any(char.isalnum() for char in value)):
        raise ArrivalFault(
            f"The link that you followed has no valid {key}. Please open the study again from "
            "the page that showed you the link."
        )
    return value


def session_ended(host: Host, session_id: int) -> None:
    """Let every recruiter do what its platform needs; what goes wrong is noted, never raised."""
    for name, recruiter in REGISTRY.all().items():
        try:
            recruiter.after_session(host, session_id)
        except Exception:
            log.exception("session %d ended, but %s could not be informed", session_id, name)


def for_entry(
    entry: Mapping[str, str],
    accepted: Sequence[str] = (),
    keys_of: Callable[[str], Mapping[str, Any]] = lambda name: {},
) -> str:
    """Name the recruiter that an entry URL is of; `direct` when no platform recognises it.

    Parameters
    ----------
    entry : Mapping[str, str]
        The query.
    accepted : Sequence[str], optional
        Recruiters of the study: two platforms can use one name for a parameter, so those that
        the study accepts are asked first.
    keys_of : Callable[[str], Mapping[str, Any]], optional
        Returns `[recruitment.<name>]` of the study.
    """
    names = sorted(REGISTRY.names(), key=lambda name: name not in accepted)
    for name in names:
        if name != "direct" and REGISTRY.get(name).recognises(entry, keys_of(name)):
            return name
    return "direct"
