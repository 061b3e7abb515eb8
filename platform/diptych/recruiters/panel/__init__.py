"""Panel: any other source of participants that passes an id in the study's link.

University pools on SONA, CloudResearch Connect, Respondent, a lab's own list. study.toml names the
parameters of the link and the addresses to return to; both are frozen with the study, so nothing
in a link decides where a participant is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, model_validator

from diptych.ground.keys import name_in_key
from diptych.recruiters import (
    RESERVED,
    ArrivalFault,
    Arriving,
    Guide,
    Recruiter,
    RecruiterParameters,
    printable_id,
)
from diptych.recruiters.panel.return_address import check, fill
from diptych.recruiters.platform import PlatformFault

if TYPE_CHECKING:
    from diptych.host import Host

#: The parameter of a personal link.
TOKEN = "token"  # noqa: S105
#: What the keys of personal links are for.
PURPOSE = "panel"
_OUTCOMES = ("completed", "screened_out", "declined", "timed_out")
#: A placeholder that the source has not filled in: `%SURVEY_CODE%`, `{{id}}`, `[id]`, `${id}`.
_UNFILLED = re.compile(r"%[A-Za-z_]+%|\$?\{+%?[^{}]*%?\}+|\[[^\[\]]*\]")

ParameterName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
Address = Annotated[str, Field(max_length=2000)]
Code = Annotated[str, Field(min_length=1, max_length=100)]


class PanelParameters(RecruiterParameters):
    """`[recruitment.panel]`: the parameters of the link, and the ways back."""

    place: str = Field(
        "",
        max_length=60,
        description="Name of the source, as participants read it. By default the host of the "
        "address to return to.",
    )
    id: ParameterName | None = Field(
        None,
        description="Parameter of the link that carries the participant's id, for example "
        "`sona_id`. Required without `personal_links`.",
    )
    keep: tuple[ParameterName, ...] = Field(
        (),
        max_length=10,
        description="Further parameters that the link must have, for example `assignmentId`. They "
        "are stored with the ids, for the addresses below.",
    )
    id_placeholder: str = Field(
        "",
        max_length=100,
        description="What the source replaces with the id, for example `%SURVEY_CODE%`. The "
        "recruitment page shows the link with it.",
    )
    personal_links: bool = Field(
        False,
        description="Only admits links that `diptych panel links` made, one per participant.",
    )
    completed: Address | None = Field(
        None,
        description="Address to return to after a completed session: https, with placeholders "
        "such as `{sona_id}` after the `?`.",
    )
    screened_out: Address | None = Field(
        None, description="The same after failed comprehension questions or practice."
    )
    declined: Address | None = Field(
        None, description="The same when the participant declined consent."
    )
    timed_out: Address | None = Field(
        None, description="The same after a session that came back too late."
    )
    completed_code: Code | None = Field(
        None, description="Code to copy after a completed session, with or without an address."
    )
    screened_out_code: Code | None = Field(
        None, description="The same after failed comprehension questions or practice."
    )
    declined_code: Code | None = Field(
        None, description="The same when the participant declined consent."
    )
    timed_out_code: Code | None = Field(
        None, description="The same after a session that came back too late."
    )

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters of the link whose values are kept."""
        return (*(() if self.id is None else (self.id,)), *self.keep)

    @model_validator(mode="after")
    def _link_can_be_read(self) -> PanelParameters:
        if self.personal_links == (self.id is not None):
            raise ValueError("set either `id`, the parameter with the id, or personal_links = true")
        taken = sorted({*RESERVED, TOKEN} & set(self.names))
        if taken:
            raise ValueError(f"{taken[0]} is a parameter of Diptych's own links: use another name")
        if len(set(self.names)) < len(self.names):
            raise ValueError("each parameter of the link must have a different name")
        return self

    @model_validator(mode="after")
    def _addresses_are_safe(self) -> PanelParameters:
        for outcome in _OUTCOMES:
            address = getattr(self, outcome)
            if address is not None:
                check(address, outcome, self.names)
        return self


