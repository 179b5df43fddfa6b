"""The reader of training logs: lines, files that grow and turn, and where the hub is."""

from __future__ import annotations

import contextlib
import io
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from unittest import mock

import peers  # first, because it puts the code under test on the path

import log_metrics_reader as reader_module
from log_metrics_reader import ConfigError, LogMetricsReader, parse_line, resolve_hub, resolve_space
from websocket_client import AssetSpacePublisher

SCRIPT = os.path.join(os.path.dirname(peers.HERE), "log_metrics_reader.py")


class Lines(unittest.TestCase):
    def check(self, line, **want):
        with self.subTest(line[:80]):
            self.assertEqual({k: str(v) for k, v in parse_line(line).items()}, {k: str(v) for k, v in want.items()})

    def test_pairs(self):
        self.check("2026-01-01 12:00:00 INFO step=100 avn_accuracy=0.61", training_steps=100, avn_accuracy=0.61)
        self.check(
            "step: 100, actor_loss: 1.5e-3 | critic_loss: -2", training_steps=100, actor_loss="1.5e-3", critic_loss=-2
        )
        self.check("INFO:root:step=7", training_steps=7)
        self.check("[train] signal: BUY price=451234.12.", dominant_signal="BUY", last_price=451234.12)
        self.check(
            "signal = 'SELL' signal_source=\"the ensemble\"", dominant_signal="SELL", signal_source="the ensemble"
        )
        self.check("Step: 100/1000 avn_accuracy: 61%", training_steps=100, avn_accuracy=0.61)
        self.check("{'step': 5, 'buy_count': 7, 'sell_count': 3}", training_steps=5, buy_count=7, sell_count=3)
        self.check("actor_loss=tensor(0.25, grad_fn=<Mean>) avn_loss=np.float64(0.5)", actor_loss=0.25, avn_loss=0.5)
        self.check(
            "train/actor_loss=0.1 time/total_timesteps=9 voting.buys=2", actor_loss=0.1, training_steps=9, buy_count=2
        )

    def test_numbers_as_they_are_written_for_people(self):
        self.check(
            "step=1,234,567 last_price: 451,234.12, signal=BUY",
            training_steps=1234567,
            last_price="451234.12",
            dominant_signal="BUY",
        )
        self.check("buy_count=7,sell_count=3", buy_count=7, sell_count=3)
        self.check("avn_accuracy: 61 % of all", avn_accuracy=0.61)
        self.check("\x1b[1mstep\x1b[0m=\x1b[36m10\x1b[0m avn_loss=\x1b[33m0.5\x1b[0m", training_steps=10, avn_loss=0.5)
        self.check("\x1b[32msignal=BUY\x1b[0m", dominant_signal="BUY")

    def test_a_part_of_a_number_is_never_taken_for_it(self):
        """The publisher refuses these as they stand, and says so."""
        self.check("avn_accuracy=0,61 buy_count=7,3", avn_accuracy="0,61", buy_count="7,3")
        self.check("actor_loss=1,234", actor_loss="1,234")  # somewhere that is 1.234
        self.check("price: 5 % price=5%", last_price="5%")

    def test_enums_as_python_prints_them(self):
        self.check("signal=Signal.BUY dominant_signal=<Signal.SELL: 2>", dominant_signal="SELL")
        self.check("signal: Signal.BUY, step=5", dominant_signal="BUY", training_steps=5)

    def test_what_is_not_the_spaces_own_is_left_alone(self):
        for line in [
            "",
            "nothing to see",
            "eval/avn_accuracy=0.9",
            "agent_3.actor_loss=0.1",
            "agent 3: actor_loss=0.1 step=5",
            "Agent #12 | actor_loss=0.1",
            "best avn_accuracy=0.9",
            "validation avn_accuracy=0.9",
            "Evaluation: avn_accuracy=0.9",
            "Episode steps: 37",
            "my_step=3 stepping=4 steps_left=5 xprice=3",
            "rewards=5 cpu_percent=90 q_buy=0.1 buffer_size=100 accuracy=0.9 loss=1",
            '{"agents": {"actor_loss": 1}, "rewards": 5}',
            '{"agents": [{"actor_loss": 1, "step": 3}]}',
            '{"agent_id": 3, "actor_loss": 1}',
            '{"agents": {"a": {"actor_loss": 1}} broken',
            '{"eval/avn_accuracy": 0.9}',
            "[1, 2, 3]",
        ]:
            self.check(line)

    def test_json(self):
        self.check(
            '{"step": 100, "avn_accuracy": 0.61, "signal": "BUY"}',
            training_steps=100,
            avn_accuracy=0.61,
            dominant_signal="BUY",
        )
        self.check('INFO metrics {"training_steps": 1}', training_steps=1)
        self.check("INFO step=4 extra={}", training_steps=4)
        self.check(
            '{"training": {"training_steps": 1}, "voting": {"buy_count": 7, "agents": {"sell_count": 1}}}',
            training_steps=1,
            buy_count=7,
        )
        self.check('{"type": "training", "data": {"actor_loss": 0.5}}', actor_loss=0.5)
        self.check('{"train/actor_loss": 0.5}', actor_loss=0.5)
        self.check('{"step": 1, "training_steps": 2}', training_steps=2)
        self.check('{"training_steps": 2, "step": 1}', training_steps=2)

    def test_what_is_not_finite(self):
        for line in (
            "actor_loss=nan",
            "actor_loss: -inf",
            '{"actor_loss": NaN}',
            '{"actor_loss": null}',
            "actor_loss=Infinity",
        ):
            self.assertFalse(math.isfinite(float(parse_line(line)["actor_loss"])), line)
        self.check('{"dominant_signal": null}')

    def test_no_line_takes_long_or_raises(self):
        for line in (
            "{" * 60000,
            "[" * 60000,
            '{"a":' * 10000,
            "step=" * 10000,
            "step" * 15000,
            "train/" * 10000,
            "step=" + "9" * 60000,
            "step" + " " * 60000 + "=1",
            '"' * 60000,
            "agent " * 10000,
            "\0\x1b" * 30000,
            "step='" * 10000,
            "tensor(" * 9000,
            "actor_loss=np." * 4000,
        ):
            before = time.perf_counter()
            parse_line(line)
            self.assertLess(time.perf_counter() - before, 2.0, line[:20])


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "training.log")
        self.published: list[dict] = []
        self.publisher = mock.Mock()
        for name in ("publish_training", "publish_voting"):
            getattr(self.publisher, name).side_effect = lambda m: self.published.append(self.known(m))
        self.publisher.publish_combined.side_effect = lambda t, v: self.published.append(
            {**self.known(t), **self.known(v)}
        )

    @staticmethod
    def known(metrics):
        return {k: v for k, v in vars(metrics).items() if v is not None}

    def write(self, text, mode="a"):
        with open(self.path, mode + "b") as file:
            file.write(text if isinstance(text, bytes) else text.encode())

    def reader(self, **options) -> LogMetricsReader:
        reader = LogMetricsReader(self.path, self.publisher, **options)
        self.addCleanup(reader.finish)
        return reader

    def steps(self):
        return [p.get("training_steps") for p in self.published]

    def test_only_what_is_new_is_read(self):
        self.write("step=1\n")
        reader = self.reader()
        self.assertEqual(reader.poll(), 0)
        self.write("step=2\nnothing\nstep=3 signal=BUY\n")
        self.assertEqual(reader.poll(), 2)
        self.assertEqual(self.published, [{"training_steps": "2"}, {"training_steps": "3", "dominant_signal": "BUY"}])

    def test_from_start(self):
        self.write("step=1\r\nstep=2\r\n")
        self.reader(from_start=True).poll()
        self.assertEqual(self.steps(), ["1", "2"])

    def test_a_progress_bar_is_read_as_it_goes(self):
        reader = self.reader(from_start=True)
        self.write("\rstep=1\rstep=2")
        reader.poll()
        self.write("\rstep=3\nstep=4\r")
        reader.poll()
        self.write("\nstep=5\n")
        reader.poll()
        self.assertEqual(self.steps(), ["1", "2", "3", "4", "5"])

    def test_a_log_may_appear_later(self):
        reader = self.reader()
        self.assertEqual(reader.poll(), 0)
        self.write("step=1\n")
        reader.poll()
        self.assertEqual(self.steps(), ["1"])

    def test_half_a_line_waits_for_the_other_half(self):
        reader = self.reader()
        reader.poll()
        for part in ("st", "ep=1", "23", "\nstep"):
            self.write(part)
            reader.poll()
        self.assertEqual(self.steps(), ["123"])
        self.write("=4")
        reader.poll()
        self.assertEqual(self.steps(), ["123"])
        reader.finish()
        self.assertEqual(self.steps(), ["123", "4"])

    def test_half_a_line_at_the_beginning_is_not_read(self):
        self.write("step=1")
        reader = self.reader()
        reader.poll()
        self.write("00 price=3\nstep=2\n")
        reader.poll()
        self.assertEqual(self.steps(), ["2"])

    def test_truncation(self):
        self.write("step=1\nstep=2\n")
        reader = self.reader(from_start=True)
        reader.poll()
        self.write("step=3\n", "w")
        reader.poll()
        self.assertEqual(self.steps(), ["1", "2", "3"])

    def test_rotation_loses_no_line(self):
        self.write("step=1\n")
        reader = self.reader(from_start=True)
        reader.poll()
        self.write("step=2\nstep=3")  # after the last poll, into the old file
        os.rename(self.path, self.path + ".1")
        self.assertEqual(reader.poll(), 1)  # the new file is not born yet
        self.write("step=4\n")
        reader.poll()
        self.assertEqual(self.steps(), ["1", "2", "3", "4"])

    def test_long_lines_and_bad_bytes_cost_neither_memory_nor_neighbours(self):
        self.write("step=1\n" + "x" * 300_000 + " step=666\nstep=2\n")
        self.write(b"\xff\xfe step=3 signal_source=\xffx\n\0\0\0\n" + b"y" * 70_000)
        reader = self.reader(from_start=True)
        reader.poll()
        self.assertLessEqual(len(reader._tail._rest), reader_module.MAX_LINE)
        self.write(" step=667\nstep=4\n")
        reader.poll()
        self.assertEqual(self.steps(), ["1", "2", "3", "4"])
        self.assertEqual(reader.stats["too_long"], 2)


