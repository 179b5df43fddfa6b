"""The publisher in the life of a process: exits, interrupts, forks, spawns, warnings."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
import unittest

import peers

PREAMBLE = f"""
import os, signal, sys, threading, time
sys.path.insert(0, {os.path.dirname(peers.HERE)!r})
from websocket_client import AssetSpacePublisher, TrainingMetrics, VotingMetrics
publisher = AssetSpacePublisher("V75", URL)
def connected():
    while not publisher.stats["connected"]:
        time.sleep(0.01)
"""
# Far above the second that is promised, for machines that are slow today.
SLACK = 3.0


def spawned(url: str) -> None:
    from websocket_client import AssetSpacePublisher, TrainingMetrics

    publisher = AssetSpacePublisher("CHILD", url)
    publisher.start()
    publisher.publish_training(TrainingMetrics(1))
    publisher.stop()


class Process(unittest.TestCase):
    def hub(self, *args, **options) -> peers.Hub:
        hub = peers.Hub(*args, **options)
        self.addCleanup(hub.stop)
        return hub

    def start(self, url: str, script: str, *flags: str) -> subprocess.Popen:
        code = PREAMBLE.replace("URL", repr(url)) + textwrap.dedent(script)
        process = subprocess.Popen(
            [sys.executable, "-X", "dev", "-W", "error", *flags, "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process: subprocess.Popen) -> None:
        process.kill()
        process.communicate()

    def run_script(self, url: str, script: str, *flags: str) -> str:
        """Runs a script to its end and returns what it wrote to stderr."""
        process = self.start(url, script, *flags)
        _, stderr = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0, stderr)
        return stderr

    def exit_took(self, url: str, wait: str) -> float:
        """Returns how long the interpreter took from the script's last line to its end."""
        script = (
            f"publisher.start()\npublisher.publish_training(TrainingMetrics(7))\n{wait}\nprint(time.time(), flush=True)"
        )
        process = self.start(url, script)
        stdout, stderr = process.communicate(timeout=30)
        took = time.time() - float(stdout)
        self.assertNotIn("Traceback", stderr)
        self.assertNotIn("ResourceWarning", stderr)
        return took


