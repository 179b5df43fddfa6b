"""The rules of the ten fields, and the frames that leave: with the golden file on a real socket."""

from __future__ import annotations

import copy
import dataclasses
import enum
import json
import logging
import os
import pickle
import unittest

import peers

import websocket_client
from websocket_client import AssetSpacePublisher, TrainingMetrics, VotingMetrics

GOLDEN = os.path.join(peers.HERE, "..", "..", "spec", "golden", "python_client.json")
WORDS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def quiet() -> logging.Logger:
    logger = logging.Logger("quiet")
    logger.addHandler(logging.NullHandler())
    return logger


def arguments(kwargs):
    return {k: WORDS.get(v, v) if isinstance(v, str) else v for k, v in kwargs.items()}


def publish(publisher, case) -> None:
    training = None if case["training"] is None else TrainingMetrics(**arguments(case["training"]))
    voting = None if case["voting"] is None else VotingMetrics(**arguments(case["voting"]))
    if case["method"] == "publish_combined":
        publisher.publish_combined(training, voting)
    elif case["method"] == "publish_training":
        publisher.publish_training(training)
    else:
        publisher.publish_voting(voting)


class Sent(unittest.TestCase):
    """Base: what leaves for a publish, over a real socket."""

    def sent(self, act, **options) -> list[dict]:
        with peers.Hub() as hub:
            with AssetSpacePublisher("V75", hub.url, logger=quiet(), **options) as publisher:
                act(publisher)
            peers.wait_until(lambda: hub.peers and hub.peers[0].ended.is_set())
            self.stats = publisher.stats
            return hub.peers[0].metrics()


class Golden(Sent):
    def test_frames_are_as_the_golden_file_says(self):
        if not os.path.exists(GOLDEN):
            self.skipTest("no spec/golden/python_client.json beside this folder")
        with open(GOLDEN, encoding="utf-8") as file:
            cases = json.load(file)[1:]
        self.assertGreater(len(cases), 20)
        for case in cases:
            with self.subTest(case["name"]):
                frames = self.sent(lambda publisher, case=case: publish(publisher, case))
                self.assertEqual(frames, [case["frame"]])


class Item:
    """Stands for a NumPy scalar or a tensor without dimensions."""

    def __init__(self, value):
        self.value = value

    def item(self):
        return self.value


class Side(enum.Enum):
    BUY = 1
    SELL = "sell"


class Values(Sent):
    def data(self, metrics) -> dict:
        def act(publisher):
            if isinstance(metrics, VotingMetrics):
                publisher.publish_voting(metrics)
            else:
                publisher.publish_training(metrics)

        frames = self.sent(act)
        return frames[0]["data"] if frames else {}

    def test_scalars_of_numeric_libraries_are_numbers(self):
        got = self.data(TrainingMetrics(training_steps=Item(7), actor_loss=Item(0.5), critic_loss=Item(float("nan"))))
        self.assertEqual(got, {"training_steps": 7, "actor_loss": 0.5, "critic_loss": None})

    def test_real_numpy_scalars_are_numbers(self):
        try:
            import numpy as np
        except ImportError:
            self.skipTest("no NumPy here")
        got = self.data(
            TrainingMetrics(np.int64(7), np.float32(0.5), np.array(0.25), np.float16("nan"), np.array([1.0]))
        )
        want = {"training_steps": 7, "actor_loss": 0.5, "critic_loss": 0.25, "avn_loss": None, "avn_accuracy": 1.0}
        self.assertEqual(got, want)
        got = self.data(VotingMetrics(np.str_("BUY"), np.bool_(True), np.uint8(3)))
        self.assertEqual(got, {"dominant_signal": "BUY", "sell_count": 3})
        self.assertEqual(self.data(TrainingMetrics(1, actor_loss=np.zeros(3))), {"training_steps": 1})

    def test_signals_may_be_enums(self):
        self.assertEqual(self.data(VotingMetrics(Side.BUY)), {"dominant_signal": "BUY"})
        self.assertEqual(self.data(VotingMetrics(Side.SELL)), {"dominant_signal": "SELL"})

    def test_numbers_that_do_not_fit_are_dropped(self):
        got = self.data(
            TrainingMetrics(training_steps=1, actor_loss=10**400, critic_loss=1j, avn_loss=[1], avn_accuracy="x")
        )
        self.assertEqual(got, {"training_steps": 1})
        self.assertEqual(self.stats["rejected"], {"actor_loss": 1, "critic_loss": 1, "avn_loss": 1, "avn_accuracy": 1})

    def test_half_a_surrogate_pair_is_dropped(self):
        self.assertEqual(self.data(VotingMetrics(buy_count=1, signal_source="a\ud800")), {"buy_count": 1})

    def test_mappings_and_look_alikes_are_metrics_too(self):
        class Own:
            training_steps = 4

        frames = self.sent(lambda p: p.publish_combined({"training_steps": 3, "rewards": 1}, {"buy_count": 2}))
        self.assertEqual(frames[0], {"type": "metrics", "training": {"training_steps": 3}, "voting": {"buy_count": 2}})
        self.assertEqual(self.stats["rejected"], {"rewards": 1})
        self.assertEqual(self.data(Own()), {"training_steps": 4})


