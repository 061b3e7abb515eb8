"""What one running host holds besides the database: settings, signers, and read-only memories."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import lru_cache
from typing import cast

from flask import current_app
from sqlalchemy import Connection

from diptych import policies, recruiters, tasks
from diptych.ground.keys import SessionTokens
from diptych.ground.settings import Settings
from diptych.images import ImageTokens
from diptych.policies import Policy
from diptych.policies.files import files_of
from diptych.policies.histories import Histories
from diptych.recruiters import Recruiter
from diptych.study.content import StudyContent
from diptych.study.stored_files import stored_file
from diptych.study.versions import frozen
from diptych.tasks import Task

#: Files of policies that a host keeps in memory; a tracing model has about 2 MB.
_MOST_FILES = 16


class Host:
    """The host behind the current request: `host()`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.secret = settings.secret()
        self.tokens = SessionTokens(self.secret, settings.token_days)
        self.images = ImageTokens(self.secret)
        # Content hashes that texts are known to show, and the versions whose texts were looked
        # through for them; a version's texts never change.
        self.assets: set[str] = set()
        self.searched_for_assets: set[int] = set()
        self.task = lru_cache(maxsize=256)(self._task)
        # Files that policies read, by content hash.
        self._files: dict[str, bytes] = {}
        # Answered trials of the sessions under way that adaptive policies plan.
        self.histories = Histories()
        # When the limits of [privacy] are applied next (`privacy.retention`), on time.monotonic():
        # not at once, so that hosts that start together don't all work in their first minute.
        self.retention_due = time.monotonic() + random.uniform(300, 900)
        # Called with the session's id after the transaction that ended it; never raises.
        self.when_ended: Callable[[int], None] = lambda session_id: None

    def _task(self, version_id: int, condition: str, part: int = 1) -> Task:
        """Make the task of a version, condition and part, once: they never change."""
        content = frozen(version_id).of_part(part)
        task_class = tasks.REGISTRY.get(content.spec.task.name)
        return task_class(content, content.spec.condition(condition))

    def policy(
        self, content: StudyContent, condition: str, connection: Connection | None = None
    ) -> Policy:
        """Make the policy of a condition, with the files that it reads.

        Parameters
        ----------
        content : StudyContent
            The study.
        condition : str
            The condition.
        connection : Connection, optional
            One that the caller holds, as for `versions.frozen`.
        """
        plugged = content.spec.condition(condition).policy or content.spec.policy
        policy_class = policies.REGISTRY.get(plugged.name)
        policy = policy_class(policy_class.Parameters.model_validate(plugged.parameters))
        hashes = [file.content_hash for file in files_of(plugged)]
        if hashes:
            policy.files = {name: self._file(name, connection) for name in hashes}
        return policy

    def _file(self, content_hash: str, connection: Connection | None) -> bytes:
        """Read a stored file once."""
        if content_hash not in self._files:
            while len(self._files) >= _MOST_FILES:
                self._files.pop(next(iter(self._files)), None)
            self._files[content_hash] = stored_file(content_hash, connection)
        return self._files[content_hash]

    def recruiter(self, content: StudyContent, name: str) -> Recruiter:
        """Make the recruiter of a study by name."""
        recruiter_class = recruiters.REGISTRY.get(name)
        parameters = recruiter_class.Parameters.model_validate(content.spec.recruitment.of(name))
        return recruiter_class(parameters, self.settings)


def host() -> Host:
    """Return the host of the current application."""
    return cast(Host, current_app.extensions["diptych"])


def generator(seed: int, purpose: str) -> random.Random:
    """Rebuild the random generator of a session for one purpose, from the stored seed alone."""
    return random.Random(f"{seed}:{purpose}")
