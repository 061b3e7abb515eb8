"""What participants of a version will see, for whoever made it: every page, and trials drawn."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from diptych.ground.plugins import UnknownPlugin
from diptych.host import Host, generator
from diptych.journey.questionnaires import questions_of
from diptych.journey.state import image_url
from diptych.journey.step_order import steps_of
from diptych.policies import Past
from diptych.recruiters import Recruiter
from diptych.study import texts
from diptych.study.content import StudyContent
from diptych.study.questionnaire import STEPS, as_markdown
from diptych.study.spec import Question
from diptych.tasks import Answered, PlannedTrial, PractiseAgain, Tally, Task
from diptych.tasks.explained import ExplainedAnswer, explained_answer

#: Images of previews are named for a session that nobody has.
NO_SESSION = ""
_ENDINGS = ("completed", "screened_out", "declined", "timed_out", "returned")
_NOTICES = ("practice", "practice_again", "half_way", "phase_change")
_TITLES = {
    "consent": "Consent",
    "instructions": "Instructions",
    "comprehension": "Comprehension questions",
    "questions_before": "Questions before the trials",
    "questions_after": "Questions after the trials",
    "feedback": "Feedback",
    "debrief": "Debrief",
    "practice": "Before practice",
    "practice_again": "Before more practice",
    "half_way": "Half-way",
    "phase_change": "Before the next part",
    "completed": "End: completed",
    "screened_out": "End: screened out",
    "declined": "End: did not consent",
    "timed_out": "End: came back too late",
    "returned": "End: returned",
}


@dataclass(frozen=True)
class Page:
    """One page as participants see it.

    Attributes
    ----------
    name : str
        Of the text (`consent`, `half_way`, `declined`, …).
    title : str
        For the researcher.
    html : tuple[str, ...]
        Its parts; instructions have one a page. Safe: made from Markdown without raw HTML.
    own : bool
        Whether the study brings the text, rather than the host's default.
    questions : tuple[Question, ...]
        Of the page `comprehension`; with the right answers.
    exits : tuple[tuple[str, str | None], ...]
        (recruiter, address or None) the participant is sent on to from here.
    """

    name: str
    title: str
    html: tuple[str, ...]
    own: bool
    questions: tuple[Question, ...] = ()
    exits: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True)
class ShownImages:
    """Images of a trial that stand together: `top`, `positive`, … with their labels."""

    name: str
    urls: tuple[str, ...]


@dataclass(frozen=True)
class ShownTrial:
    """One trial as a participant would get it, and what only the server knows.

    Attributes
    ----------
    index : int
        0-based place in the session.
    phase : str
        practice, training, test or catch.
    images : tuple[ShownImages, ...]
        In the order in which the task names them.
    facts : Mapping[str, str]
        What else the browser is shown, e.g. the question and the classes.
    truth : Mapping[str, str]
        What it is not: label, item, attributes of the item.
    explained : ExplainedAnswer | None
        What feedback shows after a wrong answer; None where nothing beside the true class.
    """

    index: int
    phase: str
    images: tuple[ShownImages, ...]
    facts: Mapping[str, str] = field(default_factory=dict)
    truth: Mapping[str, str] = field(default_factory=dict)
    explained: ExplainedAnswer | None = None


def pages(host: Host, version_id: int, content: StudyContent, part: int = 1) -> list[Page]:
    """Return every page beside the trials, in the order in which participants may meet them.

    `content` is the study as the part shows it.
    """
    steps = steps_of(content)
    # The calibration has no text of the study.
    before = [step for step in steps[: steps.index("trials")] if step != "calibration"]
    after = [step for step in steps[steps.index("trials") + 1 :] if step != "end"]
    notices = _notices(host, version_id, content, part)
    names = [*before, *(name for name in _NOTICES if name in notices), *after, *_ENDINGS]
    return [_page(host, content, name) for name in names]


def _notices(host: Host, version_id: int, content: StudyContent, part: int) -> set[str]:
    """List the notices that can come between trials, in any condition."""
    found: set[str] = set()
    for condition in content.spec.conditions:
        task, rng = host.task(version_id, condition.name, part), generator(1, "plan")
        plan = task.plan(host.policy(content, condition.name), rng)
        if any(trial.phase == "practice" for trial in plan):
            after = task.after_practice(1, 1, rng)
            if isinstance(after, PractiseAgain):
                plan = [*plan, *after.trials]
        found |= {trial.notice for trial in plan if trial.notice}
    return found


def _page(host: Host, content: StudyContent, name: str) -> Page:
    if name == "comprehension":
        return Page(name, _TITLES[name], (), True, content.spec.comprehension)
    prefix = host.settings.prefix
    if name in STEPS:
        html = [texts.html(as_markdown(each), prefix) for each in questions_of(content, name)]
        return Page(name, _TITLES[name], tuple(lowered(each) for each in html), True)
    if name == "instructions":
        html = texts.pages(content, name, prefix)
    else:
        html = [texts.text(content, name, prefix)]
    exits = tuple(_exits(host, content, name)) if name in _ENDINGS else ()
    return Page(
        name,
        _TITLES[name],
        tuple(lowered(each) for each in html),
        name in content.texts,
        exits=exits,
    )


def _exits(host: Host, content: StudyContent, outcome: str) -> Iterator[tuple[str, str | None]]:
    """Yield where each recruiter of the study sends a participant from an ending."""
    for name in content.spec.recruitment.recruiters:
        leaving = recruiter_of(host, content, name)
        way = None if leaving is None else leaving.leave(outcome, leaving.example())
        yield name, None if way is None else str(way.get("url") or way.get("action") or way["code"])


def recruiter_of(host: Host, content: StudyContent, name: str) -> Recruiter | None:
    """Make a recruiter of the study; None without its plug-in or its parameters."""
    try:
        return host.recruiter(content, name)
    except (UnknownPlugin, ValueError):  # ValueError: of pydantic, for the parameters
        return None


_HEADING = re.compile(r"<(/?)h([1-6])>")


def lowered(html: str, by: int = 2) -> str:
    """Lower the headings of a text's HTML, to be below those of another page."""
    return _HEADING.sub(lambda m: f"<{m[1]}h{min(int(m[2]) + by, 6)}>", html)


