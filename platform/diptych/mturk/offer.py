"""What a HIT of a study offers: read from the study, before anything is asked of MTurk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from diptych.ground.money import in_words, to_minor
from diptych.host import Host
from diptych.mturk.fees import MANY, Cost, cost
from diptych.recruiters import PART, study_link
from diptych.recruiters.mturk import MTurkParameters
from diptych.study.content import StudyContent
from diptych.study.spec import StudySpec
from diptych.study.versions import current_version, frozen

_SCHEMA = (
    "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2006-07-14/"
    "ExternalQuestion.xsd"
)
# MTurk's own qualifications.
_LOCALE = "00000000000000000071"
_PERCENT_APPROVED = "000000000000000000L0"
_NUMBER_APPROVED = "00000000000000000040"
_HOUR = 3600
#: HITs of one request: each is a call of its own.
MOST_HITS = 50


class HitFault(ValueError):
    """A HIT can't be offered like this; the message says what to mend. Nothing was done."""


@dataclass(frozen=True)
class Offer:
    """What workers are offered; the names are MTurk's, times are in seconds.

    Attributes
    ----------
    study_id : int
        The study.
    study : str
        Its name.
    part : int
        Part of the study.
    sandbox : bool
        Whether money is play.
    url : str
        What MTurk shows in its frame.
    title : str
        Of the HIT.
    description : str
        Below the title.
    keywords : str
        Comma separated.
    reward : int
        US cents.
    duration : int
        From accepting to submitting.
    lifetime : int
        How long it can be accepted.
    auto_approval : int
        Until MTurk approves by itself.
    requirements : tuple[dict[str, Any], ...]
        MTurk's QualificationRequirements, without that against repetition.
    exclude_studies : tuple[str, ...]
        Other studies whose participants are kept out.
    once : bool
        Whether everybody takes part once.
    places : int
        Participants that the study has places for.
    """

    study_id: int
    study: str
    part: int
    sandbox: bool
    url: str
    title: str
    description: str
    keywords: str
    reward: int
    duration: int
    lifetime: int
    auto_approval: int
    requirements: tuple[dict[str, Any], ...]
    exclude_studies: tuple[str, ...]
    once: bool
    places: int

    @property
    def question(self) -> str:
        """The ExternalQuestion."""
        return (
            f'<ExternalQuestion xmlns="{_SCHEMA}"><ExternalURL>{escape(self.url)}</ExternalURL>'
            "<FrameHeight>0</FrameHeight></ExternalQuestion>"
        )


@dataclass(frozen=True)
class HitPlan:
    """What creating HITs would offer and cost, for whoever decides."""

    offer: Offer
    cost: Cost
    warnings: tuple[str, ...]


def preview_hit(
    host: Host, study: str, assignments: int, *, split: bool = False, part: int = 1
) -> HitPlan:
    """Show what `create_hit` would do. Asks MTurk nothing.

    Parameters
    ----------
    host : Host
        The host.
    study : str
        Name of an open study.
    assignments : int
        How many workers.
    split : bool, optional
        Several HITs of 9 at most, instead of one at the higher fee.
    part : int, optional
        Part of the study that the HITs offer.

    Raises
    ------
    HitFault
        When the study can't be offered on MTurk; the message says what to mend.
    UnknownStudy
        When no version of the study was ever opened.
    """
    if assignments < 1:
        raise HitFault("a HIT needs at least one assignment")
    made = offer(host, study, part)
    costs = cost(made.reward, assignments, split=split)
    if len(costs.hits) > MOST_HITS:
        raise HitFault(
            f"{len(costs.hits)} HITs are too many at once: {MOST_HITS} of 9, so "
            f"{MOST_HITS * (MANY - 1)} workers, are allowed, and then more"
        )
    return HitPlan(made, costs, tuple(_warnings(made, costs)))