class Places(unittest.TestCase):
    def test_where_the_hub_is(self):
        for argument, environ, want in [
            ("ws://a", {"HUB_WS_URL": "ws://b", "SPACE_ID": "o/n"}, "ws://a"),
            (None, {"HUB_WS_URL": "ws://b", "SPACE_ID": "o/n"}, "ws://b"),
            (None, {"SPACE_ID": "Owner/V75"}, "wss://owner-quasar-executo.hf.space"),
            (None, {"SPACE_ID": "Karl_Q.x/V75"}, "wss://karl-q-x-quasar-executo.hf.space"),
            (None, {"SPACE_ID": "o/n", "QUASAR_HUB_SPACE": "Other/My_Hub"}, "wss://other-my-hub.hf.space"),
        ]:
            self.assertEqual(resolve_hub(argument, environ), want)

    def test_there_is_no_default(self):
        with self.assertRaises(ConfigError) as caught:
            resolve_hub(None, {})
        for way in ("--hub", "HUB_WS_URL", "SPACE_ID"):
            self.assertIn(way, str(caught.exception))
        for bad in ("x", "/x", "x/", "a/b/c", "evil.com#/x", "a/../b"):
            with self.assertRaisesRegex(ConfigError, "SPACE_ID: got .*, want owner/name"):
                resolve_hub(None, {"SPACE_ID": bad})

    def test_what_the_space_is_called(self):
        self.assertEqual(resolve_space("A", "ws://h/ws/publish/B", {"SPACE_ID": "o/C"}), "A")
        self.assertEqual(resolve_space(None, "ws://h/ws/publish/B", {"SPACE_ID": "o/C"}), "B")
        self.assertEqual(resolve_space(None, "ws://h", {"SPACE_ID": "o/C"}), "C")
        with self.assertRaisesRegex(ConfigError, "no space"):
            resolve_space(None, "ws://h", {})


