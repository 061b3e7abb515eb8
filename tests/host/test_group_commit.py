"""Writers that commit together: each one's work whole, nobody told before it is on the disk."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from diptych.ground.database import engine_options, prepare_engine, writing


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    url = f"sqlite:///{tmp_path / 'together.sqlite3'}"
    made = sa.create_engine(url, **engine_options(url, 10))
    prepare_engine(made)
    with writing(made) as connection:
        connection.exec_driver_sql("CREATE TABLE answers (who INTEGER PRIMARY KEY, what TEXT)")
    yield made
    made.dispose()


def stored(engine: sa.Engine) -> set[int]:
    """What another connection sees: only what is committed."""
    with engine.connect() as connection:
        return {row[0] for row in connection.exec_driver_sql("SELECT who FROM answers")}


def insert(connection: sa.Connection, who: int) -> None:
    connection.exec_driver_sql("INSERT INTO answers VALUES (?, 'x')", (who,))


def together(count: int, work: object) -> list[BaseException | None]:
    """What each of `count` threads raised when they all called `work(number)` at once."""
    faults: list[BaseException | None] = [None] * count
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        try:
            work(number)  # type: ignore[operator]
        except BaseException as fault:
            faults[number] = fault

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return faults


def test_whoever_is_told_is_stored(engine: sa.Engine) -> None:
    missing: list[int] = []

    def work(number: int) -> None:
        for round_ in range(20):
            who = 100 * number + round_
            with writing(engine) as connection:
                insert(connection, who)
            if who not in stored(engine):
                missing.append(who)

    assert together(8, work) == [None] * 8
    assert missing == []
    assert len(stored(engine)) == 160


def test_an_error_undoes_its_own_block_and_no_other(engine: sa.Engine) -> None:
    def work(number: int) -> None:
        with writing(engine) as connection:
            insert(connection, number)
            if number % 2:
                raise RuntimeError("changed my mind")

    faults = together(10, work)
    assert [fault is not None for fault in faults] == [bool(n % 2) for n in range(10)]
    assert stored(engine) == {0, 2, 4, 6, 8}


def test_of_many_with_the_same_key_one_is_stored_and_the_others_see_it(engine: sa.Engine) -> None:
    seen: list[bool] = []

    def work(number: int) -> None:
        try:
            with writing(engine) as connection:
                insert(connection, 7)
        except sa.exc.IntegrityError:
            seen.append(7 in stored(engine))
            raise

    faults = together(8, work)
    assert sum(fault is None for fault in faults) == 1
    assert seen == [True] * 7


def test_an_error_of_the_commit_reaches_everybody_and_stores_nothing(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        connection.exec_driver_sql(
            "CREATE TABLE promises (who INTEGER REFERENCES answers DEFERRABLE INITIALLY DEFERRED)"
        )

    def work(number: int) -> None:
        with writing(engine) as connection:
            insert(connection, number)
            if number == 0:  # found out at the commit only
                connection.exec_driver_sql("INSERT INTO promises VALUES (999)")

    faults = together(6, work)
    told = {number for number, fault in enumerate(faults) if fault is None}
    assert 0 not in told
    assert stored(engine) == told, "stored is exactly what was told"
    with writing(engine) as connection:  # and the next one goes on
        insert(connection, 50)
    assert 50 in stored(engine)


@pytest.mark.slow
def test_two_processes_take_turns(engine: sa.Engine) -> None:
    code = f"""
import sqlalchemy as sa, sys
from diptych.ground.database import engine_options, prepare_engine, writing
url = {str(engine.url)!r}
engine = sa.create_engine(url, **engine_options(url, 5)); prepare_engine(engine)
for number in range(100):
    with writing(engine) as connection:
        who = int(sys.argv[1]) * 1000 + number
        connection.exec_driver_sql("INSERT INTO answers VALUES (?, 'x')", (who,))
"""
    processes = [subprocess.Popen([sys.executable, "-c", code, str(n)]) for n in (1, 2, 3)]
    assert [process.wait(600) for process in processes] == [0, 0, 0]
    assert len(stored(engine)) == 300
