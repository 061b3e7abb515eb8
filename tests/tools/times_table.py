"""Keep what each lane costs in tests/times.json, and draw the tables of docs/testing.md from it.

    python tests/tools/times_table.py --keep .test-runs/times-gate.json
    python tests/tools/times_table.py --estimate all

`make test-times LANE=gate` runs a lane and keeps its times.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "tests" / "times.json"
PAGE = ROOT / "docs" / "testing.md"
BEGIN, END = "<!-- times -->", "<!-- end of times -->"
LANES = ("before", "check", "gate", "all")

Times = dict[str, dict[str, Any]]


def kept() -> Times:
    """Return the times of each lane that were kept."""
    found: Times = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    return found


def keep(file: Path, lane: str | None = None) -> Times:
    """Keep the times that a run wrote; returns those of all lanes.

    Parameters
    ----------
    file : Path
        What `pytest --times` wrote.
    lane : str, optional
        Name to keep them by, where it is not that of the lane.
    """
    told = json.loads(file.read_text(encoding="utf-8"))
    times = kept()
    times[lane or told["lane"]] = {"wall_s": told["wall_s"], "files": told["files"]}
    text = json.dumps({name: times[name] for name in LANES if name in times}, indent=1)
    KEPT.write_text(text + "\n", encoding="utf-8")
    return times


def folder_of(file: str) -> str:
    """Return the folder below tests/ that a test file lies in; `tests` for those in none."""
    parts = file.split("/")
    return parts[1] if len(parts) > 2 else "tests"


def sums(files: dict[str, dict[str, float]], key: str) -> dict[str, float]:
    """Add up one figure of all files by folder."""
    found: dict[str, float] = defaultdict(float)
    for name, cost in files.items():
        found[folder_of(name)] += cost[key]
    return found


def row(cells: list[str]) -> str:
    """Return a row of a Markdown table."""
    return "| " + " | ".join(cells) + " |\n"


def table(times: Times, title: str, costs: dict[str, dict[str, dict[str, float]]]) -> str:
    """Return one table: a row per name, with tests, wall and CPU seconds of each lane."""
    lanes = [lane for lane in LANES if lane in times and times[lane]["files"]]
    text = row([title, *(f"{lane}: tests, wall s, CPU s" for lane in lanes)])
    text += row(["---", *["---:"] * len(lanes)])
    for name in sorted(costs):
        cells = []
        for lane in lanes:
            cost = costs[name].get(lane)
            cells.append(
                f"{cost['tests']:,.0f}, {cost['wall_s']:,.0f}, {cost['cpu_s']:,.0f}" if cost else ""
            )
        text += row([name, *cells])
    return text


def tables(times: Times) -> str:
    """Return both tables of the page: by folder, and by file."""
    by_folder: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    by_file: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    for lane, told in times.items():
        if not told["files"]:
            continue  # only its wall time is known
        for key in ("tests", "wall_s", "cpu_s"):
            for folder, amount in sums(told["files"], key).items():
                by_folder[folder].setdefault(lane, {})[key] = amount
            whole = sum(cost[key] for cost in told["files"].values())
            by_folder["**whole run**"].setdefault(lane, {})[key] = whole
        for name, cost in told["files"].items():
            by_file[name.removeprefix("tests/")][lane] = cost
    walls = ", ".join(
        f"`{lane}` {told['wall_s'] / 60:.1f} min" for lane, told in times.items() if told["wall_s"]
    )
    return (
        f"Wall time of pytest with two processes: {walls}.\n\n"
        f"{table(times, 'folder', by_folder)}\n"
        "<details><summary>The same by file</summary>\n\n"
        f"{table(times, 'file', by_file)}\n</details>\n"
    )


def write_page(times: Times) -> None:
    """Write the tables into docs/testing.md, between their marks."""
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}\n{tables(times)}{END}{tail}", encoding="utf-8")


def estimate(lane: str) -> str:
    """Say how long a lane takes, from the last run that was kept."""
    told = kept().get(lane)
    if told is None:
        return f"Nobody has measured the lane {lane!r} yet (`make test-times LANE={lane}`)."
    minutes = told["wall_s"] / 60
    return f"The lane {lane!r} took {minutes:.0f} minutes when it was measured, on two cores."


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--keep", type=Path, help="file that `pytest --times` wrote")
    parser.add_argument("--as", dest="name", choices=LANES, help="lane to keep it by")
    parser.add_argument("--estimate", choices=LANES, help="say how long this lane takes")
    chosen = parser.parse_args()
    if chosen.estimate:
        print(estimate(chosen.estimate))
    else:
        write_page(keep(chosen.keep, chosen.name) if chosen.keep else kept())


if __name__ == "__main__":
    main()
