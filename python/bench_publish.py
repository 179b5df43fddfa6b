"""Measures what a publish costs the training loop, whatever the hub does.

    python3 bench_publish.py [--calls N] [--rate PER_SECOND] [--json]

Prints p50, p99, p99.9 and the worst of publish_combined in microseconds with
the hub up, stalled (accepts and never reads), silent (never answers the
handshake), down (nothing listens) and refusing (401), and how much memory
grew. The row "nothing" is a call that does nothing: what the machine itself
takes. The hub runs in a process of its own, as a real one would.
"""

from __future__ import annotations

import argparse
import array
import json
import logging
import multiprocessing
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "tests")]

import peers  # noqa: E402
from websocket_client import AssetSpacePublisher, TrainingMetrics, VotingMetrics  # noqa: E402

CASES = {"nothing": "", "up": "accept", "stalled": "stall", "silent": "mute", "down": "", "refusing": "refuse"}


class Nothing(AssetSpacePublisher):
    """A publisher that does nothing."""

    def start(self) -> None:
        pass

    def publish_combined(self, training=None, voting=None) -> None:
        pass


def run_hub(mode: str, pipe) -> None:
    with peers.Hub(mode, receive_buffer=2048 if mode == "stall" else 0) as hub:
        pipe.send(hub.port)
        pipe.recv()


def metrics(step: int):
    training = TrainingMetrics(
        training_steps=step, actor_loss=0.123 + step, critic_loss=0.456, avn_loss=0.05, avn_accuracy=0.61
    )
    voting = VotingMetrics(
        dominant_signal="BUY", buy_count=7, sell_count=3, last_price=451234.12, signal_source="ensemble"
    )
    return training, voting


def measure(publisher, took: array.array, rate: float) -> None:
    """Puts the duration of each call in nanoseconds into took, which is as long as there are calls."""
    gap = 1.0 / rate if rate else 0.0
    for step in range(len(took)):
        training, voting = metrics(step)
        before = time.perf_counter_ns()
        publisher.publish_combined(training, voting)
        took[step] = time.perf_counter_ns() - before
        compute(gap)


def compute(seconds: float) -> None:
    """Keeps the processor busy, as a training step would. Asleep it would cool down, and
    even a call that does little then takes ten times as long."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def resident() -> int:
    """Returns the memory of this process in KiB, 0 where it cannot be known."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
    except OSError:
        return 0


def run_case(name: str, calls: int, rate: float) -> dict:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    hub = context.Process(target=run_hub, args=(CASES[name], theirs), daemon=True)
    port = peers.free_port()
    if CASES[name]:
        hub.start()
        port = ours.recv()
    make = Nothing if name == "nothing" else AssetSpacePublisher
    publisher = make("BENCH", f"ws://127.0.0.1:{port}")
    publisher.start()
    time.sleep(0.3)
    took = array.array("q", bytes(8 * calls))  # made before, so that it is not taken for growth
    measure(publisher, took[:1000], rate)
    before = resident()
    measure(publisher, took, rate)
    grown = resident() - before
    row = summary(name, sorted(took), publisher.stats, grown)
    row["stop_ms"] = round(stop(publisher), 1)
    if CASES[name]:
        ours.send(None)
        hub.join(5)
    return row


def stop(publisher) -> float:
    before = time.perf_counter()
    publisher.stop()
    return (time.perf_counter() - before) * 1000


def summary(name: str, took: list[int], stats: dict, grown: int) -> dict:
    def at(share: float) -> float:
        return round(took[min(len(took) - 1, int(len(took) * share))] / 1000, 1)

    return {
        "hub": name,
        "calls": len(took),
        "p50_us": at(0.5),
        "p99_us": at(0.99),
        "p99.9_us": at(0.999),
        "max_us": at(1.0),
        "frames": stats["frames_sent"],
        "grown_kib": grown,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=20000, help="calls in each case (default %(default)s)")
    parser.add_argument("--rate", type=float, default=0, help="calls a second; 0 is as fast as it goes (default)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of a table")
    args = parser.parse_args()
    logging.getLogger("quasar.publisher").setLevel(logging.CRITICAL)
    for number, name in enumerate(CASES):
        row = run_case(name, args.calls, args.rate)
        if args.json:
            print(json.dumps(row), flush=True)
            continue
        if number == 0:
            print("".join(f"{key:>11}" for key in row))
        print("".join(f"{value:>11}" for value in row.values()), flush=True)


if __name__ == "__main__":
    main()
