"""The ways through the dashboard: the bar on top, and the sidebar of a study."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, request

from diptych.study.versions import UnknownStudy, current_version, frozen
from diptych.web.dashboard.access import OpenedStudy

#: The list of studies, below the prefix of the host (`diptych.web.prefix`).
HOME = "/dashboard/studies"


def home() -> str:
    """Return the address of the list of studies."""
    return request.script_root + HOME


@dataclass(frozen=True)
class Tab:
    """One entry of the sidebar."""

    title: str
    icon: str
    address: str
    current: bool


# Groups of (title, icon, below the study's address, who may see it).
_GROUPS = (
    (("Overview", "overview", "", "viewer"), ("Live", "live", "live", "viewer")),
    (
        ("Participants", "people", "participants", "viewer"),
        ("Figures", "figures", "figures", "viewer"),
        ("Quality", "quality", "quality", "viewer"),
        ("Parts", "parts", "parts", "viewer"),
    ),
    (
        ("Payments", "payments", "payments", "viewer"),
        ("Recruitment", "recruitment", "recruitment", "viewer"),
        ("Export", "export", "export", "viewer"),
    ),
    (
        ("Opening", "opening", "opening", "viewer"),
        ("Alerts", "alerts", "alerts", "viewer"),
        ("Edit", "edit", "edit", "editor"),
        ("Versions", "versions", "versions", "viewer"),
        ("Members", "members", "members", "owner"),
        ("Shared links", "recruitment", "shared", "owner"),
        ("Audit", "audit", "audit", "owner"),
    ),
)


#: Pages of a study that no version is frozen of.
_OF_DRAFTS = ("opening", "edit", "members", "audit")


def tabs(study: OpenedStudy) -> list[list[Tab]]:
    """Return the sidebar of a study: what this role may open, the open one marked."""
    base = f"{home()}/{study.name}"
    inside = request.path.removeprefix(f"{HOME}/{study.name}").strip("/")
    known = [below for group in _GROUPS for _, _, below, _ in group]
    current = max((b for b in known if _under(inside, b)), key=len)
    return [
        [
            Tab(title, icon, f"{base}/{below}".rstrip("/"), below == current)
            for title, icon, below, role in group
            if study.allows(role) and _is_shown(study, below)
        ]
        for group in _GROUPS
    ]


def _is_shown(study: OpenedStudy, below: str) -> bool:
    """Say whether a study has such a page: a draft has no numbers, and few studies have parts."""
    if not study.is_frozen:
        return below in _OF_DRAFTS
    return below != "parts" or _has_parts(study)


def _has_parts(study: OpenedStudy) -> bool:
    """Say whether the newest version of a study has later parts."""
    try:
        _, version_id, _ = current_version(study.name, preview=True)
    except UnknownStudy:
        return False
    return frozen(version_id).spec.parts > 1


def _under(path: str, below: str) -> bool:
    return below == "" or path == below or path.startswith(f"{below}/")


def attach_to_templates() -> dict[str, object]:
    """Add what base.html needs of it."""
    study = g.get("study")
    return {"study_tabs": tabs(study) if study is not None else [], "home": home()}
