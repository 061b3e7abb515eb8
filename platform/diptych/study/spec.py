"""study.toml as typed sections. Every key carries its meaning; the reference is made from here."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator

from diptych.study.part import Part
from diptych.study.payment import Payment, check_amounts
from diptych.study.questionnaire import MOST_QUESTIONS, Asked, check_ids
from diptych.study.section import Phase, Plugged, Section
from diptych.study.thresholds import Quality
from diptych.study.timing import TrialTiming


class Stimuli(Section):
    """`[stimuli]`: the images of the study."""

    manifest: str = Field("stimuli.csv", description="CSV: file, label, then any attributes.")
    generator: str | None = Field(
        None, description="Python file with `build(folder, seed)` that draws the stimuli."
    )
    seed: int = Field(0, ge=0, description="Seed given to the generator.")


class Items(Section):
    """`[items]`: the items of a task whose trials show several images."""

    manifest: str = Field(
        "items.csv",
        description="CSV: item_id, kind, the columns of the task (`;` between files), then any "
        "attributes.",
    )


class Condition(Section):
    """`[[conditions]]`: one arm of the study."""

    name: Annotated[
        str, Field(pattern=r"^[\w.-]{1,64}$", description="Name of the condition in the tables.")
    ]
    weight: float = Field(
        1,
        ge=0,
        description="Share of participants, relative to the other conditions. 0 closes the "
        "condition.",
    )
    task: dict[str, Any] = Field(
        default_factory=dict,
        description="Task parameters of this condition that differ from `[task]`.",
    )
    policy: Plugged | None = Field(
        None, description="Policy of this condition; by default `[policy]`."
    )
    timing: TrialTiming = Field(
        default_factory=lambda: TrialTiming.model_validate({}),
        description="Keys of `[timing]` that differ in this condition.",
    )


class Recruitment(Section):
    """`[recruitment]`: who takes part, and how often."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    participants: int = Field(
        100,
        ge=1,
        description="Number of participants. Entry closes when this many have completed the "
        "study or are taking it.",
    )
    replace_excluded: bool = Field(
        False,
        description="Whether an excluded session frees its place. Entry then stays open until "
        "the study has `participants` usable sessions.",
    )
    recruiters: tuple[str, ...] = Field(
        ("direct",), min_length=1, description="Services that participants may come from."
    )
    once: bool = Field(
        True, description="One session per person. A person who returns continues their session."
    )
    exclude_studies: tuple[str, ...] = Field(
        (), description="Studies whose participants cannot take this study."
    )
    resume_within_minutes: float = Field(
        120,
        gt=0,
        description="Longest break, in minutes. After a longer break, a session cannot continue.",
    )
    dropout_minutes: float = Field(
        30,
        gt=0,
        description="Minutes without activity after which a session frees its place in its "
        "condition.",
    )
    comprehension_attempts: int = Field(
        2,
        ge=1,
        description="Number of tries for the comprehension questions. After the last wrong try, "
        "the study ends for the participant.",
    )

    def of(self, recruiter: str) -> dict[str, Any]:
        """Return the keys of `[recruitment.<recruiter>]`."""
        return dict((self.model_extra or {}).get(recruiter, {}))


class Screen(Section):
    """`[screen]`: requirements for the participant's window."""

    min_width: int = Field(320, ge=0, description="Smallest width of the window, in CSS pixels.")
    min_height: int = Field(480, ge=0, description="Smallest height of the window, in CSS pixels.")
    touch: bool = Field(True, description="Whether touch screens are allowed.")
    fullscreen: bool = Field(False, description="Whether the page asks for full screen.")
    viewing_distance_cm: float = Field(
        0,
        ge=0,
        le=500,
        description="Viewing distance that the page asks for, in cm, if `image_size` is in "
        "degrees. 0: the page measures the distance with the blind spot of the eye.",
    )


class Question(Section):
    """`[[comprehension]]`: a question about the instructions."""

    question: str = Field(description="The question.")
    options: tuple[str, ...] = Field(
        min_length=2, description="Answers that the participant chooses from."
    )
    answer: int = Field(
        ge=0,
        description="Index of the right option, from 0. The server never sends it to the browser.",
    )

    @model_validator(mode="after")
    def _answer_is_an_option(self) -> Question:
        if self.answer >= len(self.options):
            raise ValueError(
                f"answer must be less than {len(self.options)}, the number of options; the first "
                "option is 0"
            )
        return self


#: So long marks of addresses are kept where a study does not say: time to judge once more.
ADDRESS_HASH_DAYS = 7.0


class Privacy(Section):
    """`[privacy]`: how long the host keeps data about people, in days after the end of a session.

    The host then deletes the data automatically. Without a limit, it keeps the data until a
    researcher deletes them. Marks of addresses always have one, counted from the day of arrival.
    """

    identities_days: float | None = Field(
        None,
        gt=0,
        le=36_500,
        description="Days after which the host deletes the platform's ids of person and "
        "submission. After that, you cannot pay people or find them by these ids.",
    )
    answers_days: float | None = Field(
        None,
        gt=0,
        le=36_500,
        description="Days after which the host deletes answers, times, events and ids of a "
        "session. It keeps only that the session existed, and its day. Export the "
        "data before.",
    )
    address_hash_days: float = Field(
        ADDRESS_HASH_DAYS,
        gt=0,
        le=90,
        description="Days after which the host deletes the marks of addresses of a day (UTC). Only "
        "studies with `max_same_address` in `[quality]` have such marks.",
    )


