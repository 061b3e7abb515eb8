"""Dashboard: the users of this host, and the members of a study."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for

from diptych.accounts import administration, links
from diptych.accounts.users import ROLES, AccountFault, User, find_user
from diptych.host import host
from diptych.web.dashboard import access as who
from diptych.web.dashboard.access import access, pages
from diptych.web.dashboard.navigation import home

blueprint = pages("users")


@blueprint.get("/users")
@access("admin")
def listing() -> Any:
    """List everybody with an account."""
    return _page()


@blueprint.post("/users")
@access("admin")
def add() -> Any:
    """Add an account, and show the link with which its owner sets a password."""
    name = request.form.get("name", "")
    try:
        made = administration.add(name, by=who.user(), is_admin="admin" in request.form)
    except AccountFault as fault:
        return _page(fault=_sentence(fault), name=name), 422
    return _page(link=_link(made), link_for=made.name), 201


@blueprint.post("/users/<name>/link")
@access("admin")
def new_link(name: str) -> Any:
    """Make another link, for a user who lost the password or missed the first."""
    found = _active(name)
    return _page(link=_link(found), link_for=found.name), 201


@blueprint.post("/users/<name>/disable")
@access("admin")
def disable(name: str) -> Any:
    """Close an account."""
    return _changed(
        lambda u: administration.disable(u, by=who.user()), name, "can no longer log in"
    )


@blueprint.post("/users/<name>/enable")
@access("admin")
def enable(name: str) -> Any:
    """Open it again."""
    return _changed(lambda u: administration.enable(u, by=who.user()), name, "can log in again")


@blueprint.post("/users/<name>/admin")
@access("admin")
def set_admin(name: str) -> Any:
    """Make an administrator of somebody, or no longer one."""
    wanted = request.form.get("admin") == "yes"
    said = "is an administrator now" if wanted else "is no longer an administrator"
    return _changed(lambda u: administration.set_admin(u, wanted, by=who.user()), name, said)


@blueprint.get("/studies/<study>/members")
@access("owner", draft=True)
def members(study: str) -> Any:
    """Show who may see and change this study."""
    return _members_page(study)


@blueprint.post("/studies/<study>/members")
@access("owner", draft=True)
def set_member(study: str) -> Any:
    """Give a role in this study, change it, or take it away."""
    name, role = request.form.get("name", ""), request.form.get("role", "")
    found = find_user(name)
    if found is None and role:
        shown = name.strip() or "without a name"
        return _members_page(study, fault=f"There is no user {shown}.", name=name), 422
    try:
        person = found or administration.any_user(name)
        administration.give_role(person, who.study().id, role or None, by=who.user())
    except AccountFault as fault:
        return _members_page(study, fault=_sentence(fault), name=name), 422
    now = (
        f"{person.name} is {role} of this study now."
        if role
        else f"{person.name} no longer has a role."
    )
    flash(now, "good")
    still = who.user().is_admin or role == "owner" or person.id != who.user().id
    return redirect(f"{home()}/{study}/members" if still else home())


def _changed(change: Any, name: str, said: str) -> Any:
    try:
        found = administration.any_user(name)
    except AccountFault:
        abort(404)
    try:
        change(found)
    except AccountFault as fault:
        return _page(fault=_sentence(fault)), 422
    flash(f"{found.name} {said}.", "good")
    return redirect(url_for("dashboard_users.listing"))


def _active(name: str) -> User:
    found = find_user(name)
    if found is None:
        abort(404)
    return found


def _link(user: User) -> str:
    return links.link_address(host().settings.base_url, links.make(user, by=who.user()))


def _page(**shown: Any) -> str:
    return render_template(
        "dashboard/users.html",
        accounts=administration.accounts(),
        hours=links.VALID_MS // 3_600_000,
        **shown,
    )


def _members_page(study: str, **shown: Any) -> str:
    return render_template(
        "dashboard/members.html",
        members=administration.members(who.study().id),
        roles=ROLES,
        address=f"{home()}/{study}/members",
        **shown,
    )


def _sentence(fault: AccountFault) -> str:
    text = str(fault)
    text = text[:1].upper() + text[1:]
    return text if text.endswith(".") else f"{text}."