class Command(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.log = os.path.join(folder.name, "training.log")
        self.hub = peers.Hub()
        self.addCleanup(self.hub.stop)

    def environment(self, **more):
        clean = {
            k: v
            for k, v in os.environ.items()
            if k not in ("HUB_WS_URL", "SPACE_ID", "QUASAR_HUB_SPACE", "QUASAR_TOKEN")
        }
        return {**clean, **more}

    def command(self, *args, **environ):
        return subprocess.run(
            [sys.executable, "-W", "error", "-X", "dev", SCRIPT, self.log, *args],
            capture_output=True,
            text=True,
            timeout=60,
            env=self.environment(**environ),
        )

    def write(self, text):
        with open(self.log, "a", encoding="utf-8") as file:
            file.write(text)

    def test_once_publishes_the_newest_values_in_one_frame(self):
        self.write("".join(f"step={i} signal=BUY\n" for i in range(5000)) + "actor_loss=nan")
        token = os.path.join(self.folder, "token")
        with open(token, "w", encoding="utf-8") as file:
            file.write("the-token\n")
        done = self.command("--once", "--space", "V75", "--token-file", token, HUB_WS_URL=self.hub.url)
        self.assertEqual(done.returncode, 0, done.stderr)
        peer = self.hub.peer()
        want = {
            "type": "metrics",
            "training": {"training_steps": 4999, "actor_loss": None},
            "voting": {"dominant_signal": "BUY"},
        }
        self.assertEqual(peer.metrics(), [want])
        self.assertEqual(peer.headers["x-quasar-token"], "the-token")
        self.assertNotIn("the-token", done.stderr)
        self.assertIn("5001 lines, 5001 with metrics", done.stderr)

    def test_following(self):
        self.write("step=1\n")
        process = subprocess.Popen(
            [sys.executable, SCRIPT, self.log, "--hub", self.hub.url + "/ws/publish/V75"],
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment(),
        )
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        peer = self.hub.peer()
        time.sleep(0.5)
        self.write("step=2\n")
        peers.wait_until(lambda: peer.metrics() == [{"type": "training", "data": {"training_steps": 2}}])
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 143)
        self.assertEqual(peer.control(peers.CLOSE), [b"\x03\xe8"])

    def test_mistakes_have_their_exit_codes(self):
        self.assertEqual(self.command("--bad").returncode, 2)
        done = self.command("--space", "V75")
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn("HUB_WS_URL", done.stderr)
        self.assertEqual(self.command("--hub", "ws://h", "--space", "a b").returncode, 3)
        self.assertEqual(self.command("--hub", "nonsense", "--space", "V75").returncode, 3)
        self.assertEqual(self.command("--hub", "ws://h", "--space", "V75", "--token-file", "/no/such").returncode, 3)
        self.assertEqual(self.command("--hub", "ws://h", "--space", "V75", "--once").returncode, 1)

    def test_what_cannot_be_read_is_said_and_is_no_success(self):
        pipe = os.path.join(self.folder, "pipe")
        os.mkfifo(pipe)
        for path, why in ((self.folder, "want a file"), (pipe, "want a file"), (self.log, "Permission denied")):
            for more in ([], ["--once"]):
                with self.subTest(path, more=more), contextlib.redirect_stderr(io.StringIO()) as said:
                    self.write("step=1\n")
                    denied = PermissionError(13, "Permission denied")
                    with mock.patch.object(reader_module, "open", mock.Mock(side_effect=denied), create=True):
                        code = reader_module.main([path, *more, "--hub", self.hub.url, "--space", "V75"])
                    self.assertEqual(code, 1)
                    self.assertIn(why, said.getvalue())
                    self.assertIn(path, said.getvalue())

    def test_once_without_a_hub(self):
        self.write("step=1\n")
        publisher = AssetSpacePublisher("V75", f"ws://127.0.0.1:{peers.free_port()}")
        with (
            mock.patch.object(reader_module, "DELIVERY", 0.3),
            mock.patch.object(reader_module, "_publisher", lambda _: publisher),
        ):
            with self.assertLogs("quasar.publisher"):
                self.assertEqual(reader_module.main([self.log, "--once"]), 4)


if __name__ == "__main__":
    unittest.main()