class StudySpec(Section):
    """study.toml, whole."""

    title: str = Field(min_length=1, max_length=200, description="Title that participants see.")
    description: str = Field("", description="One line for researchers.")
    contact: str = Field("", description="Contact that participants can write to.")
    language: str = Field("en", description="Language of the texts and of the page (BCP 47).")
    minutes: float = Field(10, gt=0, description="Expected duration in minutes.")
    task: Plugged = Field(description="The task and its parameters.")
    phases: dict[Phase, Annotated[int, Field(ge=0)]] = Field(
        description="Number of trials of each phase."
    )
    policy: Plugged = Field(
        default=Plugged(name="random"), description="What chooses the next stimulus."
    )
    timing: TrialTiming = Field(default_factory=lambda: TrialTiming.model_validate({}))
    stimuli: Stimuli = Field(default_factory=lambda: Stimuli.model_validate({}))
    items: Items | None = None
    conditions: tuple[Condition, ...] = Field(
        (Condition.model_validate({"name": "default"}),), min_length=1
    )
    recruitment: Recruitment = Field(default_factory=lambda: Recruitment.model_validate({}))
    payment: Payment = Field(default_factory=lambda: Payment.model_validate({}))
    screen: Screen = Field(default_factory=lambda: Screen.model_validate({}))
    comprehension: tuple[Question, ...] = ()
    questions_before: tuple[Asked, ...] = Field((), max_length=MOST_QUESTIONS)
    questions_after: tuple[Asked, ...] = Field((), max_length=MOST_QUESTIONS)
    quality: Quality = Field(default_factory=lambda: Quality.model_validate({}))
    privacy: Privacy = Field(default_factory=lambda: Privacy.model_validate({}))
    part: tuple[Part, ...] = Field((), max_length=100)

    @model_validator(mode="after")
    def _conditions_differ(self) -> StudySpec:
        names = [condition.name for condition in self.conditions]
        if len(set(names)) < len(names):
            raise ValueError("each condition must have a different name")
        if not any(condition.weight for condition in self.conditions):
            raise ValueError("at least one condition must have a weight above 0")
        return self

    @model_validator(mode="after")
    def _questions_differ(self) -> StudySpec:
        check_ids(self.questions_before, self.questions_after)
        return self

    @model_validator(mode="after")
    def _parts_can_be_taken(self) -> StudySpec:
        opens = [part.after_days for part in self.part]
        if any(later <= earlier for earlier, later in pairwise(opens)):
            raise ValueError("after_days must grow from each [[part]] to the next")
        last = max((part.closes_after_days for part in self.part), default=0.0)
        for key in ("identities_days", "answers_days"):
            days = getattr(self.privacy, key)
            if days is not None and days < last:
                raise ValueError(
                    f"privacy.{key} must be at least {last:g}: the last part can be started until "
                    f"{last:g} days after the first"
                )
        for number, part in enumerate(self.part, 2):
            try:
                check_amounts(part.reward, part.bonus, self.payment.currency)
            except ValueError as fault:
                raise ValueError(f"part {number}: {fault}") from None
        return self

    @property
    def parts(self) -> int:
        """The number of parts; 1 for a study without `[[part]]`."""
        return 1 + len(self.part)

    def of_part(self, number: int) -> StudySpec:
        """Return the study as one of its parts sees it.

        Parameters
        ----------
        number : int
            1 for the first part.

        Returns
        -------
        StudySpec
            With the trials, duration, pay, policy and recruiters' keys of that part. Later parts
            ask no comprehension questions and no `questions_before`.
        """
        if number == 1:
            return self
        part = self.part[number - 2]
        keys = {
            name: {**self.recruitment.of(name), **own} for name, own in part.recruitment.items()
        }
        changes: dict[str, Any] = {
            "phases": part.phases,
            "minutes": part.minutes,
            "payment": part.payment(self.payment.currency),
            "recruitment": self.recruitment.model_copy(update=keys),
            "comprehension": (),
            "questions_before": (),
        }
        if part.policy is not None:
            changes["policy"] = part.policy
            changes["conditions"] = tuple(
                condition.model_copy(update={"policy": None}) for condition in self.conditions
            )
        return self.model_copy(update=changes)

    def condition(self, name: str) -> Condition:
        """Find the condition of a name."""
        return next(c for c in self.conditions if c.name == name)

    def shares(self, other: StudySpec, name: str) -> bool:
        """Say whether another version of the study has the same condition, but for its weight."""
        if name not in {c.name for c in self.conditions} & {c.name for c in other.conditions}:
            return False
        ours, theirs = (
            (
                spec.condition(name).task,
                spec.condition(name).policy or spec.policy,
                spec.condition(name).timing.over(spec.timing.model_dump()),
            )
            for spec in (self, other)
        )
        return ours == theirs and (self.task, self.phases) == (other.task, other.phases)

    def trials(self, phase: str) -> int:
        """Return the number of trials of a phase; 0 where the study has none."""
        return {str(k): v for k, v in self.phases.items()}.get(phase, 0)
