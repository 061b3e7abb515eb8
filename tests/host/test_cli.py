"""The commands: what they print, what they refuse, and that help teaches."""

from __future__ import annotations

import ast
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.tiny_studies import category_study

from diptych.cli import COMMANDS, cli, needs
from diptych_analysis.tables.write import DatasetWriter

# Runs the command line as a user does, faults told in words included.
DIPTYCH = (sys.executable, "-c", "from diptych.cli import main; main()")
HEAVY = ("sqlalchemy", "alembic", "flask", "pydantic", "numpy", "pandas", "pyarrow", "torch")
BLOCKED = ("torch", "timm", "sklearn", "scipy", "altair", "vl_convert", "joblib")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIPTYCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DIPTYCH_STUDIES", str(tmp_path / "studies"))
    monkeypatch.delenv("DIPTYCH_DATABASE_URL", raising=False)
    return tmp_path


def run(*arguments: str, code: int = 0) -> str:
    done = subprocess.run([*DIPTYCH, *arguments], capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    assert done.returncode == code, output
    assert "Traceback" not in output
    return output


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help_that_says_what_it_does(command: str) -> None:
    result = CliRunner().invoke(cli, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output
    assert len(result.output.split()) > 15


@pytest.mark.parametrize("group", ["", *sorted(COMMANDS)])
def test_no_list_of_commands_is_cut_short(group: str) -> None:
    shown = CliRunner().invoke(cli, [*group.split(), "--help"], terminal_width=80).output
    _, _, listed = shown.partition("Commands:")
    assert "..." not in listed


def imported(code: str, names: tuple[str, ...]) -> list[str]:
    """Which of the packages a new Python has imported after some code."""
    report = f"print([name for name in {names!r} if name in sys.modules], file=sys.stderr)"
    whole = f"import sys\ntry:\n    {code}\nfinally:\n    {report}"
    done = subprocess.run(
        [sys.executable, "-c", whole], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = ast.literal_eval(done.stderr.splitlines()[-1])
    return found


def test_the_list_of_commands_imports_none_of_them() -> None:
    code = "from diptych.cli import main; sys.argv = ['diptych', '--help']; main()"
    assert imported(code, (*HEAVY, "rich", "diptych.ground.settings", "diptych.cli.study")) == []


def test_help_on_a_command_imports_no_heavy_package() -> None:
    code = (
        "from click.testing import CliRunner; from diptych.cli import COMMANDS, cli; "
        "assert all(CliRunner().invoke(cli, [c, '--help']).exit_code == 0 for c in COMMANDS)"
    )
    assert imported(code, (*HEAVY, "diptych.cli.study")) == ["diptych.cli.study"]


def test_a_host_that_starts_imports_nothing_for_tables_and_migrations(home: Path) -> None:
    names = ("flask", "pandas", "numpy", "pyarrow", "alembic", "torch")
    assert imported("import diptych; diptych.create_app()", names) == ["flask"]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["serv"], "no command 'serv': did you mean serve"),
        (["study", "lst"], "no command 'lst': did you mean list"),
        (["user", "zzz"], "no command 'zzz': the commands are "),
        (["serve", "--port", "80000"], "80000 is not in the range 0<=x<=65535"),
        (["study", "new", "a" * 65], "from a letter, 64 characters at most"),
    ],
)
def test_slips_of_the_finger_are_told_with_what_is_near(
    home: Path, command: list[str], told: str
) -> None:
    done = CliRunner().invoke(cli, command)
    assert done.exit_code in (1, 2) and told in " ".join(done.output.split())


@pytest.mark.usefixtures("home")
def test_a_port_that_is_taken_is_told_with_another_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = CliRunner().invoke(cli, ["serve", "--port", str(port)])
    assert done.exit_code == 1
    assert f"cannot listen on port {port} of 127.0.0.1: another program" in done.output


@pytest.mark.parametrize(
    ("package", "told"),
    [
        ("psycopg", "diptych[postgres]"),
        ("boto3", "diptych[mturk]"),
        ("torch", "diptych[models]"),
        ("skimage", "diptych[models]"),
        ("no_such_package", "pip install no-such-package"),
    ],
)
def test_a_missing_package_is_told_with_the_extra_that_brings_it(package: str, told: str) -> None:
    assert told in needs(package)


