"""The largest-error policy: the image that the participant knows least."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diptych.policies.traced import TracedPolicy

if TYPE_CHECKING:
    import numpy as np

    from diptych_analysis.teaching.choices import Choice, Options
    from diptych_analysis.teaching.tracers import TracerBase


class LargestError(TracedPolicy):
    """Teaches the image whose true class the tracer expects least.

    It is a control: in simulations it is often worse than a random choice.

    Before five answers, and where the tracer fails, it chooses as `balanced` does.
    """

    name = "largest_error"

    def ask(self, options: Options, tracer: TracerBase, rng: np.random.Generator) -> Choice:
        from diptych_analysis.teaching.choices import choose_largest_error

        return choose_largest_error(options, tracer, rng)
