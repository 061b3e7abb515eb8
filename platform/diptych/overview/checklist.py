"""What to look at before people take a study: one check after the other, each a pure function."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from urllib.parse import urlsplit

from diptych import policies, tasks
from diptych.authoring.scaffold import template_texts
from diptych.overview.checks import ENOUGH_SESSIONS, PLATFORMS, Check, Given, State
from diptych.tasks.browser_plugin import PluginMissing, is_own, plugin_of

#: Least and fair pay an hour by currency. GBP and USD: Prolific's payment principles (the least
#: that it allows, and what it recommends).
PAY_PER_HOUR = {"GBP": (6.0, 9.0), "USD": (8.0, 12.0)}
#: A study takes longer than it says when the median is beyond so many times what it says …
TOO_LONG = 1.25
#: … and says too much when the median is below so many times that.
TOO_SHORT = 0.5
_EXAMPLE_CODE = re.compile(r"(?i)^(example\d*|code\d*|c\d?abcdef|x+|…|\.{3}|todo)$")
#: Policies that a policy that teaches is compared with.
CONTROLS = ("random", "balanced")
_LOCAL = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 (compared with, not bound to)


def checklist(given: Given) -> list[Check]:
    """Run every check that concerns the study, in the order in which a researcher works."""
    return [check for find in CHECKS for check in find(given)]


def prolific_limit(minutes: float) -> int:
    """Return minutes after which Prolific by default times a submission out: 2 + x + 2 sqrt(x)."""
    return math.ceil(2 + minutes + 2 * math.sqrt(minutes))


def pay_per_hour(reward: float, minutes: float) -> float:
    """Return the reward (major units) for a number of minutes as an hourly rate."""
    return reward * 60 / minutes


def is_example_code(code: str) -> bool:
    """Say whether a completion code is one of those that files and pages show as an example."""
    return bool(_EXAMPLE_CODE.match(code.strip()))


def _consent(given: Given) -> Iterator[Check]:
    yield _text(given, "consent", "Consent text", "the text that your ethics board approved")


def _contact(given: Given) -> Iterator[Check]:
    contact = given.content.spec.contact.strip()
    title = "Contact"
    if not contact:
        yield Check(
            "contact",
            "missing",
            title,
            "The study has no contact.",
            "Set `contact` to a name and an e-mail address.",
        )
    elif "@example." in contact or contact.lower().startswith("your name"):
        yield Check(
            "contact", "missing", title, f"{contact} is an example.", "Set `contact` to your own."
        )
    else:
        yield Check("contact", "done", title, contact)


def _instructions(given: Given) -> Iterator[Check]:
    yield _text(given, "instructions", "Instructions", "the instructions of your task")


def _debrief(given: Given) -> Iterator[Check]:
    yield _text(given, "debrief", "Debrief", "a text about the purpose of the study")


def _text(given: Given, name: str, title: str, wanted: str) -> Check:
    text = given.content.texts.get(name, "").strip()
    if not text:
        return Check(name, "missing", title, "The text is empty.", f"Write {name}.md.")
    if text in template_texts(name) or "replace this text" in text.lower():
        found = "The text is still the text of the template."
        return Check(
            name, "missing", title, found, f"Replace the content of {name}.md with {wanted}."
        )
    pages = len([page for page in re.split(r"(?m)^---\s*$", text) if page.strip()])
    extent = f"{len(text.split())} words" + (f" on {pages} pages" if pages > 1 else "")
    return Check(name, "done", title, f"{extent}.")


def _time(given: Given) -> Iterator[Check]:
    told, measured, n = given.content.spec.minutes, given.median_minutes, given.timed_sessions
    title = "Duration"
    if measured is None or n < ENOUGH_SESSIONS:
        of = "1 completed session" if n == 1 else f"{n or 'no'} completed sessions"
        yield Check(
            "duration",
            "look",
            title,
            f"The page says {told:g} min; {of} of people to compare it with.",
            "Run a pilot with a few people: pay and time limits depend on this duration.",
        )
        return
    found = f"The page says {told:g} min; the median of {n} sessions is {measured:.1f} min."
    if measured > told * TOO_LONG:
        advice = f"Set `minutes` to {math.ceil(measured)}, and adapt the reward."
        yield Check("duration", "look", title, found, advice)
    elif measured < told * TOO_SHORT:
        advice = (
            f"Set `minutes` to {max(math.ceil(measured), 1)}: a shorter duration attracts more "
            "participants."
        )
        yield Check("duration", "look", title, found, advice)
    else:
        yield Check("duration", "done", title, found)


def _time_limit(given: Given) -> Iterator[Check]:
    spec, title = given.content.spec, "Time limit"
    found = f"A break may last up to {spec.recruitment.resume_within_minutes:g} min."
    if "prolific" not in given.recruiters:
        yield Check("time_limit", "done", title, f"None. {found}")
        return
    limit, needed = prolific_limit(spec.minutes), given.minutes
    found = f"Prolific's default for {spec.minutes:g} min is {limit} min. {found}"
    advice = (
        f"Half of the sessions take more than {needed:.1f} min: raise `minutes`, or raise the limit"
    )
    if limit < needed:
        yield Check("time_limit", "missing", title, found, f"{advice}.")
    elif limit < needed * 1.5:
        yield Check(
            "time_limit",
            "look",
            title,
            found,
            f"{advice} on Prolific, so that slow participants can finish.",
        )
    else:
        yield Check("time_limit", "done", title, found)


def _pay(given: Given) -> Iterator[Check]:
    payment, title = given.content.spec.payment, "Pay"
    if not payment.reward:
        platform = any(name in PLATFORMS for name in given.recruiters)
        state: State = "missing" if platform else "look"
        advice = (
            "Set `[payment] reward`."
            if platform
            else "Say in the consent text that participants are not paid."
        )
        yield Check("pay", state, title, "The reward is 0.", advice)
        return
    hourly = pay_per_hour(payment.reward, given.minutes)
    found = (
        f"{payment.reward:.2f} {payment.currency} for {given.minutes:.3g} min: {hourly:.2f} "
        f"{payment.currency} per hour."
    )
    least, fair = PAY_PER_HOUR.get(payment.currency, (0.0, 0.0))
    least, fair = (given.pay_floor, 0.0) if given.pay_floor else (least, fair)

    def amount(rate: float) -> str:
        # Rounded first: 9 GBP for 12 min are 1.80, not a penny more for a last bit.
        needed = math.ceil(round(rate * given.minutes / 60 * 100, 6)) / 100
        return f"{needed:.2f} {payment.currency} ({rate:g} per hour)"

    if not least:
        advice = f"Diptych knows no minimum pay for {payment.currency}: set DIPTYCH_PAY_FLOOR."
        yield Check("pay", "look", title, found, advice)
    elif round(hourly, 2) < least:
        better = f"; {amount(fair)} is recommended" if fair else ""
        yield Check("pay", "missing", title, found, f"Pay at least {amount(least)}{better}.")
    elif round(hourly, 2) < fair:
        yield Check("pay", "look", title, found, f"{amount(fair)} is recommended.")
    else:
        yield Check("pay", "done", title, found)


def _codes(given: Given) -> Iterator[Check]:
    if "prolific" not in given.recruiters:
        return
    title = "Completion codes"
    codes = {k: v for k, v in given.content.spec.recruitment.of("prolific").items() if v}
    examples = [code for code in codes.values() if is_example_code(code)]
    if not codes:
        yield Check(
            "codes",
            "missing",
            title,
            "No codes are set.",
            "Add the codes of your Prolific study to `[recruitment.prolific]`.",
        )
    elif examples:
        found = f"{', '.join(examples)}: these are examples, which Prolific does not know."
        advice = "Replace them with the codes of your Prolific study."
        yield Check("codes", "missing", title, found, advice)
    elif len(set(codes.values())) < len(codes):
        advice = "Use a different code for each outcome: Prolific acts by the code."
        yield Check("codes", "look", title, "Several outcomes share one code.", advice)
    else:
        found = f"{len(codes)} codes: {', '.join(key.replace('_', ' ') for key in codes)}."
        yield Check("codes", "done", title, found)


def _parts(given: Given) -> Iterator[Check]:
    """Remind of what a study of several parts needs outside this host."""
    spec = given.content.spec
    for number, part in enumerate(spec.part, 2):
        title = f"Part {number}"
        found = (
            f"Opens {part.after_days:g} days after the first part, for {part.window_days:g} days; "
            f"{part.reward:g} {spec.payment.currency}."
        )
        codes = spec.of_part(number).recruitment.of("prolific")
        if "prolific" in given.recruiters and is_example_code(str(codes.get("completed", ""))):
            advice = "Replace the completion code of this part with that of its Prolific study."
            yield Check(f"part{number}", "missing", title, found, advice)
        elif part.window_days < 1:
            advice = "Participants live in many time zones: a window of a day or more fits all."
            yield Check(f"part{number}", "look", title, found, advice)
        else:
            yield Check(f"part{number}", "done", title, found)


def _excluded(given: Given) -> Iterator[Check]:
    names = given.content.spec.recruitment.exclude_studies
    if not names:
        return
    title = "Excluded studies"
    unknown = [name for name in names if name not in given.studies]
    if not unknown:
        found = f"Participants who entered {' or '.join(names)} cannot take this study."
        yield Check("excluded", "done", title, found)
        return
    near = [
        f"{name!r} is similar to {likely[0]!r}"
        for name in unknown
        if (likely := get_close_matches(name, given.studies, n=1))
    ]
    yield Check(
        "excluded",
        "missing",
        title,
        f"This host has no study {' or '.join(map(repr, unknown))}, so this excludes nobody.",
        "Correct the names in `[recruitment] exclude_studies`; `diptych study list` shows "
        "them." + (f" {'; '.join(near)}." if near else ""),
    )


def _usable(given: Given) -> Iterator[Check]:
    """Compare the usable sessions with the wanted ones, once a session is excluded."""
    if not given.excluded:
        return
    rules = given.content.spec.recruitment
    usable = given.completed - given.excluded
    found = (
        f"{usable} of {rules.participants} usable: {given.completed} completed, "
        f"{given.excluded} of them excluded."
    )
    if rules.replace_excluded:
        yield Check("usable", "done", "Usable sessions", f"{found} New participants replace them.")
    else:
        advice = (
            "Excluded sessions keep their places. To replace them with new participants, set "
            "`[recruitment] replace_excluded = true`."
        )
        yield Check("usable", "look", "Usable sessions", found, advice)


def _catch(given: Given) -> Iterator[Check]:
    spec = given.content.spec
    if "catch" not in tasks.REGISTRY.get(spec.task.name).phases:
        return
    catch = spec.trials("catch")
    if catch:
        yield Check("catch", "done", "Catch trials", f"{catch} per session.")
    else:
        advice = (
            "Set `[phases] catch`: catch trials show which participants did not look at the images."
        )
        yield Check("catch", "look", "Catch trials", "None.", advice)


def _control_arm(given: Given) -> Iterator[Check]:
    """Look for an arm that a policy that teaches can be compared with."""
    spec, title = given.content.spec, "Control condition"
    arms = [
        (condition.policy or spec.policy).name for condition in spec.conditions if condition.weight
    ]
    teachers = sorted({name for name in arms if policies.REGISTRY.get(name).teaches})
    if not teachers:
        return
    controls = [name for name in CONTROLS if name in arms]
    if controls:
        found = f"{' and '.join(teachers)} beside {' and '.join(controls)}."
        yield Check("control", "done", title, found)
    else:
        yield Check(
            "control",
            "look",
            title,
            f"All participants learn from {' or '.join(teachers)}: there is no condition to "
            "compare with.",
            'Add `[[conditions]]` for the policy, and another with `policy = { name = "random" }`.',
        )


def _quality(given: Given) -> Iterator[Check]:
    quality, title = given.content.spec.quality, "Quality rules"
    rules = quality.model_dump(exclude_none=True, exclude={"auto"})
    if rules:
        count = f"{len(rules)} threshold{'s' if len(rules) > 1 else ''}"
        alone = "all rules only flag"
        if quality.auto:
            alone = f"{', '.join(quality.auto)} excludes automatically, all others only flag"
        yield Check("quality", "done", title, f"{count}; {alone}.")
    else:
        advice = "Set thresholds in `[quality]` before you see any data."
        yield Check("quality", "look", title, "No threshold is set.", advice)


def _address(given: Given) -> Iterator[Check]:
    parts = urlsplit(given.base_url)
    local = (parts.hostname or "") in _LOCAL
    if parts.scheme == "https" and not local:
        yield Check("address", "done", "Address", given.base_url)
        return
    platform = any(name in PLATFORMS for name in given.recruiters)
    found = f"{given.base_url} " + ("works only on this machine." if local else "is not encrypted.")
    advice = "Put the host behind HTTPS and set DIPTYCH_BASE_URL."
    yield Check("address", "missing" if platform or not local else "look", "Address", found, advice)


def _token(given: Given) -> Iterator[Check]:
    if "prolific" not in given.recruiters:
        return
    title = "Prolific token"
    if given.prolific_token:
        yield Check(
            "token", "done", title, "Set. The host checks arrivals and can pay submissions."
        )
    else:
        found = "Not set. Anyone can invent a Prolific id, and the host cannot pay."
        yield Check("token", "look", title, found, "Set DIPTYCH_PROLIFIC_TOKEN.")


def _plugin(given: Given) -> Iterator[Check]:
    task = given.content.spec.task.name
    title = "Browser plugin"
    try:
        if plugin_of(task) is not None:
            yield Check("plugin", "done", title, f"The package of the task {task!r} brings it.")
        elif not is_own(task):
            found = f"The task {task!r} of another package names no plugin."
            advice = "Set `plugin` in its class, unless your copy of Diptych bundles it."
            yield Check("plugin", "look", title, found, advice)
    except PluginMissing as fault:
        yield Check("plugin", "missing", title, str(fault), "Install the package again.")


def _bundle(given: Given) -> Iterator[Check]:
    title = "Participant's page"
    if given.bundle:
        yield Check("bundle", "done", title, "The page is bundled.")
    else:
        advice = "Run `make frontend`; an installed wheel contains the page."
        yield Check("bundle", "missing", title, "The page is not bundled.", advice)


CHECKS: tuple[Callable[[Given], Iterator[Check]], ...] = (
    _consent,
    _instructions,
    _debrief,
    _contact,
    _time,
    _time_limit,
    _pay,
    _catch,
    _control_arm,
    _quality,
    _codes,
    _parts,
    _excluded,
    _usable,
    _token,
    _address,
    _plugin,
    _bundle,
)
