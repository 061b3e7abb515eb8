"""Quality rules: what speaks against a session, with evidence for a person to decide by.

A study names its rules with their thresholds in `[quality]`. Each is evaluated when a session ends
(`diptych.settling`), and can be worked out again later. What a rule finds is a flag; only the rules
that the study lists under `auto` exclude a session by themselves, and that can be undone.
"""

from __future__ import annotations

from diptych.quality.evaluation import RuleResult, asked, evaluate
from diptych.quality.related_sessions import Others, others
from diptych.quality.rules import RULES, Rule

__all__ = ["RULES", "Others", "Rule", "RuleResult", "asked", "evaluate", "others"]
