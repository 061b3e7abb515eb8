"""`[[part]]` of study.toml: a later part of a study, on another day."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from diptych.study.payment import Bonus, Payment
from diptych.study.section import Phase, Plugged, Section

#: A part of a study opens within so many days after the first.
MOST_DAYS = 3_650.0


class Part(Section):
    """`[[part]]`: a later part of the study, for those who completed the first part.

    The rest of study.toml describes the first part. The first `[[part]]` is part 2.
    """

    after_days: float = Field(
        gt=0,
        le=MOST_DAYS,
        description="Days from the end of the participant's first part until this part opens. A "
        "day has 24 hours.",
    )
    window_days: float = Field(
        1,
        gt=0,
        le=MOST_DAYS,
        description="Days for which the participant can start this part, from its opening.",
    )
    phases: dict[Phase, Annotated[int, Field(ge=0)]] = Field(
        description="Number of trials of each phase in this part."
    )
    items: Literal["any", "same", "new", "both"] = Field(
        "any",
        description="What the trials outside practice and catch can show. `same`: what the "
        "participant was trained on in earlier parts; what the tests showed, in a study without "
        "training. `new`: what no earlier part showed, nor its explanations. `both`: half of "
        "each. `any`: everything.",
    )
    minutes: float = Field(10, gt=0, description="Expected duration of this part in minutes.")
    reward: float = Field(0, ge=0, description="Pay for completing this part, in major units.")
    bonus: Bonus | None = Field(None, description="Bonus of this part; see `[payment.bonus]`.")
    policy: Plugged | None = Field(
        None,
        description="What chooses the next stimulus in this part, in every condition. By default "
        "the policy of the participant's condition.",
    )
    recruitment: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="Keys of `[recruitment.<recruiter>]` that differ in this part, such as the "
        "completion codes in `[part.recruitment.prolific]`.",
    )

    @property
    def closes_after_days(self) -> float:
        """Days from the end of the first part until this part can no longer be started."""
        return self.after_days + self.window_days

    def payment(self, currency: str) -> Payment:
        """Return what this part pays, in the currency of the study."""
        given = {"reward": self.reward, "bonus": self.bonus, "currency": currency}
        return Payment.model_validate(given)
