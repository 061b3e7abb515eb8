"""Figures of every study: how long answers and sessions took, and what the quality rules found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diptych.figures import Counts, Figure, added, key, parts
from diptych.figures.bins import edges, log_bin
from diptych.study.content import StudyContent
from diptych_analysis.intervals import wilson
from diptych_analysis.tables.schema import PHASES

if TYPE_CHECKING:
    import pandas as pd

    from diptych.sessions.facts import SessionFacts


class ResponseTimes(Figure):
    """Histogram of response times on a logarithmic axis, a line a phase."""

    name = "response-times"
    title = "Response times"
    reading = (
        "Each line shows the distribution of the response times of one phase, on a logarithmic "
        "axis. Dashed lines are medians."
    )

    def count(self, facts: SessionFacts) -> Counts:
        """Count response times by phase and bin; those of machines say nothing."""
        if facts.session.kind == "machine":
            return {}  # a machine's time is 0: it says nothing
        return added(*({key(t["phase"], log_bin(t["rt_ms"])): [1]} for t in facts.answered))

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        """Return one row per phase and bin: bounds (ms), answers, and their share of the phase."""
        import pandas as pd

        found = [(*parts(name), n) for name, (n,) in counts.items() if n]
        totals = {phase: sum(n for p, _, n in found if p == phase) for phase in PHASES}
        rows = [
            (phase, *edges(number), int(n), n / totals[phase])
            for phase, number, n in sorted(found, key=lambda row: (PHASES.index(row[0]), row[1]))
        ]
        return pd.DataFrame(rows, columns=["phase", "from_ms", "to_ms", "answers", "share"])

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        """Draw the response times."""
        from diptych.figures.times_charts import response_times

        return response_times(frame)


class Durations(Figure):
    """Histogram of how long sessions took, from consent to end."""

    name = "durations"
    title = "Duration of sessions"
    reading = (
        "Each bar is the number of sessions with this duration from consent to end, on a "
        "logarithmic axis. A line shows the announced duration."
    )

    def count(self, facts: SessionFacts) -> Counts:
        """Count one session by the bin of its duration, from consent to end."""
        began, ended = facts.session.consented_at, facts.session.ended_at
        if began is None or ended is None:
            return {}
        return {key(log_bin(ended - began)): [1]}

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        """Return one row per bin: bounds (min) and sessions."""
        import pandas as pd

        found = sorted((parts(name)[0], n) for name, (n,) in counts.items() if n)
        rows = [
            (low / 60_000, high / 60_000, int(n))
            for number, n in found
            for low, high in [edges(number)]
        ]
        return pd.DataFrame(rows, columns=["from_minutes", "to_minutes", "sessions"])

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        """Draw the durations, with the time that the study promises."""
        from diptych.figures.times_charts import durations

        return durations(frame, content.spec.minutes)


class QualityOverview(Figure):
    """Share of the sessions that each quality rule speaks against."""

    name = "quality"
    title = "Quality rules"
    reading = (
        "Each bar is the share of sessions that a rule flags, with a 95 % Wilson interval. Most "
        "rules only ask a researcher to look; those in the second colour exclude a session."
    )

    def count(self, facts: SessionFacts) -> Counts:
        """Count for each rule whether it flagged the session, and whether it excludes alone."""
        return {
            key(found.rule): [1, int(found.flagged), int(found.auto)] for found in facts.findings
        }

    def frame(self, counts: Counts, content: StudyContent) -> pd.DataFrame:
        """Return one row per rule: the share of sessions that it flagged, with a 95 % interval."""
        import pandas as pd

        rows = []
        for name, (n, flagged, auto) in counts.items():
            if n:
                low, high = wilson(flagged, n)
                # What most sessions saw, where versions of the study differ.
                decides = "excludes alone" if auto >= n / 2 else "asks for a look"
                rows.append((parts(name)[0], decides, int(n), int(flagged), flagged / n,
                             float(low), float(high)))  # fmt: skip
        rows.sort(key=lambda row: (-row[4], row[0]))
        columns = ["rule", "decides", "sessions", "flagged", "share", "low", "high"]
        return pd.DataFrame(rows, columns=columns)

    def chart(self, frame: pd.DataFrame, content: StudyContent) -> Any:
        """Draw the share of sessions that each rule flagged."""
        from diptych.figures.share_charts import quality

        return quality(frame)
