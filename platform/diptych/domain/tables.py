"""Each table of the database, once: what queries are written with."""

from __future__ import annotations

from diptych import models
from diptych.ground.database import table

ALERTS = table(models.Alert)
ANALYSES = table(models.AnalysisResult)
ARRIVALS = table(models.Arrival)
AUDIT = table(models.AuditEntry)
BUDGETS = table(models.Budget)
DECISIONS = table(models.Decision)
EVENTS = table(models.Event)
FAILURES = table(models.LoginFailure)
IDENTITIES = table(models.Identity)
IMAGES = table(models.Image)
ITEMS = table(models.Item)
KEYS = table(models.StudyKey)
LEDGER = table(models.LedgerEntry)
LINKS = table(models.OneTimeLink)
OPENING_PLANS = table(models.OpeningPlan)
ORDERS = table(models.PaymentOrder)
LOGINS = table(models.Login)
MEMBERSHIPS = table(models.Membership)
PARTICIPANTS = table(models.Participant)
PLACEMENTS = table(models.Placement)
QUALITY = table(models.QualityResult)
QUESTION_ANSWERS = table(models.QuestionAnswer)
RESPONSES = table(models.Response)
RESULTS = table(models.SessionResult)
SESSIONS = table(models.Session)
SHARED_LINKS = table(models.SharedLink)
STIMULI = table(models.Stimulus)
STUDIES = table(models.Study)
TALLIES = table(models.Tally)
TOKENS = table(models.ApiToken)
TRIALS = table(models.Trial)
USERS = table(models.User)
VERSIONS = table(models.StudyVersion)

#: Joins a trial with the response to it.
OF_TRIAL = (RESPONSES.c.session_id == TRIALS.c.session_id) & (
    RESPONSES.c.trial_index == TRIALS.c.trial_index
)
