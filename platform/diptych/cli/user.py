"""`diptych user …`: accounts of researchers, from the machine the host runs on."""

from __future__ import annotations

import sys

import click

from diptych.cli import Commands
from diptych.cli.context import with_app
from diptych.cli.json_output import emit, json_option

ROLES = ("viewer", "editor", "owner")


@click.group(cls=Commands)
def user() -> None:
    """Accounts of researchers: add, list, give roles, make one-time links."""


@user.command(short_help="Make an account, and a link to set its password.")
@click.argument("name")
@click.option(
    "--admin", is_flag=True, help="Make an administrator, who owns every study and adds users."
)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@with_app
def add(name: str, admin: bool, password_stdin: bool) -> None:
    """Make an account, and a one-time link with which its owner sets a password."""
    from diptych.accounts import administration, links
    from diptych.accounts.users import AccountFault

    password = None
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    try:
        made = administration.add(name, by=None, is_admin=admin, password=password)
    except AccountFault as fault:
        raise click.ClickException(str(fault)) from None
    click.echo(f"{made.name} has an account now.")
    if password is None:
        show_link(links.make(made))


@user.command("list")
@json_option
@with_app
def list_accounts(as_json: bool) -> None:
    """List the accounts."""
    from diptych.accounts import administration

    found = administration.accounts()
    if as_json:
        emit(
            [
                {
                    "user": one.user.name,
                    "admin": one.user.is_admin,
                    "studies": one.studies,
                    "disabled": one.disabled_at is not None,
                    "has_password": one.has_password,
                }
                for one in found
            ]
        )
        return
    if not found:
        click.echo("No users yet. `diptych user add NAME --admin` makes the first.")
    for one in found:
        states = [
            "administrator" if one.user.is_admin else f"{one.studies} studies",
            *(["disabled"] if one.disabled_at else []),
            *([] if one.has_password else ["no password yet"]),
        ]
        click.echo(f"{one.user.name:24} {', '.join(states)}")


@user.command()
@click.argument("name")
@click.argument("study")
@click.argument("role", type=click.Choice([*ROLES, "none"]))
@with_app
def role(name: str, study: str, role: str) -> None:
    """Give NAME a role in STUDY; `none` removes the role."""
    from diptych.accounts import administration
    from diptych.accounts.users import AccountFault

    try:
        found, study_id = administration.any_user(name), administration.study_id(study)
        administration.give_role(found, study_id, None if role == "none" else role, by=None)
    except AccountFault as fault:
        raise click.ClickException(str(fault)) from None
    said = f"no longer has a role in {study}" if role == "none" else f"is {role} of {study} now"
    click.echo(f"{found.name} {said}.")


@user.command(short_help="Make a one-time link to set a new password.")
@click.argument("name")
@with_app
def link(name: str) -> None:
    """Make a one-time link with which NAME sets a new password. Older links stop working."""
    from diptych.accounts import links
    from diptych.accounts.users import find_user

    found = find_user(name)
    if found is None:
        raise click.ClickException(
            f"no user {name!r}, or the account is disabled: see `diptych user list`"
        )
    show_link(links.make(found))


@user.command()
@click.argument("name")
@with_app
def disable(name: str) -> None:
    """Disable the account of NAME.

    NAME is logged out, and the tokens of the account stop working. Nothing is deleted.
    """
    from diptych.accounts import administration
    from diptych.accounts.users import AccountFault

    try:
        found = administration.any_user(name)
        administration.disable(found, by=None)
    except AccountFault as fault:
        raise click.ClickException(str(fault)) from None
    click.echo(f"{found.name} can no longer log in.")


@user.command()
@click.argument("name")
@with_app
def enable(name: str) -> None:
    """Enable the account of NAME again."""
    from diptych.accounts import administration
    from diptych.accounts.users import AccountFault

    try:
        found = administration.any_user(name)
    except AccountFault as fault:
        raise click.ClickException(str(fault)) from None
    administration.enable(found, by=None)
    click.echo(f"{found.name} can log in again.")


def first_link(base_url: str) -> str | None:
    """Make the address that creates the first administrator; None when there are users."""
    from diptych.accounts import links

    if not links.nobody_yet():
        return None
    return links.link_address(base_url, links.make(None))


def show_link(token: str) -> None:
    """Print the address of a one-time link."""
    from diptych.accounts.links import VALID_MS, link_address
    from diptych.host import host

    click.echo(
        f"Open this link to set a password. It works once, within {VALID_MS // 3600000} hours:"
    )
    click.echo(f"  {link_address(host().settings.base_url, token)}")
