"""Dashboard: decisions."""

from __future__ import annotations

from diptych.web.dashboard.access import pages

blueprint = pages("decisions")
