"""`diptych pay` is killed, or loses its database, in the middle of whatever it was doing.

A person goes on where it stopped: looks up, tries again, sends. In the end everybody is paid once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.databases import PostgreSQL
from support.local_prolific import TOKEN, LocalProlific, Refused, local_prolific
from support.paying import Paying, paying_host
from support.servers import DIPTYCH
from support.wire import Wire

from diptych.ground.database import db, reading
from diptych.ground.settings import Settings
from diptych.payments import budget

pytestmark = pytest.mark.slow
REWARD, BONUS = 180, 25
#: Where a process is stopped: what it does, the request, and whether Prolific has acted by then.
STOPS = (
    ("send", "GET /users/me/", False),
    ("send", "POST /submissions/bulk-approve/", True),
    ("send", "POST /submissions/bonus-payments/", True),
    ("send", "/pay/", False),
    ("reconcile", "GET /submissions/", True),
    ("send", "/pay/", True),
    ("reconcile", "GET /submissions/", False),
)


@pytest.fixture
def prolific() -> Iterator[LocalProlific]:
    with local_prolific() as made:
        yield made


@pytest.fixture
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    """Between a process and PostgreSQL."""
    server: PostgreSQL = request.getfixturevalue("postgresql")
    real = next(Path(server.socket_folder).glob(".s.PGSQL.*[0-9]"))
    with (
        tempfile.TemporaryDirectory(prefix="diptych-wire-") as folder,
        Wire(Path(folder) / real.name, [real]) as made,
    ):
        yield made


@pytest.fixture
def paying(settings: Settings, prolific: LocalProlific, tmp_path: Path) -> Iterator[Paying]:
    """Five people, each decided to get reward and bonus; the budget is just what that costs."""
    made = paying_host(settings, tmp_path / "studies", prolific, payment_grace_minutes=60)
    some = made.sessions([5] * 5)
    made.budget(len(some) * (REWARD + BONUS))
    made.decide(some, "approve")
    made.decide(some, "bonus")
    yield made
    with made.app.app_context():
        db.session.remove()
        db.engine.dispose()


def begin(paying: Paying, doing: str, url: str | None = None) -> subprocess.Popen[str]:
    """`diptych pay tiny DOING`, a process of its own, which may reach the database elsewhere."""
    settings = paying.host.settings
    return subprocess.Popen(
        [*DIPTYCH, "pay", "tiny", doing],
        env={
            **os.environ,
            "DIPTYCH_HOME": str(settings.home),
            "DIPTYCH_DATABASE_URL": url or settings.database_url,
            "DIPTYCH_SECRET_KEY": settings.secret_key,
            "DIPTYCH_PROLIFIC_API": settings.prolific_api,
            "DIPTYCH_PROLIFIC_TOKEN": TOKEN,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def at(paying: Paying, request: str, acted: bool, stop: Callable[[], None]) -> list[str]:
    """Stop whoever makes a request, before or after Prolific has acted on it.

    Returns
    -------
    list[str]
        Filled with the request once it was made.
    """
    prolific, heard = paying.prolific, list[str]()

    def misbehave(asked: str) -> str | None:
        if heard or request not in asked:
            return None
        heard.append(asked)
        if acted and asked.endswith("/pay/"):
            try:
                target = asked.removeprefix("POST ")
                prolific.handle("POST", target, f"Token {TOKEN}", {})
            except Refused:
                pass
        stop()
        # What the process would have heard is lost; what pays nothing may be repeated.
        return "drop_after" if acted and not asked.endswith("/pay/") else "drop"

    prolific.misbehave = misbehave
    return heard


def go_on(paying: Paying) -> None:
    """Time passes, and somebody looks after it until all is settled."""
    prolific = paying.prolific
    prolific.misbehave = lambda _: None
    assert prolific.ahead_s is not None
    for _ in range(8):
        prolific.ahead_s += 7200.0
        prolific.work()
        paying.reconcile()
        more = paying.try_again()
        paying.send()
        if not more and set(paying.states()) <= {"confirmed", "failed"}:
            return
    raise AssertionError(f"still not settled: {Counter(paying.states())}")


def everybody_paid_once(paying: Paying) -> None:
    """Prolific's books, the ledger and the budget say the same, to the penny."""
    paid = Counter(paying.prolific.payments)
    names = list(paying.prolific.submissions)
    assert paid == Counter(
        pair for name in names for pair in ((name, "reward", REWARD), (name, "bonus", BONUS))
    )
    assert paying.confirmed() == paying.prolific.total()
    with paying.app.app_context(), reading() as connection:
        found = budget.read(connection, paying.study_id)
        assert found is not None and found.left == 0


def no_harm(paying: Paying) -> None:
    """Nothing twice, and nothing that stands not as sent in the ledger."""
    assert max(Counter(paying.prolific.payments).values(), default=1) == 1
    held = sum(o.amount for o in paying.orders() if o.state in ("sent", "confirmed"))
    assert paying.prolific.total() <= held


def test_killed_again_and_again_while_it_pays(paying: Paying) -> None:
    """Kill -9 at each sort of request, before Prolific has acted and after."""
    for doing, request, acted in STOPS:
        process = begin(paying, doing)

        def kill(process: subprocess.Popen[str] = process) -> None:
            process.send_signal(signal.SIGKILL)
            process.wait()

        at(paying, request, acted, kill)
        process.communicate(timeout=600)
        no_harm(paying)
        paying.try_again()
    go_on(paying)
    everybody_paid_once(paying)


@pytest.mark.postgres
@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize("what", ["gone", "connections break"])
def test_the_database_goes_away_while_it_pays(
    paying: Paying, wire: Wire, settings: Settings, what: str
) -> None:
    """Prolific has acted, or is about to; nothing can be written down."""
    assert isinstance(wire.listen, Path)
    cut_off = f"{settings.database_url.partition('?')[0]}?host={wire.listen.parent}"
    for doing, request, acted in STOPS[1:6]:
        heard = at(paying, request, acted, wire.cut if what == "gone" else wire.drop)
        process = begin(paying, doing, cut_off)
        _, said = process.communicate(timeout=600)
        wire.mend()
        assert "Traceback" not in said.partition("sending to prolific")[0]
        if heard and what == "gone":
            assert process.returncode == 1 and "Error: the database" in said, said
        no_harm(paying)
        paying.try_again()
    go_on(paying)
    everybody_paid_once(paying)
