"""The comparison with other systems counts right; nothing is installed, served or timed."""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a module of the benchmarks, as their scripts do."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


def test_a_ratio_compares_turns_of_one_round(part: Any) -> None:
    turns, report = part("peers.turns"), part("peers.report")

    def seen(*rounds: tuple[int, int, dict[str, float]]) -> Any:
        return turns.Seen([turns.Turn(r, 1.0, [0.1] * answers, cpu) for r, answers, cpu in rounds])

    bare = seen((0, 100, {"server": 0.1}), (1, 100, {"server": 0.2}))
    own = seen(
        (1, 50, {"server": 0.1, "database": 0.1}), (0, 50, {"server": 0.1, "database": 0.05})
    )
    # 1 and 2 ms an answer; 4 ms in the second round, 3 ms in the first.
    assert report.ratios(own, bare, "cpu_ms") == pytest.approx([2.0, 3.0])
    assert report.ratios(own, bare, "rate") == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(("stored", "kept"), [(9, False), (10, True), (12, True), (13, False)])
def test_answers_are_kept_when_none_is_lost_or_made_up(part: Any, stored: int, kept: bool) -> None:
    seen = part("peers.turns").Seen(sent=12, acknowledged=10, stored=stored)
    assert seen.kept is kept


CHUNKS = (
    b"HTTP/1.1 302 Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
    b"c\r\n0\r\n",
    b"\r\n",
)
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_replies_in_chunks_are_read_to_their_end(part: Any) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for parts in (CHUNKS, (WHOLE,)):
            await reader.readuntil(b"\r\n\r\n")
            for some in parts:
                writer.write(some)
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()

    async def ask() -> bytes:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            client = part("peers.system").Client(server.sockets[0].getsockname()[1])
            await client.ask("GET", "/", status=302)
            body: bytes = await client.ask("GET", "/")
            client.close()
            return body

    assert asyncio.run(ask()) == b"ok"