def test_an_export_that_cannot_be_written_names_where_it_was_to_go(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    to = tmp_path / "file" / "tables"
    with pytest.raises(OSError) as fault, DatasetWriter(to, name="x"):
        pass
    assert fault.value.filename == str(to)


def test_the_list_of_commands_says_what_each_does() -> None:
    shown = CliRunner().invoke(cli, ["--help"], terminal_width=80).output
    listed = [line.split(maxsplit=1) for line in shown.partition("Commands:\n")[2].splitlines()]
    assert listed == [[name, place.summary] for name, place in COMMANDS.items()]


@pytest.mark.slow
@pytest.mark.parametrize(
    "task", ["category_learning", pytest.param("two_afc", marks=pytest.mark.exhaustive)]
)
def test_from_nothing_to_an_open_study(home: Path, task: str) -> None:
    run("study", "new", "mine", "--task", task)
    assert "not built yet" in run("study", "validate", "mine", code=1)
    run("study", "build", "mine")
    assert "no faults" in run("study", "validate", "mine")
    assert "/s/mine?preview=" in run("study", "preview", "mine")
    assert "draft" in run("study", "list")
    opened = run("study", "open", "mine")
    assert "participants: http" in opened
    assert "missing:      Consent text, Instructions, Debrief, Contact" in opened
    for command, state in (("pause", "paused"), ("close", "closed"), ("open", "open")):
        run("study", command, "mine")
        assert state in run("study", "list")


@pytest.mark.slow
def test_serve_says_when_links_lead_elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIPTYCH_BASE_URL", raising=False)
    there = "Set DIPTYCH_BASE_URL, for example to http://127.0.0.1:8123."
    assert there in run("serve", "--port", "8123", "--", "--print-config")
    assert "DIPTYCH_BASE_URL" not in run("serve", "--port", "8000", "--", "--print-config")
    monkeypatch.setenv("DIPTYCH_BASE_URL", "https://study.example.org")
    said = run("serve", "--port", "8123", "--", "--print-config")
    assert "DIPTYCH_BASE_URL" not in said


def test_a_study_with_faults_is_not_opened(home: Path) -> None:
    folder = category_study(home / "studies" / "broken", changes={"colour": "red", "title": ""})
    output = run("study", "open", folder.name, code=1)
    assert "2 faults" in output
    assert "study.toml: colour: found an unknown key" in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("study", "validate", "nowhere"), "no study 'nowhere'"),
        (("study", "pause", "nowhere"), "no open study 'nowhere'"),
        (("export", "nowhere", "--to", "out"), "no open study 'nowhere'"),
        (
            ("import", "sandwich", "file", "--to", "out"),
            "installed are: cifar10h, explain-teach, imi, model-vs-human",
        ),
        (("study", "new", "Bad Name"), "a name of a-z"),
    ],
)
def test_faults_are_told_in_words(home: Path, arguments: tuple[str, ...], words: str) -> None:
    assert words in " ".join(run(*arguments, code=1).split())


@pytest.mark.parametrize("name", ["../x", "..", "a/b", "/tmp/x", "tiny/../../x", "x\n", ""])
@pytest.mark.parametrize("command", ["new", "from-units"])
def test_a_new_study_is_made_in_the_studies_folder_only(
    home: Path, command: str, name: str
) -> None:
    before = sorted(home.rglob("*"))
    needed = ("--scores", "scores", "--images", "images", "--model", "m")
    output = run("study", command, name, *(needed if command == "from-units" else ()), code=1)
    assert "a name of a-z" in " ".join(output.split())
    assert sorted(home.rglob("*")) == before
    assert not (home.parent / "x").exists()


def test_a_setting_that_can_not_be_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIPTYCH_PROXY_HOPS", "many")
    output = run("study", "list", code=1)
    assert "DIPTYCH_PROXY_HOPS is 'many'" in output


@pytest.mark.slow
def test_a_host_that_only_serves_needs_no_torch(home: Path) -> None:
    category_study(home / "studies" / "tiny")
    code = f"""
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {BLOCKED!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Block())
from click.testing import CliRunner
from diptych import create_app
from diptych.cli import cli, main

def diptych(*arguments):
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output

diptych("study", "open", "tiny")
client = create_app().test_client()
for _ in range(12):
    state = client.post("/api/v1/sessions", json={{"study": "tiny"}}).get_json()
    headers = {{"Authorization": "Bearer " + state["token"]}}
    for step, body in (("consent", {{"agreed": True}}), ("instructions", {{"read_ms": 1}})):
        state = client.post("/api/v1/session/steps/" + step, json=body, headers=headers).get_json()
    while state["step"] == "trials":
        trial = state["content"]["trial"]
        timing = {{"rt_ms": 1, "onset_ms": 1, "onset_uncertainty_ms": 1, "answered_ms": 2}}
        body = {{"response": {{"ranking": trial["show"]["classes"][:2]}}, "timing": timing}}
        url = f"/api/v1/trials/{{trial['index']}}/response"
        state = client.post(url, json=body, headers=headers).get_json()["next"]
diptych("export", "tiny", "--to", "out")
sys.argv = ["diptych", "trace", "out", "--models", "dkt"]
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=home, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "pip install 'diptych[models]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_faults_of_files_and_of_the_database_are_told_in_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    category_study(home / "studies" / "tiny")
    run("study", "open", "tiny")
    (home / "a_file").write_text("[" * 100_000)
    inside = str(home / "a_file" / "out")
    assert "a_file" in run("export", "tiny", "--to", inside, code=1)
    assert "a_file" in run("backup", inside, code=1)
    assert "too long" in run("study", "validate", "x" * 5000, code=1)
    assert "not JSON" in run("results", "add", "tiny", str(home / "a_file"), code=1)
    assert "sessions" in run("report", str(home / "studies"), "--to", str(home / "r"), code=1)
    for url in ("nonsense", f"sqlite:///{home}/a_file/x.sqlite3", "postgresql://127.0.0.1:1/x"):
        monkeypatch.setenv("DIPTYCH_DATABASE_URL", url)
        assert "Error: the database" in run("study", "list", code=1)