def trials(
    host: Host,
    version_id: int,
    content: StudyContent,
    condition: str,
    seed: int,
    count: int,
    part: int = 1,
) -> list[ShownTrial]:
    """Plan a session from a seed; show some of its trials, of every phase at least one.

    Parameters
    ----------
    host : Host
        The host.
    version_id : int
        The version.
    content : StudyContent
        Its content, as the part shows it.
    condition : str
        Whose task and policy plan the session.
    seed : int
        Any number: the same one gives the same trials.
    count : int
        How many; there may be fewer in a session.
    part : int, optional
        Part of the study. Nobody has seen the earlier parts: a later one shows any item.
    """
    task = host.task(version_id, condition, part)
    policy = host.policy(content, condition)
    plan = task.plan(policy, generator(seed, "plan"))
    history: list[Past] = []
    for index, trial in enumerate(plan if policy.adaptive else ()):
        # As if every answer were right: what an adaptive policy shows depends on the answers.
        if trial.item is None:
            rng = generator(seed, f"trial {index}")
            found = task.choose_before(trial.phase, policy, history, rng, plan[index + 1 :])
            if found is None:  # the policy is finished: what it has not chosen is left out
                plan = [each for each in plan if each.item is not None]
                break
            trial = plan[index] = replace(trial, item=found.item)
        history.append(task.past(trial, Answered(correct=True)))
    return [_shown(host, version_id, task, seed, i, plan[i]) for i in _pick(plan, seed, count)]


def _pick(plan: Sequence[PlannedTrial], seed: int, count: int) -> list[int]:
    """Pick indices of some trials, in order: one per phase first, then any."""
    rng = random.Random(f"{seed}:preview")
    by_phase = groupby(
        sorted(range(len(plan)), key=lambda i: plan[i].phase), lambda i: plan[i].phase
    )
    chosen = [rng.choice(list(indices)) for _, indices in by_phase][:count]
    left = [i for i in range(len(plan)) if i not in chosen]
    return sorted(chosen + rng.sample(left, min(count - len(chosen), len(left))))


def _shown(
    host: Host, version_id: int, task: Task, seed: int, index: int, trial: PlannedTrial
) -> ShownTrial:
    def url(place: int) -> str:
        return image_url(host, NO_SESSION, version_id, place)

    urls = {url(place) for place in task.places(trial)}
    images, facts = list[ShownImages](), dict[str, str]()
    for name, value in task.show(trial, seed, url, Tally(0, 0)).items():
        listed = value if isinstance(value, list) else [value]
        if listed and all(isinstance(each, str) and each in urls for each in listed):
            images.append(ShownImages(name, tuple(listed)))
        elif value is not None and not isinstance(value, dict):
            facts[name.replace("_", " ")] = ", ".join(map(str, listed))
    known = {**task.describe(trial), **_attributes(task, trial)}
    if known.get("item_id") == known.get("stimulus_id"):
        known.pop("item_id", None)  # a stimulus shown by itself
    truth = {
        name.replace("_", " "): str(value)[:12] if name == "stimulus_id" else str(value)
        for name, value in known.items()
        if value not in (None, "")
    }
    wrong = task.wrong_answer(trial, seed)
    explained = None if wrong is None else explained_answer(task, trial, wrong)
    return ShownTrial(index, trial.phase, tuple(images), facts, truth, explained)


def _attributes(task: Task, trial: PlannedTrial) -> dict[str, Any]:
    """Return the file and attributes of what is shown, where it is one stimulus or one item."""
    described = task.describe(trial)
    item = task.content.items.get(str(described.get("item_id")))
    if item is not None:
        return dict(item.attributes)
    places = task.places(trial)
    if len(places) != 1:
        return {}
    stimulus = task.content.stimuli[places[0]]
    return {"file": stimulus.file, **stimulus.attributes}