class Hostile:
    """Raises whatever is done with it."""

    def __getattribute__(self, name):
        raise RuntimeError("no")

    def __repr__(self):
        raise RuntimeError("no")

    def __float__(self):
        raise RuntimeError("no")


class NeverRaises(Sent):
    def test_no_rubbish_makes_a_publish_raise_or_send(self):
        rubbish = [
            42,
            "x",
            b"x",
            [],
            {},
            {"a": 1},
            object(),
            Hostile(),
            float("nan"),
            lambda: 1,
            type,
            {1: 2},
            {None: 3},
        ]

        def act(publisher):
            for thing in rubbish:
                publisher.publish_training(thing)
                publisher.publish_voting(thing)
                publisher.publish_combined(thing, thing)
                publisher.publish_training(TrainingMetrics(thing, thing, thing, thing, [thing]))
                publisher.publish_voting(VotingMetrics(thing, [thing], thing, [thing], [thing]))

        frames = self.sent(act)
        sent = [name for frame in frames for group in frame.values() if isinstance(group, dict) for name in group]
        # NaN is the one value among them that means something, and "x" is a fine source.
        self.assertLessEqual(set(sent), {"training_steps", "actor_loss", "critic_loss", "avn_loss", "sell_count"})
        self.assertGreater(self.stats["rejected"]["training"], 0)

    def test_a_group_that_cannot_be_read_does_not_take_the_other_along(self):
        frames = self.sent(lambda p: p.publish_combined(Hostile(), VotingMetrics(buy_count=1)))
        self.assertEqual(frames, [{"type": "metrics", "voting": {"buy_count": 1}}])
        self.assertEqual(self.stats["rejected"], {"training": 1})

    def test_a_fault_of_our_own_does_not_reach_the_training_loop(self):
        publisher = AssetSpacePublisher("V75", "ws://localhost:1", logger=quiet())
        publisher._slots = None
        publisher.publish_training(TrainingMetrics(1))
        self.assertEqual(publisher.stats["rejected"], {"publish": 1})

    def test_names_of_unknown_fields_cannot_steer_a_terminal(self):
        publisher = AssetSpacePublisher("V75", "ws://localhost:1", logger=quiet())
        publisher.publish_training({"a\x1b[2J\n" + "b" * 999: 1, "training_steps": 1})
        (name,) = publisher.stats["rejected"]
        self.assertTrue(name.isprintable() and len(name) < 250, name)

    def test_nothing_is_sent_for_nothing(self):
        self.assertEqual(
            self.sent(lambda p: (p.publish_combined(), p.publish_training(None), p.publish_voting(VotingMetrics()))), []
        )
        self.assertEqual(self.stats["rejected"], {})

    def test_the_wrong_group_is_refused_and_said(self):
        with self.assertLogs("quasar.publisher", "WARNING") as logs:
            publisher = AssetSpacePublisher("V75", "ws://localhost:1")
            publisher.publish_training(VotingMetrics(buy_count=1))
        self.assertIn("got a VotingMetrics, want TrainingMetrics", logs.output[0])

    def test_a_bad_field_is_counted_each_time_and_said_once(self):
        publisher = AssetSpacePublisher("V75", "ws://localhost:1")
        with self.assertLogs("quasar.publisher", "WARNING") as logs:
            for _ in range(50):
                publisher.publish_voting(VotingMetrics(dominant_signal="HOLD", buy_count=True))
        self.assertEqual(publisher.stats["rejected"], {"dominant_signal": 50, "buy_count": 50})
        self.assertEqual(len(logs.output), 2)
        self.assertIn("""dominant_signal dropped: got 'HOLD', want "BUY", "SELL" or "NEUTRAL\"""", logs.output[0])

    def test_names_of_unknown_fields_cannot_fill_the_memory(self):
        publisher = AssetSpacePublisher("V75", "ws://localhost:1", logger=quiet())
        for i in range(1000):
            publisher.publish_training({f"x{i}": 1, "training_steps": 1})
        rejected = publisher.stats["rejected"]
        self.assertEqual((len(rejected), sum(rejected.values())), (33, 1000))

    def test_a_logger_that_raises_is_survived(self):
        publisher = AssetSpacePublisher("V75", "ws://localhost:1", logger=Hostile())
        publisher.publish_voting(VotingMetrics(buy_count=True))
        self.assertEqual(publisher.stats["rejected"], {"buy_count": 1})


