"""What `diptych` prints for an error that the user can fix."""

from __future__ import annotations

from diptych.cli import needs


def error_message(error: Exception) -> str | None:
    """Return the message for an error.

    Parameters
    ----------
    error : Exception
        What a command has raised.

    Returns
    -------
    str or None
        What went wrong, in words. None for an error that only its stack trace explains.
    """
    if isinstance(error, ModuleNotFoundError):
        if (error.name or "diptych").startswith("diptych"):
            return None
        return needs(error.name or "a package")
    if isinstance(error, OSError):
        where = "" if error.filename is None else f"{str(error.filename)[:300]}: "
        return f"{where}{error.strerror or error}"

    from diptych.ground.settings import SettingsFault
    from diptych.study.faults import StudyFault

    if isinstance(error, SettingsFault | StudyFault):
        return str(error)

    from sqlalchemy.exc import ArgumentError, OperationalError

    from diptych.migrate import BehindFault
    from diptych.study.versions import UnknownStudy

    if isinstance(error, BehindFault):
        return str(error)
    if isinstance(error, UnknownStudy):
        return f"no open study {str(error)!r} on this host; `diptych study list` shows all studies"
    if isinstance(error, ArgumentError | OperationalError):
        # Neither the statement nor its parameters, which may be somebody's.
        reason = str(getattr(error, "orig", None) or error).strip()
        return f"the database (DIPTYCH_DATABASE_URL) failed: {reason}"
    return None
