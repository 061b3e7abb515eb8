"""The expected-gain policy: the image that helps most, as far as a tracer can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diptych.policies.traced import TracedPolicy

if TYPE_CHECKING:
    import numpy as np

    from diptych_analysis.teaching.choices import Choice, Options
    from diptych_analysis.teaching.tracers import TracerBase


class ExpectedGain(TracedPolicy):
    """Teaches the image after which the tracer expects the best knowledge of all images.

    Before five answers, and where the tracer fails, it chooses as `balanced` does.
    """

    name = "expected_gain"

    def ask(self, options: Options, tracer: TracerBase, rng: np.random.Generator) -> Choice:
        from diptych_analysis.teaching.choices import choose_expected_gain

        return choose_expected_gain(options, tracer, rng)
