"""`[quality]` of study.toml: the rules of quality, and where each of them flags a session."""

from __future__ import annotations

from pydantic import Field, model_validator

from diptych.study.section import Section

# Rules that many honest sessions break, too.
SOFT_RULES = ("max_lookalikes", "max_same_address", "min_crowd_accuracy")


class Quality(Section):
    """`[quality]`: rules with their thresholds. A rule flags a session beyond its threshold; a
    researcher decides. Bounds are inclusive.
    """

    auto: tuple[str, ...] = Field(
        (),
        description="Rules that exclude a session automatically. A researcher can include it "
        "again. All other rules only flag it.",
    )
    min_catch_accuracy: float | None = Field(
        None, ge=0, le=1, description="Smallest share of right answers in catch trials."
    )
    min_total_rt_s: float | None = Field(
        None, ge=0, description="Smallest sum of response times, in seconds."
    )
    max_total_rt_s: float | None = Field(
        None, ge=0, description="Largest sum of response times, in seconds."
    )
    min_instructions_s: float | None = Field(
        None, ge=0, description="Shortest time on the instructions, in seconds."
    )
    max_instructions_s: float | None = Field(
        None, ge=0, description="Longest time on the instructions, in seconds."
    )
    min_rarer_response: int | None = Field(
        None, ge=0, description="Smallest count of the rarer of two responses."
    )
    max_practice_attempts: int | None = Field(
        None, ge=1, description="Largest number of practice attempts."
    )
    min_median_rt_ms: float | None = Field(
        None, ge=0, description="Smallest median response time, in milliseconds."
    )
    max_same_response_run: int | None = Field(
        None, ge=1, description="Largest number of equal answers in a row."
    )
    max_chance_p: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Largest probability (binomial) that a participant who guesses does as well.",
    )
    max_missed_share: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="Largest share of trials outside practice without an answer before "
        "`deadline_ms`.",
    )
    max_fast_share: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="Largest share of answers that are faster than a person can be.",
    )
    max_clock_conflicts: int | None = Field(
        None,
        ge=0,
        description="Largest number of response times that the server's clock contradicts.",
    )
    max_focus_losses: int | None = Field(
        None,
        ge=0,
        description="Largest number of times that the participant left the page during the trials.",
    )
    min_input_events: int | None = Field(
        None,
        ge=1,
        description="Smallest number of pointer movements, presses and keys during the trials.",
    )
    max_browser_errors: int | None = Field(
        None, ge=0, description="Largest number of errors that the browser reports."
    )
    max_repeats: int | None = Field(
        None, ge=0, description="Largest number of earlier sessions with the same platform id."
    )
    max_lookalikes: int | None = Field(
        None,
        ge=0,
        description="Largest number of similar sessions of other participants shortly before. A "
        "hint: not allowed in `auto`.",
    )
    max_same_address: int | None = Field(
        None,
        ge=0,
        description="Largest number of sessions of other participants from the same address "
        "earlier that day. A hint: not allowed in `auto`. The host stores marks of "
        "addresses, for some days, only for studies with this rule.",
    )
    min_crowd_accuracy: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Smallest accuracy by the model of Dawid and Skene. A hint: not allowed in "
        "`auto`.",
    )

    @model_validator(mode="after")
    def _auto_can_decide(self) -> Quality:
        known = [name for name in type(self).model_fields if name != "auto"]
        for name in self.auto:
            if name not in known:
                raise ValueError(
                    f"auto names {name!r}, which is not a rule; rules are {', '.join(known)}"
                )
            if name in SOFT_RULES:
                raise ValueError(
                    f"auto names {name!r}, which is only a hint: it can flag a session, but not "
                    "exclude it; remove it from auto"
                )
            if getattr(self, name) is None:
                raise ValueError(
                    f"auto names {name!r}, which has no threshold: add {name} = … to [quality]"
                )
        return self

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that have a threshold."""
        names = (name for name in type(self).model_fields if name != "auto")
        return tuple(name for name in names if getattr(self, name) is not None)