class Exit(Process):
    def test_a_script_that_just_ends_has_its_newest_state_sent(self):
        hub = self.hub()
        stderr = self.run_script(
            hub.url,
            """
            publisher.start()
            for step in range(1000):
                publisher.publish_training(TrainingMetrics(step))
            """,
        )
        self.assertEqual(stderr, "")
        peer = hub.peer()
        self.assertTrue(peer.ended.wait(5))
        self.assertEqual(peer.metrics()[-1]["data"], {"training_steps": 999})
        self.assertEqual(peer.control(peers.CLOSE), [b"\x03\xe8"])

    def test_one_that_nobody_has_any_more_is_waited_for_at_the_end(self):
        hub = self.hub()
        stderr = self.run_script(
            hub.url,
            """
            try: AssetSpacePublisher("a bad name", "ws://localhost")
            except ValueError: pass
            def train(publisher):
                publisher.start()
                publisher.publish_training(TrainingMetrics(8))
            mine, publisher = [publisher], None
            train(mine.pop())
            """,
        )
        self.assertEqual(stderr, "")
        peer = hub.peer()
        self.assertTrue(peer.ended.wait(5))
        self.assertEqual(peer.metrics()[-1]["data"], {"training_steps": 8})
        self.assertEqual(peer.control(peers.CLOSE), [b"\x03\xe8"])

    def test_a_script_that_fails_has_its_newest_state_sent(self):
        hub = self.hub()
        process = self.start(hub.url, "publisher.start()\npublisher.publish_training(TrainingMetrics(5))\n1/0")
        _, stderr = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 1)
        self.assertIn("ZeroDivisionError", stderr)
        peers.wait_until(lambda: hub.peer().metrics() == [{"type": "training", "data": {"training_steps": 5}}])

    def test_the_exit_waits_for_no_hub(self):
        for mode in ("accept", "stall", "mute", "refuse", ""):
            with self.subTest(mode or "down"):
                url = self.hub(mode).url if mode else f"ws://127.0.0.1:{peers.free_port()}"
                wait = "connected()" if mode in ("accept", "stall") else "time.sleep(0.3)"
                self.assertLess(self.exit_took(url, wait), 1.0 + SLACK)

    def test_many_publishers_share_the_second(self):
        hub = self.hub("stall")
        wait = """
others = [AssetSpacePublisher(f"V{i}", publisher.stats["hub"]) for i in range(8)]
for other in others: other.start()
connected()
while not all(o.stats["connected"] for o in others): time.sleep(0.01)
"""
        self.assertLess(self.exit_took(hub.url, wait), 1.0 + SLACK)

    def test_a_dead_address_does_not_hold_the_exit(self):
        # TEST-NET-1: nothing answers, or the network says at once that it is out of reach.
        self.assertLess(self.exit_took("ws://192.0.2.1:7860", "time.sleep(0.2)"), 1.0 + SLACK)

    def test_threads_that_still_publish_at_the_end_do_no_harm(self):
        hub = self.hub()
        stderr = self.run_script(
            hub.url,
            """
            publisher.start()
            def work():
                while True:
                    publisher.publish_training(TrainingMetrics(1))
            for _ in range(3):
                threading.Thread(target=work, daemon=True).start()
            connected()
            """,
        )
        self.assertNotIn("Traceback", stderr)

    def test_publishing_and_stopping_from_exit_handlers_is_fine(self):
        hub = self.hub()
        stderr = self.run_script(
            hub.url,
            """
            import atexit
            def late():
                publisher.start()
                publisher.publish_training(TrainingMetrics(2))
                publisher.stop()
            atexit.register(late)
            publisher.start()
            class Last:
                def __del__(self):
                    publisher.publish_training(TrainingMetrics(3))
            last = Last()
            """,
        )
        self.assertNotIn("Traceback", stderr)

    def test_an_interrupt_ends_the_script_as_usual(self):
        hub = self.hub()
        process = self.start(
            hub.url,
            """
            publisher.start()
            connected()
            print("ready", flush=True)
            step = 0
            while True:
                step += 1
                publisher.publish_combined(TrainingMetrics(step), VotingMetrics("BUY"))
            """,
        )
        self.assertEqual(process.stdout.readline(), "ready\n")
        time.sleep(0.2)
        before = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
        self.assertLess(time.monotonic() - before, 1.0 + SLACK)
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertIn("KeyboardInterrupt", stderr)
        peers.wait_until(lambda: hub.peer().control(peers.CLOSE) == [b"\x03\xe8"])

    def test_a_publish_in_a_signal_handler_does_not_lock_up(self):
        hub = self.hub()
        self.run_script(
            hub.url,
            """
            signal.signal(signal.SIGALRM, lambda *_: publisher.publish_training(TrainingMetrics(1)))
            signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
            publisher.start()
            end = time.monotonic() + 1
            while time.monotonic() < end:
                publisher.publish_training(TrainingMetrics(2))
            signal.setitimer(signal.ITIMER_REAL, 0)
            """,
        )


