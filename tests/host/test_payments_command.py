"""`diptych pay`: the same as on the dashboard, from a terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from support.local_prolific import TOKEN, LocalProlific
from support.paying import Paying, paying_host

from diptych.cli import cli
from diptych.ground.settings import Settings


def test_a_bonus_from_budget_to_books(
    settings: Settings, tmp_path: Path, prolific: LocalProlific
) -> None:
    paying: Paying = paying_host(settings, tmp_path / "studies", prolific)
    environment = {
        "DIPTYCH_HOME": str(settings.home),
        "DIPTYCH_DATABASE_URL": settings.database_url,
        "DIPTYCH_SECRET_KEY": settings.secret_key,
        "DIPTYCH_PROLIFIC_API": prolific.url,
        "DIPTYCH_PROLIFIC_TOKEN": TOKEN,
    }

    def pay(*words: str, fails: bool = False) -> str:
        done = CliRunner(env=environment).invoke(cli, ["pay", "tiny", *words])
        assert bool(done.exit_code) == fails, done.output
        return " ".join(done.output.split())

    def as_json(doing: str) -> Any:
        done = CliRunner(env=environment).invoke(cli, ["pay", "tiny", doing, "--json"])
        return json.loads(done.stdout)

    assert "No orders yet" in pay("status")
    paying.decide(paying.sessions([5, 10]), "bonus")
    assert "2 waiting no budget is set" in pay("send")
    assert as_json("send")["sent"]["waiting"] == 2
    assert "too many decimal places for GBP" in pay("budget", "1.234", fails=True)
    assert "give an AMOUNT with `budget`" in pay("status", "5", fails=True)
    assert "tiny may cost 5.00 GBP" in pay("budget", "5")
    prolific.held = True
    assert "2 in doubt, 0 waiting Check the orders in doubt: diptych pay tiny" in pay("send")
    prolific.held = False
    assert "2 confirmed, 0 failed, 0 in doubt" in pay("reconcile")
    shown = pay("status")
    assert "confirmed │ 2 │ 0.75 GBP" in shown
    assert "0.75 GBP of 5.00 GBP, 4.25 GBP left" in shown
    told = as_json("status")
    (paid,) = [order for order in told["orders"] if order["orders"]]
    assert paid == {"state": "confirmed", "orders": 2, "amount_minor": 75, "currency": "GBP"}
    budget = {"amount_minor": 500, "spent_minor": 75, "left_minor": 425, "currency": "GBP"}
    assert told["budget"] == budget
    assert prolific.total() == 75
