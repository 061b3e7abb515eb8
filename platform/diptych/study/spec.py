"""study.toml as typed sections. Every key carries its meaning; the reference is made from here."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from diptych.ground.money import MoneyFault, to_minor

Phase = Literal["practice", "training", "test", "catch"]


class Section(BaseModel):
    """A table of study.toml: unknown keys are faults, and so are inf and nan."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Plugged(BaseModel):
    """A table that names a plug-in; its other keys are the plug-in's own parameters."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = Field(description="Name of the installed plug-in.")

    @property
    def parameters(self) -> dict[str, Any]:
        """The keys beside the name."""
        return dict(self.model_extra or {})


class Stimuli(Section):
    """`[stimuli]`: which images there are."""

    manifest: str = Field("stimuli.csv", description="CSV: file, label, then any attributes.")
    generator: str | None = Field(
        None, description="Python file with `build(folder, seed)` that draws the stimuli."
    )
    seed: int = Field(0, ge=0, description="Seed given to the generator.")


class Items(Section):
    """`[items]`: what the trials of a task that shows several images at once are made of."""

    manifest: str = Field(
        "items.csv",
        description="CSV: item_id, kind, the columns of the task (`;` between files), then any "
        "attributes.",
    )


class Condition(Section):
    """`[[conditions]]`: one arm of the study."""

    name: Annotated[str, Field(pattern=r"^[\w.-]{1,64}$", description="Name in the tables.")]
    weight: float = Field(
        1, ge=0, description="Share of the participants relative to the others; 0 closes it."
    )
    task: dict[str, Any] = Field(
        default_factory=dict, description="Task parameters that differ in this condition."
    )
    policy: Plugged | None = Field(None, description="Policy of this condition.")


class Recruitment(Section):
    """`[recruitment]`: who takes part, and how often."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    participants: int = Field(
        100, ge=1, description="Entries end once so many people have completed or are on their way."
    )
    replace_excluded: bool = Field(
        False,
        description="A completed session that is excluded gives its place back, so that entries go "
        "on until `participants` usable sessions are there.",
    )
    recruiters: tuple[str, ...] = Field(
        ("direct",), min_length=1, description="Where participants may come from."
    )
    once: bool = Field(True, description="One participation a person; a repeat visit resumes.")
    exclude_studies: tuple[str, ...] = Field(
        (), description="Whoever entered one of these studies can't take this one."
    )
    resume_within_minutes: float = Field(
        120, gt=0, description="A session that was left for longer can't be gone on with."
    )
    dropout_minutes: float = Field(
        30, gt=0, description="A silent session gives its place in its condition back after this."
    )
    comprehension_attempts: int = Field(
        2, ge=1, description="Tries at the comprehension questions before a polite end."
    )

    def of(self, recruiter: str) -> dict[str, Any]:
        """The keys of `[recruitment.<recruiter>]`."""
        return dict((self.model_extra or {}).get(recruiter, {}))


class Bonus(Section):
    """`[payment.bonus]`: what a completed session earns beyond the reward, by its score.

    A session that has completed gets `base` + `per_correct` for each right answer, `max` at most;
    with `from_score` only when its share of right answers reaches it.
    """

    base: float = Field(0, ge=0, description="For every session that gets a bonus, major units.")
    per_correct: float = Field(0, ge=0, description="For each right answer, major units.")
    from_score: float | None = Field(
        None, ge=0, le=1, description="Least share of right answers; below it there is no bonus."
    )
    max: float | None = Field(None, ge=0, description="Never more than this, major units.")
    phases: tuple[Phase, ...] = Field(
        (), description="Phases whose answers count; empty: all but practice."
    )


class Payment(Section):
    """`[payment]`: what a participant is paid."""

    currency: str = Field("GBP", pattern=r"^[A-Z]{3}$", description="ISO 4217 code.")
    reward: float = Field(0, ge=0, description="For a completed session, in major units.")
    bonus: Bonus | None = None

    @model_validator(mode="after")
    def _can_be_paid(self) -> Payment:
        """Amounts that are paid as they stand must be amounts of the currency."""
        bonus = self.bonus or Bonus.model_validate({})
        given = {"reward": self.reward, "bonus.base": bonus.base, "bonus.max": bonus.max or 0}
        for key, amount in given.items():
            try:
                to_minor(amount, self.currency)
            except MoneyFault as fault:
                raise ValueError(f"{key}: {fault}") from None
        return self


