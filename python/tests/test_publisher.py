"""What the publisher promises, each line of it against a hub on a real socket."""

from __future__ import annotations

import json
import logging
import os
import random
import threading
import time
import tracemalloc
import unittest
from unittest import mock

import peers

import websocket_client
from websocket_client import AssetSpacePublisher, TrainingMetrics, VotingMetrics


class Case(unittest.TestCase):
    def setUp(self):
        self.logger = logging.Logger("test")
        self.lines: list[str] = []
        handler = logging.Handler()
        handler.emit = lambda record: self.lines.append(f"{record.levelname} {record.getMessage()}")
        self.logger.addHandler(handler)

    def hub(self, *args, **options) -> peers.Hub:
        hub = peers.Hub(*args, **options)
        self.addCleanup(hub.stop)
        return hub

    def publisher(self, url: str, **options) -> AssetSpacePublisher:
        publisher = AssetSpacePublisher("V75", url, logger=self.logger, **options)
        self.addCleanup(publisher.stop, 0.2)
        publisher.start()
        return publisher

    def set(self, **constants):
        for name, value in constants.items():
            patch = mock.patch.object(websocket_client, "_" + name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def wait_stats(self, publisher, **want):
        """Waits for figures, which the thread notes just after a frame has left."""
        peers.wait_until(lambda: {name: publisher.stats[name] for name in want} == want)

    def warnings(self) -> list[str]:
        return [line for line in self.lines if line.startswith("WARNING")]


class Smoke(Case):
    def test_the_original_guide(self):
        hub = self.hub()
        pub = AssetSpacePublisher("V75_TEST", f"{hub.url}/ws/publish/V75_TEST", logger=self.logger)
        self.addCleanup(pub.stop)
        pub.start()
        hub.peer().open.wait(5)
        for step in range(10):
            pub.publish_combined(
                TrainingMetrics(training_steps=step * 100, avn_accuracy=0.5 + step * 0.04),
                VotingMetrics(dominant_signal="BUY", buy_count=7, sell_count=3),
            )
            # Each leaves at once, as its own frame, when they come slower than the rate.
            peers.wait_until(lambda step=step: len(hub.peers[0].metrics()) == step + 1)
            time.sleep(0.06)
        peer = hub.peers[0]
        self.assertEqual(peer.request, "GET /ws/publish/V75_TEST HTTP/1.1")
        self.assertEqual(peer.messages()[0], {"type": "identify", "space": "V75_TEST"})
        frames = peer.metrics()
        self.assertEqual([f["type"] for f in frames], ["metrics"] * 10)
        self.assertEqual([f["training"]["training_steps"] for f in frames], [100 * i for i in range(10)])
        self.assertEqual(frames[-1]["voting"], {"dominant_signal": "BUY", "buy_count": 7, "sell_count": 3})
        self.wait_stats(pub, frames_sent=10)
        stats = pub.stats
        self.assertEqual((stats["publishes"], stats["frames_sent"], stats["conflated"]), (10, 10, 0))
        self.assertEqual((stats["connected"], stats["state"]), (True, "connected"))

    def test_a_publish_leaves_at_once(self):
        hub = self.hub()
        publisher = self.publisher(hub.url)
        peer = hub.peer()
        waits = []
        for step in range(5):
            time.sleep(0.1)
            before = time.monotonic()
            publisher.publish_training(TrainingMetrics(step))
            peers.wait_until(lambda step=step: len(peer.metrics()) == step + 1)
            waits.append(peer.frames[-1].at - before)
        # Half of the idle thread's poll: a publish must wake it.
        self.assertLess(sorted(waits)[2], 0.125)


class Slots(Case):
    def test_publishes_merge_field_by_field_and_the_newest_wins(self):
        hub = self.hub()
        publisher = AssetSpacePublisher("V75", hub.url, logger=self.logger)
        self.addCleanup(publisher.stop)
        publisher.publish_training(TrainingMetrics(training_steps=1, actor_loss=0.1))
        publisher.publish_training(TrainingMetrics(training_steps=2, critic_loss=0.2))
        publisher.publish_voting(VotingMetrics(buy_count=7))
        publisher.start()
        peer = hub.peer()
        peers.wait_until(peer.metrics)
        want = {"training_steps": 2, "actor_loss": 0.1, "critic_loss": 0.2}
        self.assertEqual(peer.metrics(), [{"type": "metrics", "training": want, "voting": {"buy_count": 7}}])
        self.wait_stats(publisher, frames_sent=1, conflated=2)

    def test_a_frame_holds_what_was_published_since_the_last(self):
        hub = self.hub()
        publisher = self.publisher(hub.url)
        peer = hub.peer()
        publisher.publish_voting(VotingMetrics(dominant_signal="BUY", buy_count=7))
        peers.wait_until(peer.metrics)
        publisher.publish_voting(VotingMetrics(last_price=5.0))
        peers.wait_until(lambda: len(peer.metrics()) == 2)
        self.assertEqual(peer.metrics()[1], {"type": "voting", "data": {"last_price": 5.0}})

    def test_the_same_value_again_is_sent_again(self):
        hub = self.hub()
        publisher = self.publisher(hub.url)
        peer = hub.peer()
        for count in (1, 2):
            publisher.publish_voting(VotingMetrics(dominant_signal="BUY"))
            peers.wait_until(lambda count=count: len(peer.metrics()) == count)

    def test_a_flood_is_conflated_to_the_rate_and_ends_with_the_newest(self):
        hub = self.hub()
        publisher = self.publisher(hub.url)
        peer = hub.peer()
        began, step = time.monotonic(), 0
        while publisher.stats["frames_sent"] < 24 and time.monotonic() - began < 30:
            step += 1
            publisher.publish_combined(TrainingMetrics(step), VotingMetrics(buy_count=step))
        peers.wait_until(lambda: peer.metrics()[-1]["training"] == {"training_steps": step})
        at = [f.at for f in peer.frames if f.opcode == peers.TEXT][1:]
        for i in range(len(at) - 21):
            # 21 gaps of 50 ms, less what a busy machine may hold back and read at once.
            self.assertGreater(at[i + 21] - at[i], 0.7)
        self.assertGreater(len(at), 22)
        for frame in peer.metrics():  # a publish is seen whole: its two groups never part
            self.assertEqual(frame["training"]["training_steps"], frame["voting"]["buy_count"])

        def counted():
            stats = publisher.stats
            return stats["frames_sent"] + stats["conflated"] == stats["publishes"]

        peers.wait_until(counted)

    def test_many_threads_lose_nothing(self):
        hub = self.hub()
        publisher = self.publisher(hub.url)
        names = ["actor_loss", "critic_loss", "avn_loss", "avn_accuracy"]

        def work(name):
            for i in range(5000):
                publisher.publish_training(TrainingMetrics(**{name: float(i)}))

        threads = [threading.Thread(target=work, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        known: dict = {}
        peer = hub.peer()

        def settled():
            for frame in peer.metrics():
                known.update(frame["data"])
            return known == {name: 4999.0 for name in names}

        peers.wait_until(settled)

    def test_memory_stays_flat_whatever_the_hub_does(self):
        for mode in ("accept", "stall", "mute", "refuse", ""):
            with self.subTest(mode or "down"):
                url = self.hub(mode).url if mode else f"ws://127.0.0.1:{peers.free_port()}"
                self.check_memory(self.publisher(url))

    def check_memory(self, publisher):
        training, voting = TrainingMetrics(1, 0.1, 0.2, 0.3, 0.4), VotingMetrics("BUY", 1, 2, 3.0, "x")

        def publish(count):
            for _ in range(count):
                publisher.publish_combined(training, voting)

        publish(1000)
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            publish(5000)
            self.assertLess(tracemalloc.get_traced_memory()[0] - before, 64 * 1024)
        finally:
            tracemalloc.stop()
        self.assertEqual(len(publisher._slots.copy()), 11)  # ten values, and their number
        self.assertLessEqual(publisher._wake._bell.qsize(), 1)  # one ring is enough
        publisher.stop(0.1)


class Reconnecting(Case):
    def test_after_an_outage_the_newest_goes_out_and_old_votes_do_not(self):
        self.set(BACKOFF=(0.1,))
        port = peers.free_port()
        publisher = self.publisher(f"ws://127.0.0.1:{port}")
        for step in range(50):
            publisher.publish_combined(TrainingMetrics(step), VotingMetrics("SELL" if step < 49 else "BUY"))
            time.sleep(0.005)
        peer = self.hub(port=port).peer()
        peers.wait_until(peer.metrics)
        time.sleep(0.2)
        want = {"type": "metrics", "training": {"training_steps": 49}, "voting": {"dominant_signal": "BUY"}}
        self.assertEqual(peer.metrics(), [want])

    def test_a_restarted_hub_gets_all_that_is_known(self):
        self.set(BACKOFF=(0.1,))
        first = self.hub()
        publisher = self.publisher(first.url)
        publisher.publish_training(TrainingMetrics(1, actor_loss=float("nan")))
        publisher.publish_voting(VotingMetrics("BUY", 7, 3))
        peers.wait_until(lambda: any("voting" in f["type"] or "voting" in f for f in first.peer().metrics()))
        publisher.publish_training(TrainingMetrics(2))
        peers.wait_until(lambda: first.peer().metrics()[-1].get("data") == {"training_steps": 2})
        first.stop()
        second = self.hub(port=first.port)
        peer = second.peer(timeout=10)
        peers.wait_until(peer.metrics)
        want = {
            "type": "metrics",
            "training": {"training_steps": 2, "actor_loss": None},
            "voting": {"dominant_signal": "BUY", "buy_count": 7, "sell_count": 3},
        }
        self.assertEqual(peer.messages(), [{"type": "identify", "space": "V75"}, want])
        self.assertEqual(publisher.stats["reconnects"], 1)
        self.assertEqual(len([w for w in self.warnings() if "lost" in w]), 1, self.lines)

    def test_votes_that_grew_old_do_not_come_back_as_new(self):
        self.set(BACKOFF=(0.05,))
        first = self.hub()
        publisher = self.publisher(first.url, max_vote_age=0.5)
        publisher.publish_combined(TrainingMetrics(1), VotingMetrics("BUY"))
        peers.wait_until(lambda: first.peer().metrics())
        time.sleep(0.6)
        publisher.publish_voting(VotingMetrics(buy_count=3))
        first.stop()
        peer = self.hub(port=first.port).peer()
        peers.wait_until(peer.metrics)
        self.assertEqual(
            peer.metrics()[0], {"type": "metrics", "training": {"training_steps": 1}, "voting": {"buy_count": 3}}
        )
        self.assertGreaterEqual(publisher.stats["expired"], 1)

    def test_it_comes_back_for_ever_with_growing_pauses(self):
        self.set(BACKOFF=(0.02, 0.04, 0.08))
        port = peers.free_port()
        publisher = self.publisher(f"ws://127.0.0.1:{port}")
        time.sleep(1.0)
        self.hub(port=port).peer(timeout=5)
        peers.wait_until(lambda: publisher.stats["connected"])
        url = f"ws://127.0.0.1:{port}"
        self.assertEqual(
            self.warnings(),
            [
                f"WARNING V75: hub {url} cannot be reached: Connection refused",
                f"WARNING V75: connected to {url}",
            ],
            "an outage is told once, and its end to whoever was told of it",
        )

    def test_the_first_connection_is_no_warning(self):
        hub = self.hub()
        publisher = self.publisher(hub.url)
        peers.wait_until(lambda: publisher.stats["connected"])
        self.assertEqual(self.warnings(), [])

    def test_pauses_have_full_jitter_and_end_at_the_cap(self):
        worker = self.publisher("ws://127.0.0.1:1")._worker
        worker._failures = 0
        bounds = []
        with mock.patch.object(websocket_client._chance, "uniform", lambda low, high: bounds.append((low, high)) or 0):
            for _ in range(9):
                worker._back_off(0)
        self.assertEqual(bounds, [(0.0, s) for s in (0.5, 1, 2, 4, 8, 16, 20, 20, 20)])

    def test_the_chance_of_the_training_is_left_alone(self):
        """A run with a seed must be the same run, whatever the hub does; and spaces that
        have the same seed must not come back at the same time."""
        random.seed(7)
        before = random.getstate()
        for hub in (self.hub("drop"), self.hub("refuse")):
            self.publisher(hub.url)
            peers.wait_until(lambda hub=hub: hub.attempts)
        worker = self.publisher("ws://127.0.0.1:1")._worker
        peers.wait_until(lambda: worker._failures > 0)
        self.assertEqual(random.getstate(), before)

    def test_a_hub_that_drops_everyone_is_not_hammered(self):
        hub = self.hub("drop")
        self.publisher(hub.url)
        time.sleep(1.5)
        self.assertLess(len(hub.attempts), 15)

    def test_the_reason_of_a_close_is_kept(self):
        self.set(BACKOFF=(0.1,))
        hub = self.hub()
        publisher = self.publisher(hub.url)
        peer = hub.peer()
        peers.wait_until(lambda: peer.messages())
        peer.close(1001, "going away")
        hub.peer(1)
        self.assertEqual(publisher.stats["last_close"], {"code": 1001, "reason": "going away"})
        peers.wait_until(lambda: peer.control(peers.CLOSE) == [b"\x03\xe9"])
        self.assertIn("going away", self.warnings()[0])

    def test_a_refusal_is_told_with_its_reason_and_retried_slowly(self):
        for status in (400, 401, 403, 404):
            with self.subTest(status):
                self.lines.clear()
                hub = self.hub("refuse", status=status, problem={"title": "No", "detail": f"token: got none {status}"})
                publisher = self.publisher(hub.url)
                peers.wait_until(lambda publisher=publisher: publisher.stats["state"] == "waiting")
                step = "; a token goes into QUASAR_TOKEN" if status == 401 else ""
                said = f"got {status} No, want 101{step}: token: got none {status}"
                self.assertEqual(publisher.stats["last_error"], said)
                self.assertIn(f"token: got none {status}", self.warnings()[0])
                time.sleep(0.8)  # a usual first pause is over by now
                self.assertEqual(len(hub.attempts), 1)
        self.set(REFUSED_PAUSE=0.1)
        hub = self.hub("refuse", status=401)
        self.publisher(hub.url)
        peers.wait_until(lambda: len(hub.attempts) >= 3)

    def test_a_hub_that_is_not_ready_is_retried_soon(self):
        self.set(BACKOFF=(0.05,))
        hub = self.hub("refuse", status=503)
        self.publisher(hub.url)
        peers.wait_until(lambda: len(hub.attempts) >= 3)

    def test_a_forged_answer_is_refused(self):
        hub = self.hub("forge")
        publisher = self.publisher(hub.url)
        peers.wait_until(lambda: publisher.stats["last_error"])
        self.assertIn("Sec-WebSocket-Accept", publisher.stats["last_error"])
        self.assertFalse(publisher.stats["connected"])

    def test_a_redirect_is_told_and_not_followed(self):
        hub = self.hub("refuse", status=301)
        hub._refusal = lambda: b"HTTP/1.1 301 Moved\r\nLocation: https://elsewhere/\r\nContent-Length: 0\r\n\r\n"
        publisher = self.publisher(hub.url)
        peers.wait_until(lambda: publisher.stats["last_error"])
        self.assertEqual(publisher.stats["last_error"], "got 301 Moved, want 101: it points to https://elsewhere/")


class Stalls(Case):
    def test_a_hub_that_never_answers_is_given_up(self):
        self.set(TIMEOUT=0.2, BACKOFF=(0.05,))
        hub = self.hub("mute")
        self.publisher(hub.url)
        peers.wait_until(lambda: len(hub.attempts) >= 3)

    def test_a_hub_that_never_reads_is_given_up(self):
        self.set(TIMEOUT=0.3, BACKOFF=(0.05,))
        hub = self.hub("stall", receive_buffer=2048)
        publisher = self.publisher(hub.url, max_rate=1e6)
        peers.wait_until(lambda: publisher.stats["connected"])
        publisher._worker._stream._socket.setsockopt(peers.socket.SOL_SOCKET, peers.socket.SO_SNDBUF, 2048)
        voting = VotingMetrics(signal_source="\u20ac" * 64)  # long on the wire

        def flooded():
            publisher.publish_voting(voting)
            return len(hub.attempts) >= 2

        peers.wait_until(flooded, 20)
        self.assertEqual(publisher.stats["last_error"], "no answer in time")

    def test_a_silent_connection_is_probed_then_given_up(self):
        self.set(PROBE=0.3, SILENCE=1.0, BACKOFF=(0.05,))
        hub = self.hub()
        publisher = self.publisher(hub.url)
        peer = hub.peer()
        hub.peer(1)
        self.assertIn(b"", peer.control(peers.PING))
        self.assertEqual(publisher.stats["last_error"], "heard nothing for 1 s")

    def test_a_hub_that_pings_is_not_given_up(self):
        self.set(PROBE=0.3, SILENCE=0.8, BACKOFF=(0.05,))
        hub = self.hub()
        publisher = self.publisher(hub.url)
        peer = hub.peer()
        peer.open.wait(5)
        for _ in range(10):
            peer.send(peers.PING, b"hub")
            time.sleep(0.15)
        self.assertEqual((len(hub.peers), publisher.stats["connected"]), (1, True))

    def test_a_quiet_space_sends_heartbeats(self):
        self.set(HEARTBEAT=0.4)
        hub = self.hub()
        publisher = self.publisher(hub.url)
        peer = hub.peer()
        peers.wait_until(lambda: peer.messages().count({"type": "heartbeat"}) >= 2)
        peers.wait_until(lambda: publisher.stats["heartbeats"] >= 2)


class OneWay(Case):
    def test_pings_are_answered(self):
        hub = self.hub()
        self.publisher(hub.url)
        peer = hub.peer()
        peer.open.wait(5)
        peer.send(peers.PING, b"are you there?")
        peers.wait_until(lambda: peer.control(peers.PONG) == [b"are you there?"])

    def test_a_ping_behind_the_handshake_in_one_packet_is_answered(self):
        hub = self.hub(extra=peers.server_frame(peers.PING, b"early"))
        self.publisher(hub.url)
        peer = hub.peer()
        peers.wait_until(lambda: peer.control(peers.PONG) == [b"early"])

    def test_data_is_discarded_counted_and_told_once(self):
        hub = self.hub()
        publisher = self.publisher(hub.url)
        peer = hub.peer()
        peer.open.wait(5)
        peer.send(peers.TEXT, json.dumps({"type": "training", "data": {}}).encode())
        peer.send(0x2, b"\0" * 70000)
        peer.send(peers.TEXT, b"one ", fin=False)
        peer.send(0x0, b"message in two frames")
        peer.send(peers.PING, b"after")
        peers.wait_until(lambda: peer.control(peers.PONG) == [b"after"])
        self.assertEqual(publisher.stats["discarded"], 4)
        self.assertEqual(len([w for w in self.warnings() if "discarded" in w]), 1)
        publisher.publish_training(TrainingMetrics(1))
        peers.wait_until(peer.metrics)

    def test_a_flood_costs_no_memory_and_does_not_stop_publishing(self):
        self.set(POLL=0.02)
        hub = self.hub()
        publisher = self.publisher(hub.url)
        peer = hub.peer()
        peer.open.wait(5)
        head = bytes([0x82, 127]) + (1 << 62).to_bytes(8, "big")  # a frame that never ends
        flood = threading.Thread(target=self.flood, args=(peer, head), daemon=True)
        flood.start()
        peers.wait_until(lambda: publisher.stats["discarded"] == 1)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for step in range(10):
            publisher.publish_training(TrainingMetrics(step))
            peers.wait_until(lambda step=step: len(peer.metrics()) == step + 1)
        self.assertLess(tracemalloc.get_traced_memory()[1], 1 << 20)
        self.assertTrue(flood.is_alive())

    @staticmethod
    def flood(peer, head):
        try:
            peer.sock.sendall(head)
            while True:
                peer.sock.sendall(b"x" * 65536)
        except OSError:
            pass

    def test_what_breaks_the_protocol_ends_the_connection(self):
        self.set(BACKOFF=(0.02,))
        bad = {
            "reserved bits": b"\xc1\x00",
            "opcode": b"\x83\x00",
            "masked": b"\x81\x81abcdx",
            "control": b"\x89\x7e\x00\x7e" + b"x" * 126,
            "fragmented": b"\x09\x00",
        }
        for number, (name, data) in enumerate(bad.items()):
            with self.subTest(name):
                hub = self.hub()
                publisher = self.publisher(hub.url)
                hub.peer().open.wait(5)
                hub.peers[0].sock.sendall(data)
                hub.peer(1)
                self.assertIn(name, publisher.stats["last_error"], number)

    def test_bytes_that_dribble_in_are_put_together(self):
        frames = websocket_client._Frames()
        whole = peers.server_frame(0x2, b"d" * 300) + peers.server_frame(peers.PING, b"p") + peers.server_frame(1, b"")
        got = [frame for i in range(len(whole)) for frame in frames.feed(whole[i : i + 1])]
        self.assertEqual(got, [(0x2, b""), (peers.PING, b"p"), (1, b"")])

    def test_frames_are_masked_with_fresh_keys(self):
        hub = self.hub()
        publisher = self.publisher(hub.url, max_rate=1000)
        peer = hub.peer()
        for step in range(20):
            publisher.publish_voting(VotingMetrics(signal_source="x" * (step + 1)))
            peers.wait_until(lambda step=step: len(peer.metrics()) == step + 1)
        self.assertTrue(all(frame.masked for frame in peer.frames))
        self.assertEqual(len({frame.key for frame in peer.frames}), len(peer.frames))

    def test_long_payloads_are_framed(self):
        for size in (0, 125, 126, 65535, 65536):
            payload = os.urandom(size)
            ours, theirs = peers.socket.socketpair()
            with ours, theirs:
                sender = threading.Thread(target=ours.sendall, args=(websocket_client._masked(2, payload),))
                sender.start()
                self.assertEqual(peers.read_frame(theirs).payload, payload)
                sender.join()


class Stopping(Case):
    def test_stop_sends_the_newest_and_closes_with_1000(self):
        hub = self.hub()
        publisher = self.publisher(hub.url)
        peer = hub.peer()
        peers.wait_until(lambda: peer.messages())
        for step in range(100):
            publisher.publish_training(TrainingMetrics(step))
        before = time.monotonic()
        publisher.stop()
        self.assertLess(time.monotonic() - before, 3.0)
        peers.wait_until(lambda: peer.control(peers.CLOSE) == [b"\x03\xe8"])
        self.assertEqual(peer.metrics()[-1], {"type": "training", "data": {"training_steps": 99}})
        self.assertEqual(publisher.stats["state"], "stopped")
        peers.wait_until(lambda: not publisher._worker._thread.is_alive(), 2)

    def test_a_short_life_is_enough(self):
        hub = self.hub()
        with AssetSpacePublisher("V75", hub.url, logger=self.logger) as publisher:
            publisher.publish_training(TrainingMetrics(1))
        peers.wait_until(lambda: hub.peers and hub.peers[0].metrics())

    def test_a_patience_without_an_end_sends_the_newest_too(self):
        for timeout in (None, float("inf"), 1e12, 10**400, "soon"):
            with self.subTest(timeout=timeout):
                hub = self.hub()
                publisher = self.publisher(hub.url)
                publisher.publish_training(TrainingMetrics(1))
                publisher.stop(timeout)
                self.assertEqual((publisher.stats["frames_sent"], self.warnings()), (1, []))

    def test_without_patience_it_does_not_wait(self):
        publisher = self.publisher(self.hub("mute").url)
        for timeout in (0, -1, float("-inf"), float("nan")):
            before = time.monotonic()
            publisher.stop(timeout)
            self.assertLess(time.monotonic() - before, 0.5)

    def test_stop_is_bounded_whatever_the_hub_does(self):
        for mode in ("stall", "mute", "refuse", ""):
            with self.subTest(mode):
                url = self.hub(mode).url if mode else f"ws://127.0.0.1:{peers.free_port()}"
                publisher = self.publisher(url)
                publisher.publish_training(TrainingMetrics(1))
                time.sleep(0.2)
                before = time.monotonic()
                publisher.stop()
                self.assertLess(time.monotonic() - before, 3.0)
                peers.wait_until(lambda publisher=publisher: not publisher._worker._thread.is_alive(), 2)

    def test_a_hub_that_came_back_during_a_pause_gets_the_end(self):
        self.set(BACKOFF=(3600.0,))
        port = peers.free_port()
        with mock.patch.object(websocket_client._chance, "uniform", lambda low, high: high):
            publisher = self.publisher(f"ws://127.0.0.1:{port}")
            publisher.publish_training(TrainingMetrics(1))
            peers.wait_until(lambda: publisher.stats["state"] == "waiting")
            hub = self.hub(port=port)
            publisher.stop()
        self.assertEqual(hub.peers[0].metrics(), [{"type": "training", "data": {"training_steps": 1}}])

    def test_one_that_nobody_has_any_more_sends_the_newest_and_ends(self):
        """A notebook's cell was run again: the connection of the first run would take the space
        from the second as soon as the hub is restarted, and nobody could stop it."""
        hub = self.hub()
        publisher = AssetSpacePublisher("V75", hub.url, logger=self.logger)
        publisher.start()
        peer = hub.peer()
        thread = publisher._worker._thread
        publisher.publish_training(TrainingMetrics(1))
        publisher = AssetSpacePublisher("V75", hub.url, logger=self.logger)
        self.assertTrue(peer.ended.wait(5), "the connection stays")
        self.assertEqual(peer.metrics()[-1:], [{"type": "training", "data": {"training_steps": 1}}])
        self.assertEqual(peer.control(peers.CLOSE), [b"\x03\xe8"])
        thread.join(5)
        publisher.start()
        self.addCleanup(publisher.stop)
        self.assertEqual([worker._thread.is_alive() for worker in websocket_client._running], [True])

    def test_publishes_after_stop_are_ignored_and_start_begins_anew(self):
        hub = self.hub()
        publisher = self.publisher(hub.url)
        publisher.stop()
        publisher.stop()
        publisher.publish_training(TrainingMetrics(1))
        self.assertEqual(publisher.stats["ignored"], 1)
        publisher.start()
        publisher.start()
        publisher.publish_training(TrainingMetrics(2))
        peers.wait_until(lambda: any(p.metrics() for p in hub.peers))
        self.assertEqual(hub.peers[-1].metrics(), [{"type": "training", "data": {"training_steps": 2}}])


if __name__ == "__main__":
    unittest.main()
