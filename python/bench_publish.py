"""Measures what a publish costs a training loop, whatever the hub does.

    python3 bench_publish.py [--quasar FILE] [--seconds N] [--rate PER_SECOND] [--only NAME] [--json]

Each row is a process of its own that calls publish_combined with all ten fields,
at a steady rate, against a real hub in another process:

    nothing    no publisher: a method that does nothing. The floor of the clock, the
               loop and the machine, and of the end of a process
    append     no publisher: the two objects are put into a deque. The least that
               any client with a queue costs
    busy       no publisher: a call that computes for 5 us, which is what a publish
               takes. How often the machine itself interrupts such a call
    up         the hub reads
    stalled    the hub has been stopped (SIGSTOP) and every buffer on the way is full;
               later its connection is given up, and the next stays without an answer
    silent     the hub was stopped before: no handshake is answered
    down       nothing listens
    refusing   the hub answers 401

Columns: calls; p50, p99, p99.9 and the longest of the calls in microseconds; cpu,
what the publisher's thread takes of one core in percent; frames sent; grown, the
growth of the process's memory after the first second, in KiB; exit, how long the
process took from its last statement to its end, in milliseconds.

Ends with what is promised and whether it was kept, and with 1 if it was not:
p99 under 50 us, p99.9 under 1 ms, 1 s at most added to an exit, flat memory. What
"busy" does not keep either cannot be told on this machine now, and says so.
"""

from __future__ import annotations

import argparse
import array
import collections
import contextlib
import json
import logging
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "tests")]

import peers  # noqa: E402
from websocket_client import AssetSpacePublisher, TrainingMetrics, VotingMetrics  # noqa: E402

CASES = ("nothing", "append", "busy", "up", "stalled", "silent", "down", "refusing")
FLOORS = ("nothing", "append", "busy")
PROMISE = {"p99_us": 50.0, "p99.9_us": 1000.0, "exit_ms": 1000.0, "grown_kib": 256}
WARM_UP = 1.0  # seconds
FLOOD = 1e6  # frames a second: as fast as it goes


# ---------------------------------------------------------------- the process that is measured


class Nothing:
    """A publisher that does nothing."""

    stats = {"frames_sent": 0, "state": "new"}

    def start(self) -> None:
        pass

    def publish_combined(self, training: Any = None, voting: Any = None) -> None:
        pass


class Append(Nothing):
    """A publisher with a queue that nobody empties."""

    def __init__(self) -> None:
        self._queue: collections.deque[Any] = collections.deque(maxlen=1000)

    def publish_combined(self, training: Any = None, voting: Any = None) -> None:
        self._queue.append((training, voting))


class Busy(Nothing):
    """A publisher that takes its time."""

    def publish_combined(self, training: Any = None, voting: Any = None) -> None:
        until = time.perf_counter_ns() + 5000
        while time.perf_counter_ns() < until:
            pass


def metrics(step: int) -> tuple[TrainingMetrics, VotingMetrics]:
    training = TrainingMetrics(
        training_steps=step, actor_loss=0.123 + step, critic_loss=0.456, avn_loss=0.05, avn_accuracy=0.61
    )
    voting = VotingMetrics(
        dominant_signal="BUY", buy_count=7, sell_count=3, last_price=451234.12, signal_source="ensemble"
    )
    return training, voting


def measure(publisher: Any, took: array.array[int], rate: float) -> None:
    """Puts the duration of each call in nanoseconds into took, which is as long as there are calls."""
    begin = time.perf_counter()
    for step in range(len(took)):
        training, voting = metrics(step)
        before = time.perf_counter_ns()
        publisher.publish_combined(training, voting)
        took[step] = time.perf_counter_ns() - before
        compute(begin + (step + 1) / rate)


def compute(until: float) -> None:
    """Keeps the processor and the interpreter busy, as a training step would. Asleep the
    processor would cool down, and even a call that does little then takes ten times as long."""
    while time.perf_counter() < until:
        pass