@unittest.skipUnless(hasattr(os, "fork"), "no fork on this system")
class Fork(Process):
    SCRIPT = """
        publisher.start()
        connected()
        publisher.publish_training(TrainingMetrics(1))
        time.sleep(0.3)
        import warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 dislikes any fork of a process with threads
        child = os.fork()
        if child == 0:
            for _ in range(100):
                publisher.publish_training(TrainingMetrics(666))
            publisher.start()
            publisher.stop()
            stats = publisher.stats
            assert (stats["state"], stats["ignored"], stats["connected"]) == ("silent", 100, False), stats
            LEAVE
        _, status = os.waitpid(child, 0)
        assert status == 0, status
        publisher.publish_training(TrainingMetrics(2))
        """

    def check(self, leave: str):
        hub = self.hub()
        stderr = self.run_script(hub.url, self.SCRIPT.replace("LEAVE", leave))
        peer = hub.peer()
        self.assertTrue(peer.ended.wait(5))
        self.assertEqual([m["data"]["training_steps"] for m in peer.metrics()], [1, 2])
        self.assertEqual(peer.control(peers.CLOSE), [b"\x03\xe8"])
        self.assertEqual(len(hub.peers), 1)
        self.assertEqual(stderr.count("this process was forked"), 1, stderr)

    def test_a_child_that_exits_in_order_is_silent(self):
        self.check("sys.exit(0)")

    def test_a_child_that_exits_at_once_is_silent(self):
        self.check("os._exit(0)")

    def test_a_child_does_not_hold_the_connection_open(self):
        """The hub must see the parent's end although a worker of his lives on."""
        hub = self.hub()
        process = self.start(
            hub.url,
            """
            import warnings
            warnings.simplefilter("ignore", DeprecationWarning)
            publisher.start()
            connected()
            child = os.fork()
            if child == 0:
                time.sleep(20)
                os._exit(0)
            print(child, flush=True)
            time.sleep(20)
            """,
        )
        child = int(process.stdout.readline())
        self.addCleanup(os.kill, child, signal.SIGKILL)
        process.kill()
        self.assertTrue(hub.peer().ended.wait(5))

    def test_a_child_may_have_a_publisher_of_its_own(self):
        hub = self.hub()
        self.run_script(
            hub.url,
            """
            import warnings
            warnings.simplefilter("ignore", DeprecationWarning)
            publisher.start()
            connected()
            child = os.fork()
            if child == 0:
                own = AssetSpacePublisher("CHILD", publisher.stats["hub"])
                own.start()
                own.publish_training(TrainingMetrics(5))
                sys.exit(0)
            assert os.waitpid(child, 0)[1] == 0
            """,
        )
        child = hub.peer(1)
        self.assertEqual(child.request, "GET /ws/publish/CHILD HTTP/1.1")
        peers.wait_until(lambda: child.metrics() == [{"type": "training", "data": {"training_steps": 5}}])


    def test_a_fork_while_a_thread_starts_one_leaves_it_usable(self):
        hub = self.hub()
        self.run_script(
            hub.url,
            """
            publisher._lifecycle.acquire()  # as a thread inside start() does
            child = os.fork()
            if child == 0:
                signal.alarm(10)
                publisher.start()
                publisher.publish_training(TrainingMetrics(5))
                sys.exit(0)
            assert os.waitpid(child, 0)[1] == 0
            """,
        )
        peers.wait_until(lambda: hub.peer().metrics() == [{"type": "training", "data": {"training_steps": 5}}])

    def test_a_forked_worker_has_its_newest_state_sent(self):
        """Such a worker ends by os._exit, without exit handlers. The rate holds its last publish back."""
        hub = self.hub()
        self.run_script(
            hub.url,
            """
            import multiprocessing, warnings
            warnings.simplefilter("ignore", DeprecationWarning)
            def work():
                own = AssetSpacePublisher("WORKER", publisher.stats["hub"], max_rate=2)
                own.start()
                own.publish_training(TrainingMetrics(4))
                while own.stats["frames_sent"] == 0:
                    time.sleep(0.001)
                own.publish_training(TrainingMetrics(5))
            worker = multiprocessing.get_context("fork").Process(target=work)
            worker.start()
            worker.join()
            assert worker.exitcode == 0, worker.exitcode
            """,
        )
        peer = hub.peer()
        self.assertTrue(peer.ended.wait(5))
        self.assertEqual([m["data"]["training_steps"] for m in peer.metrics()], [4, 5])
        self.assertEqual(peer.control(peers.CLOSE), [b"\x03\xe8"])


class Spawn(Process):
    def test_a_spawned_child_publishes_for_itself(self):
        hub = self.hub()
        child = multiprocessing.get_context("spawn").Process(target=spawned, args=(hub.url,))
        child.start()
        child.join(30)
        self.assertEqual(child.exitcode, 0)
        child.close()
        peer = hub.peer()
        self.assertEqual(peer.request, "GET /ws/publish/CHILD HTTP/1.1")
        self.assertEqual(peer.metrics(), [{"type": "training", "data": {"training_steps": 1}}])


class Warnings(Process):
    def test_no_warning_in_any_life(self):
        hub = self.hub()
        for url in (hub.url, f"ws://127.0.0.1:{peers.free_port()}", "wss://127.0.0.1:1", "nonsense"):
            stderr = self.run_script(
                url,
                """
                import gc, logging
                logging.disable(logging.CRITICAL)
                publisher.start()
                for step in range(20):
                    publisher.publish_combined(TrainingMetrics(step), VotingMetrics("BUY"))
                    time.sleep(0.01)
                publisher.stop()
                publisher.start()
                del publisher
                gc.collect()
                """,
            )
            self.assertEqual(stderr, "")


if __name__ == "__main__":
    unittest.main()