def offer(host: Host, study: str, part: int = 1) -> Offer:
    """Return what a HIT of a part of a study offers as the study is now.

    Raises
    ------
    HitFault
        When the study can't be offered on MTurk; the message says what to mend.
    UnknownStudy
        When no version of the study was ever opened.
    """
    study_id, version_id, state = current_version(study)
    whole = frozen(version_id)
    if not 1 <= part <= whole.spec.parts:
        raise HitFault(f"the study has no part {part}, only {whole.spec.parts}")
    content = whole.of_part(part)
    spec, settings = content.spec, host.settings
    _check(spec, state)
    url = study_link(settings, study) + (f"?{PART}={part}" if part > 1 else "")
    if not url.startswith("https://") and not settings.mturk_endpoint:
        raise HitFault(
            f"MTurk shows only pages over HTTPS, but the study is at {url}: set DIPTYCH_BASE_URL"
        )
    wanted = MTurkParameters.model_validate(spec.recruitment.of("mturk"))
    minutes = wanted.minutes_allowed or max(60.0, 4 * spec.minutes)
    return Offer(
        study_id=study_id,
        study=study,
        part=part,
        sandbox=settings.mturk_sandbox,
        url=url,
        title=_shortened(spec.title + (f" (part {part})" if part > 1 else ""), 128),
        description=_description(content),
        keywords=_shortened(",".join(wanted.keywords), 1000),
        reward=to_minor(spec.payment.reward, "USD"),
        duration=max(30, round(minutes * 60)),
        lifetime=max(30, round(wanted.open_hours * _HOUR)),
        auto_approval=round(wanted.auto_approve_hours * _HOUR),
        requirements=tuple(_requirements(wanted)),
        exclude_studies=spec.recruitment.exclude_studies,
        once=spec.recruitment.once,
        places=spec.recruitment.participants,
    )


def _check(spec: StudySpec, state: str) -> None:
    if state != "open":
        raise HitFault(
            f"the study is {state}: open it first, or workers would accept a HIT that they "
            "cannot take"
        )
    if "mturk" not in spec.recruitment.recruiters:
        raise HitFault("the study does not recruit on MTurk: add mturk to recruitment.recruiters")
    if spec.payment.currency != "USD":
        raise HitFault(f"MTurk pays in USD, but payment.currency is {spec.payment.currency}")
    if spec.payment.reward <= 0:
        raise HitFault("payment.reward is 0: set the amount that a worker is paid")


def _description(content: StudyContent) -> str:
    spec = content.spec
    text = spec.description or spec.title
    unit = "minute" if spec.minutes == 1 else "minutes"
    return _shortened(f"{text} Takes about {spec.minutes:g} {unit}.", 2000)


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _requirements(wanted: MTurkParameters) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for type_id, least in (
        (_PERCENT_APPROVED, wanted.min_approved_percent),
        (_NUMBER_APPROVED, wanted.min_approved_hits),
    ):
        if least is not None:
            found.append(
                {
                    "QualificationTypeId": type_id,
                    "Comparator": "GreaterThanOrEqualTo",
                    "IntegerValues": [least],
                    "ActionsGuarded": "DiscoverPreviewAndAccept",
                }
            )
    if wanted.countries:
        found.append(
            {
                "QualificationTypeId": _LOCALE,
                "Comparator": "In",
                "LocaleValues": [{"Country": country} for country in wanted.countries],
                "ActionsGuarded": "DiscoverPreviewAndAccept",
            }
        )
    return found


def _warnings(made: Offer, costs: Cost) -> list[str]:
    found = []
    if max(costs.hits) >= MANY:
        less = cost(made.reward, costs.assignments, split=True)
        saved = in_words(costs.total - less.total, "USD")
        found.append(
            f"{MANY} or more assignments in one HIT cost Amazon's higher fee: {len(less.hits)} "
            f"HITs of {max(less.hits)} at most would cost {saved} less"
        )
    if costs.assignments > made.places:
        found.append(
            f"the study has places for {made.places} participants only "
            "(recruitment.participants): the host would reject further workers"
        )
    if made.part > 1:
        found.append(
            "only workers who were invited can see it: diptych parts invite "
            f"{made.study} --part {made.part} --recruiter mturk"
        )
    elif not made.once:
        found.append("recruitment.once is false: a worker can take each of the HITs")
    return found
