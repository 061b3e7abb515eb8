"""What a HIT costs: rewards, and Amazon's fee on top of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

#: From so many assignments on, a HIT costs the higher fee.
MANY = 10
FEE_PERCENT = 20
FEE_PERCENT_MANY = 40


def fee(cents: int, percent: int = FEE_PERCENT) -> int:
    """Compute Amazon's fee on one reward or bonus, in cents: rounded up at half, at least one."""
    share = (Decimal(cents) * percent / 100).to_integral_value(ROUND_HALF_UP)
    return max(1, int(share))


@dataclass(frozen=True)
class Cost:
    """What it costs when every assignment is approved, in US cents, bonuses aside.

    Attributes
    ----------
    hits : tuple[int, ...]
        Number of assignments of each HIT.
    reward : int
        Of one assignment.
    """

    hits: tuple[int, ...]
    reward: int

    @property
    def assignments(self) -> int:
        """All assignments of all HITs."""
        return sum(self.hits)

    @property
    def rewards(self) -> int:
        """What workers get."""
        return self.assignments * self.reward

    @property
    def fees(self) -> int:
        """What Amazon gets."""
        return sum(
            n * fee(self.reward, FEE_PERCENT_MANY if n >= MANY else FEE_PERCENT) for n in self.hits
        )

    @property
    def total(self) -> int:
        """What leaves the account."""
        return self.rewards + self.fees


def cost(reward: int, assignments: int, *, split: bool) -> Cost:
    """Compute the cost of one HIT, or of several with fewer than 10 assignments each.

    Parameters
    ----------
    reward : int
        Cents a worker.
    assignments : int
        Workers in all.
    split : bool
        Whether to make several HITs, to stay below the higher fee.
    """
    if not split or assignments < MANY:
        return Cost((assignments,), reward)
    number = -(-assignments // (MANY - 1))
    least, more = divmod(assignments, number)
    return Cost(tuple(least + (n < more) for n in range(number)), reward)
