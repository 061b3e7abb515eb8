"""Four ways to teach, taken by simulated learners over two days, through the real API.

Writes the export of the study into a folder, for `diptych teach arms`. Needs Linux: the host
starts again with another clock between the parts.

    PYTHONPATH=tests python benchmarks/four_arms.py --people 200 --to out
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from rich.progress import Progress
from support.four_arms import NAME, host_of_arms, take_both_parts


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200, help="Number of simulated learners.")
    parser.add_argument("--seed", type=int, default=0, help="Seed of the learners.")
    parser.add_argument("--to", type=Path, required=True, help="Folder of the export.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="diptych-arms-") as name, Progress() as bars:
        task = bars.add_task("answers", total=None)
        with host_of_arms(Path(name)) as (server, settings, folder):
            summary = take_both_parts(
                server, settings, folder, arguments.people, seed=arguments.seed,
                progress=lambda done, of: bars.update(task, completed=done, total=of),
            )  # fmt: skip
            server.diptych("export", NAME, "--to", str(arguments.to))
    print(f"{len(summary.taken)} simulated sessions, {summary.answers:,} answers: {arguments.to}")
    for who, why in sorted(summary.failed.items()):
        print(f"  {who} did not finish: {why}")


if __name__ == "__main__":
    main()