class Classes(unittest.TestCase):
    def test_metrics_are_like_dataclasses(self):
        metrics = TrainingMetrics(100, avn_accuracy=0.5)
        self.assertEqual(metrics, TrainingMetrics(training_steps=100, avn_accuracy=0.5))
        self.assertIn("training_steps=100", repr(metrics))
        self.assertEqual(dataclasses.replace(metrics, training_steps=2).training_steps, 2)
        self.assertEqual(list(dataclasses.asdict(VotingMetrics())), list(websocket_client._VOTING))
        self.assertEqual(list(dataclasses.asdict(metrics)), list(websocket_client._TRAINING))
        self.assertEqual(vars(metrics), dataclasses.asdict(metrics), "some write their metrics into a file so")
        self.assertEqual(list(vars(VotingMetrics())), list(websocket_client._VOTING))

    def test_only_a_bad_name_raises(self):
        for bad in ["", ".x", "-x", "a" * 65, "a b", "../x", "<b>", "ä", "a\n", None, 42, b"V75", "__proto__"]:
            with self.subTest(bad), self.assertRaisesRegex(ValueError, "space_name: got .*, want "):
                AssetSpacePublisher(bad, "ws://localhost:1")
        for good in ["V75", "a", "0", "V100_1s", "a.b-c_d", "a" * 64]:
            AssetSpacePublisher(good, "ws://localhost:1")

    def test_no_other_argument_raises(self):
        for bad in [
            "",
            "localhost:7860",
            "ftp://x",
            "ws://",
            "ws://h:99999",
            "ws://h:x",
            "ws://[",
            None,
            42,
            "ws://h/a b",
        ]:
            with self.subTest(bad):
                publisher = AssetSpacePublisher("V75", bad, logger=quiet())
                publisher.start()
                publisher.publish_training(TrainingMetrics(1))
                publisher.stop()
                self.assertEqual(publisher.stats["state"], "misconfigured")
                self.assertTrue(publisher.stats["last_error"])
        AssetSpacePublisher(
            "V75", "ws://x", logger=quiet(), token=5, headers=7, max_rate="x", max_vote_age="y", proxy=9
        )

    def test_nothing_here_receives(self):
        for name in dir(AssetSpacePublisher):
            self.assertNotRegex(name, "(?i)recv|receive|on_|message|subscribe|listen")
        for name in websocket_client.__all__:
            self.assertIn(name, ("AssetSpacePublisher", "TrainingMetrics", "VotingMetrics"))

    def test_copies_and_pickles_are_silent_and_hold_no_secret(self):
        publisher = AssetSpacePublisher("V75", "ws://localhost:1", token="s3cret-token", logger=quiet())
        publisher.publish_training(TrainingMetrics(1))
        pickled = pickle.dumps({"agent": publisher})
        self.assertNotIn(b"s3cret", pickled)
        for twin in (pickle.loads(pickled)["agent"], copy.deepcopy(publisher), copy.copy(publisher)):
            with self.assertLogs("quasar.publisher", "WARNING") as logs:
                twin.start()
                twin.publish_training(TrainingMetrics(1))
                twin.publish_training(TrainingMetrics(2))
            self.assertEqual(len(logs.output), 1)
            stats = twin.stats
            self.assertEqual((stats["state"], stats["ignored"], stats["space"]), ("silent", 2, "V75"))
            twin.stop()


if __name__ == "__main__":
    unittest.main()
