"""`[payment]` of study.toml: what participants earn."""

from __future__ import annotations

from pydantic import Field, model_validator

from diptych.ground.money import MoneyFault, to_minor
from diptych.study.section import Phase, Section


class Bonus(Section):
    """`[payment.bonus]`: what a completed session earns in addition to the reward, by its score.

    A session that has completed gets `base` + `per_correct` for each right answer, `max` at most;
    with `from_score` only when its share of right answers reaches it.
    """

    base: float = Field(
        0, ge=0, description="Amount for every session that gets a bonus, in major units."
    )
    per_correct: float = Field(0, ge=0, description="Amount for each right answer, in major units.")
    from_score: float | None = Field(
        None, ge=0, le=1, description="Smallest share of right answers that earns a bonus."
    )
    max: float | None = Field(None, ge=0, description="Largest bonus, in major units.")
    phases: tuple[Phase, ...] = Field(
        (), description="Phases whose answers count. Empty: all except practice."
    )


class Payment(Section):
    """`[payment]`: what a participant is paid."""

    currency: str = Field("GBP", pattern=r"^[A-Z]{3}$", description="Currency (ISO 4217 code).")
    reward: float = Field(0, ge=0, description="Pay for a completed session, in major units.")
    bonus: Bonus | None = None

    @model_validator(mode="after")
    def _can_be_paid(self) -> Payment:
        """Check that the amounts, which are paid unchanged, are amounts of the currency."""
        check_amounts(self.reward, self.bonus, self.currency)
        return self


def check_amounts(reward: float, bonus: Bonus | None, currency: str) -> None:
    """Check that amounts in major units are amounts of a currency.

    Raises
    ------
    ValueError
        Naming the key that is not.
    """
    bonus = bonus or Bonus.model_validate({})
    given = {"reward": reward, "bonus.base": bonus.base, "bonus.max": bonus.max or 0}
    for key, amount in given.items():
        try:
            to_minor(amount, currency)
        except MoneyFault as fault:
            raise ValueError(f"{key}: {fault}") from None
