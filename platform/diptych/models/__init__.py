"""The tables. Times are milliseconds since 1970-01-01 UTC (`now_ms`)."""

from diptych.models.accounts import (
    ApiToken,
    AuditEntry,
    Login,
    LoginFailure,
    Membership,
    OneTimeLink,
    StudyKey,
    User,
)
from diptych.models.alerts import Alert, SharedLink
from diptych.models.hosting import (
    Arrival,
    Event,
    Identity,
    Image,
    Item,
    OpeningPlan,
    Participant,
    Response,
    Session,
    Stimulus,
    Study,
    StudyVersion,
    Trial,
)
from diptych.models.payments import Budget, Decision, LedgerEntry, PaymentOrder, Placement
from diptych.models.questionnaires import QuestionAnswer
from diptych.models.results import AnalysisResult, QualityResult, SessionResult, Tally

__all__ = [
    "Alert",
    "AnalysisResult",
    "ApiToken",
    "Arrival",
    "AuditEntry",
    "Budget",
    "Decision",
    "Event",
    "Identity",
    "Image",
    "Item",
    "LedgerEntry",
    "Login",
    "LoginFailure",
    "Membership",
    "OneTimeLink",
    "OpeningPlan",
    "Participant",
    "PaymentOrder",
    "Placement",
    "QualityResult",
    "QuestionAnswer",
    "Response",
    "Session",
    "SessionResult",
    "SharedLink",
    "Stimulus",
    "Study",
    "StudyKey",
    "StudyVersion",
    "Tally",
    "Trial",
    "User",
]