class Panel(Recruiter):
    """Participants from any other source, such as SONA, CloudResearch Connect or a lab's list."""

    name = "panel"
    title = "Other sources: SONA, Connect, your own list"
    Parameters = PanelParameters
    parameters: PanelParameters

    @staticmethod
    def recognises(entry: Mapping[str, str], keys: Mapping[str, Any]) -> bool:
        """Recognise the link by the parameter that the study names."""
        return (TOKEN if keys.get("personal_links") else keys.get("id")) in entry

    def arrive(self, entry: Mapping[str, str]) -> Arriving:
        """Read the ids that study.toml names, or the token of a personal link."""
        kept = {name: _filled(entry, name) for name in self.parameters.names}
        if self.parameters.id is not None:
            return Arriving(kept[self.parameters.id], kept)
        return Arriving(_filled(entry, TOKEN), kept)

    def admit(self, study: str, secret: bytes, arriving: Arriving) -> Arriving:
        """Refuse a personal link that was not made for this study."""
        if self.parameters.id is not None:
            return arriving
        name = name_in_key(str(arriving.external_id), secret, PURPOSE, study)
        if name is None:
            raise ArrivalFault(
                "This personal link is not valid. Please use the whole link that you were sent."
            )
        return Arriving(name, arriving.parameters)

    def leave(self, outcome: str, parameters: Mapping[str, str]) -> dict[str, Any] | None:
        """Return the address or the code of an outcome; None where study.toml has neither."""
        if outcome not in _OUTCOMES:
            return None
        address = getattr(self.parameters, outcome)
        code = getattr(self.parameters, f"{outcome}_code")
        place = self.parameters.place or None
        url = None if address is None else fill(address, parameters)
        if url is not None:
            return {"kind": "redirect", "url": url, "place": place, "code": code}
        if code is not None:
            return {"kind": "code", "place": place, "code": code}
        return None

    def example(self) -> Mapping[str, str]:
        """Return the parameters of the link with their own names as values."""
        return {name: name.upper() for name in self.parameters.names}

    def way_back(self) -> dict[str, Any] | None:
        """Name the source where study.toml does."""
        return {"place": self.parameters.place, "url": None} if self.parameters.place else None

    def invite(self, host: Host, study: str, part: int, group: str, people: Sequence[str]) -> str:
        """Refuse: the researchers invite where the participants come from.

        Raises
        ------
        PlatformFault
            Always.
        """
        raise PlatformFault(
            "a panel does not invite participants: send the link of the part yourself; "
            "`diptych parts due --with-ids` lists who is due"
        )

    def invitation(self, study: str, part: int = 1) -> str:
        """Return the address with the placeholders of the source."""
        link = super().invitation(study, part)
        if self.parameters.id is None:
            shown = [f"{TOKEN}=TOKEN"]
        else:
            shown = [f"{self.parameters.id}={self.parameters.id_placeholder or 'ID'}"]
        query = "&".join([*shown, *(f"{name}=…" for name in self.parameters.keep)])
        return f"{link}{'&' if part > 1 else '?'}{query}"

    @staticmethod
    def guide() -> Guide:
        """Return the templates for SONA, Connect and a lab's own list."""
        folder = files("diptych.recruiters.panel") / "templates"

        def read(name: str) -> str:
            return (folder / name).read_text(encoding="utf-8").strip()

        return Guide(
            read("steps.md"),
            (
                ("SONA", read("sona.toml")),
                ("CloudResearch Connect", read("connect.toml")),
                ("A list of your own", read("list.toml")),
            ),
        )


def _filled(entry: Mapping[str, str], name: str) -> str:
    """Read an id; a placeholder in its place means that the link was tried without the source."""
    value = printable_id(entry, name)
    if _UNFILLED.fullmatch(value):
        raise ArrivalFault(
            f"The link that you followed has {value} in place of your {name}. Please open the "
            "study from the page that lists it."
        )
    return value
