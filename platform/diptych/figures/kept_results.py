"""Results of the analysis that the dashboard shows: read from files, checked, kept by name.

Two kinds: what `diptych trace … --json` wrote (predicted against observed learning), and what
`diptych correlate … --json` wrote (HIS against MIS). Of each only what its figure needs is kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from sqlalchemy import delete, insert, select

from diptych.accounts import audit
from diptych.accounts.users import User
from diptych.domain.tables import ANALYSES
from diptych.ground.database import now_ms, reading, writing

MOST_BYTES = 64 * 1024 * 1024


class ResultFault(ValueError):
    """A file that holds no result that the dashboard can show: which, and why."""


class _Kept(BaseModel):
    """Part of a result; what the figure does not need is left out."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class LearningRow(_Kept):
    """One trial (and class; None: all) of `learning_curve`."""

    phase: str
    trial: int = Field(ge=1)
    class_: str | None = Field(alias="class")
    n: int = Field(ge=1)
    right: int = Field(ge=0)
    predicted: float = Field(ge=0, le=1)


class TracedModel(_Kept):
    """One tracing model."""

    learning: tuple[LearningRow, ...] = Field(min_length=1)


class Tracing(_Kept):
    """What is kept of `diptych trace … --json`."""

    name: str
    split_count: int
    sessions: int
    participant_kinds: tuple[str, ...]
    classes: tuple[str, ...]
    models: dict[str, TracedModel] = Field(min_length=1)


class Estimate(_Kept):
    """A coefficient with its interval, null where it is not defined."""

    value: float | None
    low: float | None
    high: float | None


class Correlations(_Kept):
    """Correlations over units."""

    pearson: Estimate
    spearman: Estimate
    n: int


class Ceiling(_Kept):
    """A noise ceiling: mean and 95 % range over simulations."""

    mean: float | None
    low: float | None
    high: float | None


class Ceilings(_Kept):
    """The ceiling of a perfect score."""

    oracle: Ceiling


class Unit(_Kept):
    """One unit with both scores."""

    unit: str
    model: str | None = None
    group: str | None = None
    n: int
    his: float = Field(ge=0, le=1)
    low: float
    high: float
    weighted: float | None = None
    weighted_low: float | None = None
    weighted_high: float | None = None
    mis: float | None = None
    calibrated_on: bool = False


class Agreement(_Kept):
    """What is kept of `diptych correlate … --json`."""

    name: str
    participants: dict[str, int]
    score: str
    sessions: int
    answers: int
    correlation: Correlations | None
    ceilings: Ceilings | None
    units: tuple[Unit, ...]

    @field_validator("units")
    @classmethod
    def _some_have_both(cls, units: tuple[Unit, ...]) -> tuple[Unit, ...]:
        if not any(unit.mis is not None for unit in units):
            raise ValueError("no unit has both scores")
        return units


KINDS: dict[str, type[_Kept]] = {"tracing": Tracing, "agreement": Agreement}


@dataclass(frozen=True)
class Result:
    """A result as it is kept.

    Attributes
    ----------
    name : str
        By which it is replaced and removed.
    kind : str
        Tracing or agreement.
    study : str
        The name of the data that it was computed from.
    data : dict[str, Any]
        What its figure needs.
    id, created_at : int
        Its row, and when it was added (ms since 1970-01-01 UTC); 0 before.
    """

    name: str
    kind: str
    study: str
    data: dict[str, Any]
    id: int = 0
    created_at: int = 0


def read_file(file: Path, name: str | None = None) -> Result:
    """Read a result from a JSON file; its name is the file's, without a given one.

    Raises
    ------
    ResultFault
        When it is neither kind, or was written by an older version.
    """
    if file.stat().st_size > MOST_BYTES:
        raise ResultFault(f"{file}: larger than {MOST_BYTES // 2**20} MiB")
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as fault:
        raise ResultFault(f"{file}: not JSON ({fault})") from None
    kind = _kind_of(raw)
    if kind is None:
        raise ResultFault(
            f"{file}: neither a result of `diptych trace … --json` nor of "
            "`diptych correlate … --json`"
        )
    try:
        kept = KINDS[kind].model_validate(raw)
    except ValidationError as fault:
        first = fault.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        again = "trace" if kind == "tracing" else "correlate"
        raise ResultFault(
            f"{file}: {where}: {first['msg']}; run `diptych {again} … --json` again"
        ) from None
    data = kept.model_dump(mode="json", by_alias=True)
    return Result((name or file.stem)[:128], kind, data["name"], data)


def read_folder(folder: Path) -> list[Result]:
    """Return every result among the JSON files of a folder, by name.

    Raises
    ------
    ResultFault
        When there is none, or two have the same name.
    """
    found = []
    for file in sorted(folder.rglob("*.json")):
        try:
            raw = json.loads(file.read_text(encoding="utf-8"))
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
            continue
        if _kind_of(raw) is not None:
            found.append(read_file(file))
    names = [result.name for result in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ResultFault(f"{folder}: two results have the name {twice}.json; add them one by one")
    if not found:
        raise ResultFault(
            f"{folder}: no JSON in it is a result of `diptych trace` or `diptych correlate`"
        )
    return found


def _kind_of(raw: Any) -> str | None:
    if isinstance(raw, dict) and isinstance(raw.get("models"), dict) and "split_count" in raw:
        return "tracing"
    if isinstance(raw, dict) and "correlation" in raw and "units" in raw:
        return "agreement"
    return None


def add(study_id: int, result: Result, user: User | None) -> bool:
    """Keep a result; one of the same name is replaced. True when there was one."""
    with writing() as connection:
        replaced = connection.execute(_called(study_id, result.name)).rowcount > 0
        connection.execute(
            insert(ANALYSES).values(
                study_id=study_id,
                kind=result.kind,
                name=result.name,
                created_at=now_ms(),
                data=result.data,
            )
        )
        audit.note(
            user,
            "result.replace" if replaced else "result.add",
            study_id=study_id,
            subject=result.name,
            detail={"kind": result.kind, "data": result.study},
            connection=connection,
        )
    return replaced


def remove(study_id: int, name: str, user: User | None) -> bool:
    """Forget a result; False when there is none of that name."""
    with writing() as connection:
        removed = connection.execute(_called(study_id, name)).rowcount > 0
        if removed:
            audit.note(
                user, "result.remove", study_id=study_id, subject=name, connection=connection
            )
    return removed


def _called(study_id: int, name: str) -> Any:
    return delete(ANALYSES).where(_of(study_id), ANALYSES.c.name == name)


def _of(study_id: int) -> Any:
    """Select the results of a study; the same table holds the crowd's estimates, which are none."""
    return (ANALYSES.c.study_id == study_id) & ANALYSES.c.kind.in_(tuple(KINDS))


def kept_for(study_id: int) -> list[Result]:
    """List the results of a study, the latest first."""
    with reading() as connection:
        rows = connection.execute(
            select(ANALYSES)
            .where(_of(study_id))
            .order_by(ANALYSES.c.created_at.desc(), ANALYSES.c.id.desc())
        ).all()
    return [
        Result(row.name, row.kind, row.data["name"], row.data, row.id, row.created_at)
        for row in rows
    ]


def one_of(study_id: int, result_id: int) -> Result | None:
    """Return one result of a study."""
    return next((result for result in kept_for(study_id) if result.id == result_id), None)
