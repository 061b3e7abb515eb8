"""A process that is killed while it pays: nobody is paid twice, nobody is forgotten."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.local_prolific import TOKEN, local_prolific
from support.paying import Paying, paying_host

from diptych.ground.settings import Settings

pytestmark = pytest.mark.both_databases


@pytest.fixture
def paying(settings: Settings, tmp_path: Path) -> Iterator[Paying]:
    with local_prolific() as prolific:
        made = paying_host(settings, tmp_path / "studies", prolific)
        made.budget(100_00)
        yield made


SENDER = """
    import sys
    from diptych.app import create_app
    from diptych.payments import sending
    from diptych.ground.settings import Settings

    app = create_app(Settings.from_environment())
    with app.app_context():
        print("ready", flush=True)
        sending.send(app.extensions["diptych"], int(sys.argv[1]), None)
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_process_neither_forgets_nor_pays_twice(paying: Paying, when: str) -> None:
    """The process is killed while it pays: before Prolific has acted, or after."""
    for amount in (50, 70):
        paying.decide([paying.session()], "bonus", amount=amount)
    settings = paying.host.settings
    environment = {
        **os.environ,
        "DIPTYCH_HOME": str(settings.home),
        "DIPTYCH_DATABASE_URL": settings.database_url,
        "DIPTYCH_SECRET_KEY": settings.secret_key,
        "DIPTYCH_PROLIFIC_API": settings.prolific_api,
        "DIPTYCH_PROLIFIC_TOKEN": TOKEN,
    }
    prolific, killed = paying.prolific, []

    def kill(request: str) -> str | None:
        if request.endswith("/pay/") and not killed:
            killed.append(sender.pid)
            if when == "after":
                number = request.split("/")[2]
                prolific.handle("POST", f"/bulk-bonus-payments/{number}/pay/", f"Token {TOKEN}", {})
            sender.send_signal(signal.SIGKILL)
            sender.wait()
            return "drop"
        return None

    prolific.misbehave = kill
    sender = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SENDER), str(paying.study_id)],
        env=environment,
        stdout=subprocess.PIPE,
    )
    assert sender.wait(600) == -signal.SIGKILL
    assert killed
    assert paying.states() == ["sent", "sent"]
    prolific.work()
    result = paying.reconcile()
    assert (result.confirmed, result.failed) == ((2, 0) if when == "after" else (0, 2))
    paying.try_again()
    paying.send()
    paying.reconcile()
    assert paying.confirmed() == prolific.total() == 120
    assert max(Counter(prolific.payments).values()) == 1
