"""A recruiter is one folder: an outside package adds one, and nothing else changes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECRUITER = '''
from diptych.recruiters import Arriving, Guide, Recruiter, RecruiterParameters, printable_id


class Parameters(RecruiterParameters):
    campus: str


class Pool(Recruiter):
    """Students of one campus."""

    name, title, Parameters = "pool", "The student pool", Parameters

    @staticmethod
    def recognises(entry, keys):
        return "student" in entry

    def arrive(self, entry):
        return Arriving(printable_id(entry, "student"), {"student": entry["student"]})

    def leave(self, outcome, parameters):
        return {"kind": "code", "code": f"{self.parameters.campus}-{outcome}"}

    @staticmethod
    def guide():
        return Guide("1. Write to the *pool office*.", (("Pool", "[recruitment.pool]"),))
'''
TAKE = """
import sys
from pathlib import Path
from diptych.app import create_app
from diptych.authoring.folder import load_study
from diptych.ground.settings import Settings
from diptych.migrate import upgrade
from support.dashboard import researcher
from support.tiny_studies import category_study
from support.walker import Walker, open_study

folder = Path(sys.argv[1])
settings = Settings(home=folder / "home", database_url=f"sqlite:///{folder}/one.db")
upgrade(settings.database_url)
app = create_app(settings)
keys = {"recruiters": ["pool"], "prolific": None, "pool": {"campus": "north"}}
study = category_study(folder / "tiny", training=1, test=1, changes={"recruitment": keys})
open_study(app, study)
walker = Walker(app.test_client()).start(student="s.1").finish()
print(walker.state["content"]["exit"])
page = researcher(app, "viewer").get("/studies/tiny/recruitment").get_data(as_text=True)
print("The student pool" in page and "<em>pool office</em>" in page)
"""


@pytest.mark.slow
def test_a_package_outside_the_repository_adds_a_recruiter(tmp_path: Path) -> None:
    package = tmp_path / "site"
    (package / "pool").mkdir(parents=True)
    (package / "pool" / "__init__.py").write_text(RECRUITER, encoding="utf-8")
    about = package / "pool-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: pool\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[diptych.recruiters]\npool = pool:Pool\n")
    path = os.pathsep.join([str(package), str(ROOT / "tests")])
    done = subprocess.run(
        [sys.executable, "-c", TAKE, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines() == ["{'kind': 'code', 'code': 'north-completed'}", "True"]
