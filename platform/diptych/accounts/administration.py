"""What administrators and owners change about other people, each change with its audit entry."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from diptych.accounts import audit, logins
from diptych.accounts.users import (
    ROLES,
    AccountFault,
    User,
    insert_user,
    password_hash,
    put_role,
    user_from,
)
from diptych.domain.tables import LOGINS, MEMBERSHIPS, STUDIES, USERS
from diptych.ground.database import now_ms, reading, writing


@dataclass(frozen=True)
class Account:
    """One line of the list of users."""

    user: User
    created_at: int
    disabled_at: int | None
    has_password: bool
    last_seen_at: int | None
    studies: int


def accounts() -> list[Account]:
    """List every user, disabled ones too, by name."""
    seen = (
        select(func.max(LOGINS.c.last_seen_at))
        .where(LOGINS.c.user_id == USERS.c.id)
        .scalar_subquery()
    )
    studies = (
        select(func.count())
        .select_from(MEMBERSHIPS)
        .where(MEMBERSHIPS.c.user_id == USERS.c.id)
        .scalar_subquery()
    )
    with reading() as connection:
        rows = connection.execute(
            select(USERS, seen.label("seen"), studies.label("studies")).order_by(USERS.c.name)
        ).all()
    return [
        Account(
            user_from(row),
            row.created_at,
            row.disabled_at,
            row.password_hash is not None,
            row.seen,
            row.studies,
        )
        for row in rows
    ]


def add(name: str, *, by: User | None, is_admin: bool = False, password: str | None = None) -> User:
    """Make an account; without a password it needs a one-time link.

    Raises
    ------
    AccountFault
        When the name is taken or malformed, or the password too short.
    """
    hashed = None if password is None else password_hash(password)
    with writing() as connection:
        user = insert_user(connection, name, hashed, is_admin=is_admin)
        detail = {"admin": True} if is_admin else {}
        audit.note(by, "user.add", subject=user.name, detail=detail, connection=connection)
    return user


def any_user(name: str) -> User:
    """Find the user of a name, disabled or not.

    Raises
    ------
    AccountFault
        When there is none.
    """
    with reading() as connection:
        row = connection.execute(
            select(USERS).where(USERS.c.name == name.strip().lower())
        ).one_or_none()
    if row is None:
        raise AccountFault(f"no user {name!r}")
    return user_from(row)


def disable(user: User, *, by: User | None) -> None:
    """Close an account: its log-ins end, its tokens and links open nothing. Nothing is deleted.

    Raises
    ------
    AccountFault
        When it is one's own, or the last administrator's.
    """
    if by is not None and by.id == user.id:
        raise AccountFault("You cannot disable your own account. Ask another administrator.")
    with writing() as connection:
        _keep_an_admin(connection, user)
        connection.execute(
            update(USERS)
            .where(USERS.c.id == user.id, USERS.c.disabled_at.is_(None))
            .values(disabled_at=now_ms())
        )
        logins.end_all(user, connection=connection)
        audit.note(by, "user.disable", subject=user.name, connection=connection)


def enable(user: User, *, by: User | None) -> None:
    """Open a disabled account again."""
    with writing() as connection:
        connection.execute(update(USERS).where(USERS.c.id == user.id).values(disabled_at=None))
        audit.note(by, "user.enable", subject=user.name, connection=connection)


def set_admin(user: User, is_admin: bool, *, by: User | None) -> None:
    """Make somebody an administrator, or no longer one.

    Raises
    ------
    AccountFault
        When nobody would be left.
    """
    with writing() as connection:
        if not is_admin:
            _keep_an_admin(connection, user)
        connection.execute(update(USERS).where(USERS.c.id == user.id).values(is_admin=is_admin))
        verb = "user.make_admin" if is_admin else "user.unmake_admin"
        audit.note(by, verb, subject=user.name, connection=connection)


def give_role(user: User, study_id: int, role: str | None, *, by: User | None) -> None:
    """Give a user a role in a study, or take it away with None.

    Raises
    ------
    AccountFault
        When there is no such role, or the study would lose its last owner.
    """
    if role is not None and role not in ROLES:
        raise AccountFault(f"{role!r} is not a role; allowed are {', '.join(ROLES)}")
    with writing() as connection:
        owners = connection.scalars(
            select(MEMBERSHIPS.c.user_id)
            .where(MEMBERSHIPS.c.study_id == study_id, MEMBERSHIPS.c.role == "owner")
            .with_for_update()
        ).all()
        if role != "owner" and list(owners) == [user.id]:
            raise AccountFault(
                f"{user.name} is the only owner of this study: make another user an owner first."
            )
        put_role(connection, user, study_id, role)
        audit.note(
            by,
            "member.role",
            study_id=study_id,
            subject=user.name,
            detail={"role": role},
            connection=connection,
        )


def members(study_id: int) -> list[tuple[User, str, bool]]:
    """List user, role and whether the account is disabled, of all with a role in a study."""
    with reading() as connection:
        rows = connection.execute(
            select(USERS, MEMBERSHIPS.c.role)
            .join(MEMBERSHIPS, MEMBERSHIPS.c.user_id == USERS.c.id)
            .where(MEMBERSHIPS.c.study_id == study_id)
            .order_by(USERS.c.name)
        ).all()
    return [(user_from(row), row.role, row.disabled_at is not None) for row in rows]


def study_id(name: str) -> int:
    """Find the row of a study.

    Raises
    ------
    AccountFault
        When this host has no such study.
    """
    with reading() as connection:
        found = connection.execute(select(STUDIES.c.id).where(STUDIES.c.name == name)).scalar()
    if found is None:
        raise AccountFault(f"no study {name!r} on this host")
    return int(found)


def _keep_an_admin(connection: Connection, user: User) -> None:
    admins = connection.scalars(
        select(USERS.c.id)
        .where(USERS.c.is_admin.is_(True), USERS.c.disabled_at.is_(None))
        .with_for_update()
    ).all()
    if list(admins) == [user.id]:
        raise AccountFault(
            f"{user.name} is the last administrator: make another administrator first."
        )
