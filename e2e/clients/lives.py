"""The lives of a Python process that publishes, one by its name: lives.py HUB NAME.

Each ends with what it published last; what a hub has to know then is in
python_test.go. Nothing may be written to the standard error, so that a warning
and what an interpreter says at its end are noticed.
"""

import concurrent.futures
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings

from websocket_client import AssetSpacePublisher, TrainingMetrics, VotingMetrics

HUB = sys.argv[1]
INTERRUPTS = 200


def connected(space):
    publisher = AssetSpacePublisher(space, HUB)
    publisher.start()
    deadline = time.monotonic() + 20
    while not publisher.stats["connected"]:
        assert time.monotonic() < deadline, publisher.stats
        time.sleep(0.01)
    return publisher


def steps(number):
    return TrainingMetrics(training_steps=number)


def worker(space):
    """Publishes in a process of its own, and leaves the last words to its end."""
    publisher = connected(space)
    publisher.publish_training(steps(4))
    while publisher.stats["frames_sent"] == 0:
        time.sleep(0.001)
    publisher.publish_training(steps(5))  # which the rate holds back: it leaves at the end or never


def fork():
    """The child has the parent's publisher, which is silent, and makes one of its own."""
    parent = connected("PARENT")
    parent.publish_training(steps(1))
    warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 dislikes any fork of a process with threads
    child = os.fork()
    if child == 0:
        for _ in range(50):
            parent._log.once = lambda *_: None  # it would say, rightly, that it is silent
            parent.publish_training(steps(666))
        assert parent.stats["ignored"] == 50, parent.stats
        worker("CHILD")
        sys.exit(0)
    for _ in range(50):
        parent.publish_training(steps(1))
        time.sleep(0.002)
    assert os.waitpid(child, 0)[1] == 0
    assert parent.stats["reconnects"] == 0, parent.stats
    parent.publish_training(steps(2))


def pool(method):
    """Workers of a pool publish, each for itself, beside their parent."""
    parent = connected("PARENT")
    warnings.simplefilter("ignore", DeprecationWarning)
    context = multiprocessing.get_context(method)
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as workers:
        list(workers.map(worker, ["W1", "W2"]))
    assert parent.stats["reconnects"] == 0, parent.stats
    parent.publish_training(steps(2))


def threads():
    """The interpreter ends while threads publish."""
    publisher = connected("PARENT")
    stop = threading.Event()

    def work():
        while not stop.is_set():
            publisher.publish_voting(VotingMetrics("BUY", 7, 3))

    for _ in range(3):
        threading.Thread(target=work, daemon=True).start()
    time.sleep(0.2)
    publisher.publish_training(steps(2))


def interrupts():
    """KeyboardInterrupt is raised inside of a publish, again and again, at any line of it."""

    def interrupt(*_):
        raise KeyboardInterrupt

    publisher = connected("PARENT")
    signal.signal(signal.SIGALRM, interrupt)
    seen, number = 0, 0
    while seen < INTERRUPTS:
        number += 1
        try:
            signal.setitimer(signal.ITIMER_REAL, 1e-6 * (1 + number % 40))
            while True:
                publisher.publish_combined(steps(1), VotingMetrics("BUY", 7, 3))
        except KeyboardInterrupt:
            seen += 1
    assert publisher.stats["rejected"] == {}, publisher.stats
    publisher.publish_training(steps(2))


def forgotten():
    """Nobody stops it, nobody keeps it, and it has never heard of its hub's answer."""
    AssetSpacePublisher("NOBODY", HUB)  # never started
    publisher = connected("PARENT")
    publisher.publish_training(steps(2))
    del publisher


LIVES = {
    "fork": fork,
    "pool of forks": lambda: pool("fork"),
    "pool of spawns": lambda: pool("spawn"),
    "pool of a fork server": lambda: pool("forkserver"),
    "threads": threads,
    "interrupts": interrupts,
    "forgotten": forgotten,
}

if __name__ == "__main__":
    LIVES[sys.argv[2]]()