def resident() -> int:
    """Returns the memory of this process in KiB, 0 where it cannot be known."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
    except OSError:
        return 0


def background() -> float:
    """Returns the processor time in seconds that other threads than this have taken."""
    return time.process_time() - time.thread_time()


def make(name: str, url: str) -> Any:
    if name in FLOORS:
        return {"nothing": Nothing, "append": Append, "busy": Busy}[name]()
    # For the stalled hub as fast as it goes: at twenty frames a second the
    # buffers of the loopback would take minutes to fill.
    return AssetSpacePublisher("BENCH", url, max_rate=FLOOD if name == "stalled" else 20.0)


def run_child(name: str, url: str, seconds: float, rate: float) -> None:
    """Measures one case and prints what was found, as the last thing that this process does."""
    logging.getLogger("quasar.publisher").setLevel(logging.CRITICAL)
    publisher = make(name, url)
    publisher.start()
    if name in ("up", "stalled"):
        peers.wait_until(lambda: publisher.stats["connected"])
    say("ready")  # the parent may stop the hub now
    sys.stdin.readline()
    if name == "stalled":
        fill(publisher)
    took = array.array("q", bytes(8 * max(1, int(seconds * rate))))  # made before, so that it is not taken for growth
    measure(publisher, array.array("q", bytes(8 * int(min(WARM_UP, seconds) * rate))), rate)
    frames, before = publisher.stats["frames_sent"], resident()
    behind, began = background(), time.perf_counter()
    measure(publisher, took, rate)
    elapsed, behind = time.perf_counter() - began, background() - behind
    grown = resident() - before
    row = summary(name, sorted(took))
    row["cpu_%"] = round(100 * behind / elapsed, 2)
    row["frames"] = publisher.stats["frames_sent"] - frames
    row["grown_kib"] = grown
    # What leaves with the process: the newest state.
    publisher.publish_combined(*metrics(len(took)))
    row["ended_at"] = time.time()
    say(json.dumps(row))


def fill(publisher: Any) -> None:
    """Publishes until nothing leaves any more."""
    sent, since = -1, time.monotonic()
    while time.monotonic() - since < 0.5:
        publisher.publish_combined(*metrics(0))
        if publisher.stats["frames_sent"] != sent:
            sent, since = publisher.stats["frames_sent"], time.monotonic()
        time.sleep(0)


def say(line: str) -> None:
    print(line, flush=True)


def summary(name: str, took: list[int]) -> dict[str, Any]:
    def at(share: float) -> float:
        return round(took[min(len(took) - 1, int(len(took) * share))] / 1000, 1)

    return {
        "hub": name,
        "calls": len(took),
        "p50_us": at(0.5),
        "p99_us": at(0.99),
        "p99.9_us": at(0.999),
        "max_us": at(1.0),
    }


# ---------------------------------------------------------------- the hub


@contextlib.contextmanager
def hub_for(name: str, quasar: str, folder: str) -> Iterator[tuple[str, Any]]:
    """A hub in the state that the case wants, and its process, None if there is none."""
    port = peers.free_port()
    url = f"ws://127.0.0.1:{port}"
    if name == "down" or name in FLOORS:
        yield url, None
        return
    hub = subprocess.Popen(
        [quasar, "hub", "--listen", f"127.0.0.1:{port}", "--log-level", "error", *tokens(name, quasar, folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={k: v for k, v in os.environ.items() if not k.startswith("QUASAR_")},
    )
    try:
        peers.wait_until(lambda: answers(f"http://127.0.0.1:{port}/livez"))
        if name == "silent":
            hub.send_signal(signal.SIGSTOP)
        yield url, hub
    finally:
        hub.kill()
        hub.wait()


def tokens(name: str, quasar: str, folder: str) -> list[str]:
    """Returns the flags of a hub that wants a token, if this is to be one."""
    if name != "refusing":
        return []
    file = os.path.join(folder, "tokens.jsonl")
    subprocess.run(
        [quasar, "token", "new", "--role", "publisher", "--space", "ANOTHER", "--file", file],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return ["--tokens-file", file]


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


# ---------------------------------------------------------------- the table


def run_case(name: str, args: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, hub_for(name, args.quasar, folder) as (url, hub):
        child = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), "--child", name, "--url", url]
            + ["--seconds", str(args.seconds), "--rate", str(args.rate)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={k: v for k, v in os.environ.items() if not k.startswith("QUASAR_")},
        )
        try:
            return converse(name, child, hub)
        finally:
            child.kill()
            child.communicate()


def converse(name: str, child: Any, hub: Any) -> dict[str, Any]:
    if child.stdout.readline() != "ready\n":
        raise RuntimeError(f"{name}: the measured process ended early")
    if name == "stalled":
        hub.send_signal(signal.SIGSTOP)
    child.stdin.write("\n")
    child.stdin.flush()
    row = json.loads(child.stdout.readline())
    child.wait()
    row["exit_ms"] = round((time.time() - row.pop("ended_at")) * 1000, 1)
    return row


def judge(rows: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """Returns what of the promise was not kept, and what this machine cannot tell."""
    floors = {row["hub"]: row for row in rows if row["hub"] in FLOORS}
    exits = floors["nothing"]["exit_ms"] if "nothing" in floors else 0.0
    missed, unknown = [], []
    for row in rows:
        for column, limit in PROMISE.items():
            got = round(row[column] - exits if column == "exit_ms" else row[column], 1)
            if row["hub"] in FLOORS or got <= limit:
                continue
            alone = floors["busy"][column] if "busy" in floors else 0.0
            (unknown if alone > limit else missed).append(
                f"{row['hub']}: {column} is {got:g}, want at most {limit:g}; without a publisher {alone:g}"
            )
    return missed, unknown


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quasar", default=os.path.join(HERE, "..", "bin", "quasar"), help="the program that is the hub")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each case takes (default %(default)g)")
    parser.add_argument("--rate", type=float, default=10_000.0, help="calls a second (default %(default)g)")
    parser.add_argument("--only", choices=CASES, action="append", help="one of the cases; may be given several times")
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of a table")
    parser.add_argument("--child", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not (args.seconds > 0 and args.rate > 0):
        parser.error("--seconds and --rate: want numbers above 0")
    return args


def show(row: dict[str, Any], first: bool, as_json: bool) -> None:
    if as_json:
        return say(json.dumps(row))
    if first:
        say("".join(f"{key:>11}" for key in row))
    say("".join(f"{value:>11}" for value in row.values()))


def main() -> int:
    args = parse()
    if args.child:
        run_child(args.child, args.url, args.seconds, args.rate)
        return 0
    if not args.json:
        say(f"Python {platform.python_version()}, {args.rate:g} calls a second for {args.seconds:g} s in each case")
    rows: list[dict[str, Any]] = []
    for name in args.only or CASES:
        rows.append(run_case(name, args))
        show(rows[-1], len(rows) == 1, args.json)
    missed, unknown = judge(rows)
    if not args.json:
        say("")
        for line in unknown:
            say("cannot be told here: " + line)
        for line in missed:
            say("not kept: " + line)
        if not missed and not unknown:
            say("the promise was kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