class Screen(Section):
    """`[screen]`: what the participant's window must offer."""

    min_width: int = Field(320, ge=0, description="Least width of the window in CSS pixels.")
    min_height: int = Field(480, ge=0, description="Least height of the window in CSS pixels.")
    touch: bool = Field(True, description="Whether touch screens are allowed.")
    fullscreen: bool = Field(False, description="Whether to ask for full screen.")


class Question(Section):
    """`[[comprehension]]`: a question about the instructions."""

    question: str = Field(description="The question.")
    options: tuple[str, ...] = Field(min_length=2, description="The answers to choose from.")
    answer: int = Field(ge=0, description="Index of the right option; never leaves the server.")

    @model_validator(mode="after")
    def _answer_is_an_option(self) -> Question:
        if self.answer >= len(self.options):
            raise ValueError(f"answer must be below {len(self.options)}, the number of options")
        return self


# Rules that many honest sessions break, too.
SOFT_RULES = ("max_lookalikes", "max_same_address", "min_crowd_accuracy")


class Quality(Section):
    """`[quality]`: rules with their thresholds. A session beyond one is flagged for a person."""

    auto: tuple[str, ...] = Field(
        (),
        description="Rules that exclude a session by themselves; a person can undo that. The "
        "others only flag it.",
    )
    min_catch_accuracy: float | None = Field(
        None, ge=0, le=1, description="Least share of right catch trials."
    )
    min_total_rt_s: float | None = Field(
        None, ge=0, description="Least sum of response times, in seconds."
    )
    max_total_rt_s: float | None = Field(
        None, ge=0, description="Greatest sum of response times, in seconds."
    )
    min_instructions_s: float | None = Field(
        None, ge=0, description="Least time on the instructions, in seconds."
    )
    max_instructions_s: float | None = Field(
        None, ge=0, description="Greatest time on the instructions, in seconds."
    )
    min_rarer_response: int | None = Field(
        None, ge=0, description="Least number of the rarer of two responses."
    )
    max_practice_attempts: int | None = Field(
        None, ge=1, description="Greatest number of practice attempts."
    )
    min_median_rt_ms: float | None = Field(
        None, ge=0, description="Least median response time, in milliseconds."
    )
    max_same_response_run: int | None = Field(
        None, ge=1, description="Greatest number of same answers in a row."
    )
    max_chance_p: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Greatest probability that somebody who guesses does as well (binomial).",
    )
    max_fast_share: float | None = Field(
        None, ge=0, lt=1, description="Greatest share of answers faster than anybody can be."
    )
    max_clock_conflicts: int | None = Field(
        None, ge=0, description="Greatest number of response times that the server's clock belies."
    )
    max_focus_losses: int | None = Field(
        None, ge=0, description="Greatest number of times the page was left during the trials."
    )
    min_input_events: int | None = Field(
        None, ge=1, description="Least number of movements, presses and keys during the trials."
    )
    max_browser_errors: int | None = Field(
        None, ge=0, description="Greatest number of errors that the browser reports."
    )
    max_repeats: int | None = Field(
        None, ge=0, description="Greatest number of earlier sessions under the same platform id."
    )
    max_lookalikes: int | None = Field(
        None,
        ge=0,
        description="Greatest number of others' sessions just before that look alike: a hint, "
        "never `auto`.",
    )
    max_same_address: int | None = Field(
        None,
        ge=0,
        description="Greatest number of others' sessions earlier that day from the same address: a "
        "hint, never `auto`. Only with this rule are marks of addresses kept for some days.",
    )
    min_crowd_accuracy: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Least accuracy by the model of Dawid and Skene: a hint, never `auto`.",
    )

    @model_validator(mode="after")
    def _auto_can_decide(self) -> Quality:
        known = [name for name in type(self).model_fields if name != "auto"]
        for name in self.auto:
            if name not in known:
                raise ValueError(f"auto names {name!r}; rules are {', '.join(known)}")
            if name in SOFT_RULES:
                raise ValueError(f"auto names {name!r}, which is a hint and never decides alone")
            if getattr(self, name) is None:
                raise ValueError(f"auto names {name!r}, which has no threshold")
        return self

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that have a threshold."""
        names = (name for name in type(self).model_fields if name != "auto")
        return tuple(name for name in names if getattr(self, name) is not None)


#: So long marks of addresses are kept where a study does not say: time to judge once more.
ADDRESS_HASH_DAYS = 7.0


class Privacy(Section):
    """`[privacy]`: for how long what is known of people is kept, in days after a session's end.

    The host deletes by itself what is kept no longer; without a limit it is kept until somebody
    deletes it. Marks of addresses always have one, counted from the day of arrival.
    """

    identities_days: float | None = Field(
        None,
        gt=0,
        le=36_500,
        description="Then platforms' ids of the person and of the submission are deleted: nobody "
        "can be paid, or found by a platform's id, any more.",
    )
    answers_days: float | None = Field(
        None,
        gt=0,
        le=36_500,
        description="Then the session is emptied: answers, times, events, ids. Only that it was is "
        "kept, and on which day; export the data before.",
    )
    address_hash_days: float = Field(
        ADDRESS_HASH_DAYS,
        gt=0,
        le=90,
        description="Then the marks of addresses of a day (UTC) are deleted, which are made only "
        "where `[quality]` has `max_same_address`.",
    )


class StudySpec(Section):
    """study.toml, whole."""

    title: str = Field(min_length=1, max_length=200, description="Title participants see.")
    description: str = Field("", description="One line for researchers.")
    contact: str = Field("", description="Whom participants can write to.")
    language: str = Field("en", description="Language of the texts (BCP 47).")
    minutes: float = Field(10, gt=0, description="Expected duration in minutes.")
    task: Plugged = Field(description="The task and its parameters.")
    phases: dict[Phase, Annotated[int, Field(ge=0)]] = Field(
        description="Number of trials of each phase."
    )
    policy: Plugged = Field(
        default=Plugged(name="random"), description="What chooses the next stimulus."
    )
    stimuli: Stimuli = Field(default_factory=lambda: Stimuli.model_validate({}))
    items: Items | None = None
    conditions: tuple[Condition, ...] = Field(
        (Condition.model_validate({"name": "default"}),), min_length=1
    )
    recruitment: Recruitment = Field(default_factory=lambda: Recruitment.model_validate({}))
    payment: Payment = Field(default_factory=lambda: Payment.model_validate({}))
    screen: Screen = Field(default_factory=lambda: Screen.model_validate({}))
    comprehension: tuple[Question, ...] = ()
    quality: Quality = Field(default_factory=lambda: Quality.model_validate({}))
    privacy: Privacy = Field(default_factory=lambda: Privacy.model_validate({}))

    @model_validator(mode="after")
    def _conditions_differ(self) -> StudySpec:
        names = [condition.name for condition in self.conditions]
        if len(set(names)) < len(names):
            raise ValueError("conditions must have different names")
        if not any(condition.weight for condition in self.conditions):
            raise ValueError("at least one condition must have a weight above 0")
        return self

    def condition(self, name: str) -> Condition:
        """The condition of a name."""
        return next(c for c in self.conditions if c.name == name)

    def shares(self, other: StudySpec, name: str) -> bool:
        """Whether a condition is the same, but for its weight, in another version of the study."""
        if name not in {c.name for c in self.conditions} & {c.name for c in other.conditions}:
            return False
        ours, theirs = (
            (spec.condition(name).task, spec.condition(name).policy or spec.policy)
            for spec in (self, other)
        )
        return ours == theirs and (self.task, self.phases) == (other.task, other.phases)

    def trials(self, phase: str) -> int:
        """Number of trials of a phase; 0 where the study has none."""
        return {str(k): v for k, v in self.phases.items()}.get(phase, 0)
