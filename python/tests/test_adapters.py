"""The callback and the writer, against the interfaces that their libraries document.

The libraries themselves are too large for these tests: `make python-libraries`
installs them and runs the folder libraries.
"""

from __future__ import annotations

import copy
import importlib
import logging
import sys
import types
import unittest
from unittest import mock

import peers  # noqa: F401, it finds the modules

from quasar_client.tensorboard import PublishingWriter


class Publisher:
    """Notes what it is told to publish."""

    def __init__(self) -> None:
        self.started = 0
        self.published: list = []

    def start(self) -> None:
        self.started += 1

    def publish_combined(self, training=None, voting=None) -> None:
        self.published.append((training, voting))


class Writer:
    """As https://pytorch.org/docs/stable/tensorboard.html has it, in part."""

    log_dir = "runs/1"

    def __init__(self) -> None:
        self.calls: list = []

    def add_scalar(self, tag, scalar_value, global_step=None, walltime=None, new_style=False):
        self.calls.append((tag, scalar_value, global_step, walltime))

    def add_scalars(self, main_tag, tag_scalar_dict, global_step=None, walltime=None):
        self.calls.append((main_tag, dict(tag_scalar_dict), global_step, walltime))

    def close(self):
        self.calls.append("close")

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.close()


class TheWriter(unittest.TestCase):
    def setUp(self):
        self.publisher, self.inner = Publisher(), Writer()
        self.writer = PublishingWriter(self.inner, self.publisher)

    def test_what_is_of_the_schema_is_published_with_its_step(self):
        self.writer.add_scalar("losses/actor_loss", 0.5, 100)
        self.writer.add_scalar("losses/qf_loss", 0.25, 100)
        self.writer.add_scalar("votes/buy_count", 7, 100)
        self.assertEqual(
            self.publisher.published,
            [
                ({"actor_loss": 0.5, "training_steps": 100}, None),
                ({"critic_loss": 0.25, "training_steps": 100}, None),
                ({"training_steps": 100}, {"buy_count": 7}),
            ],
        )

    def test_what_is_not_of_the_schema_is_written_alone(self):
        self.writer.add_scalar("charts/episodic_return", 12.0, 100, walltime=3.0)
        self.assertEqual(self.inner.calls, [("charts/episodic_return", 12.0, 100, 3.0)])
        self.assertEqual(self.publisher.published, [])

    def test_several_scalars_are_one_frame(self):
        self.writer.add_scalars("votes", {"buy_count": 6, "sell_count": 4, "episode": 9}, 5)
        self.assertEqual(self.publisher.published, [({"training_steps": 5}, {"buy_count": 6, "sell_count": 4})])
        self.assertEqual(self.inner.calls, [("votes", {"buy_count": 6, "sell_count": 4, "episode": 9}, 5, None)])

    def test_ones_own_names_come_first_and_may_leave_out(self):
        writer = PublishingWriter(self.inner, self.publisher, {"eval/hits": "avn_accuracy", "losses/actor_loss": ""})
        writer.add_scalar("eval/hits", 0.6)
        writer.add_scalar("losses/actor_loss", 1.0)
        self.assertEqual(self.publisher.published, [({"avn_accuracy": 0.6}, None)])

    def test_the_rest_of_the_writer_is_as_it_was(self):
        self.assertEqual(self.writer.log_dir, "runs/1")
        with self.writer as writer:
            self.assertIs(writer, self.writer)
        self.assertEqual(self.inner.calls, ["close"])
        with self.assertRaises(AttributeError):
            self.writer.no_such_thing  # noqa: B018

    def test_it_can_be_copied(self):
        copy.copy(self.writer).add_scalar("avn_loss", 1.0)
        self.assertEqual(self.publisher.published, [({"avn_loss": 1.0}, None)])

    def test_what_the_writer_raises_is_raised(self):
        self.inner.add_scalar = mock.Mock(side_effect=OSError("disk full"))
        with self.assertRaisesRegex(OSError, "disk full"):
            self.writer.add_scalar("losses/actor_loss", 1.0, 1)
        self.assertEqual(len(self.publisher.published), 1)


class BaseCallback:
    """As https://stable-baselines3.readthedocs.io/en/master/guide/callbacks.html has it, in part."""

    def __init__(self, verbose=0):
        self.verbose = verbose
        self.num_timesteps = 0


class TheCallback(unittest.TestCase):
    def setUp(self):
        base = types.ModuleType("stable_baselines3.common.callbacks")
        base.BaseCallback = BaseCallback
        modules = {
            "stable_baselines3": types.ModuleType("stable_baselines3"),
            "stable_baselines3.common": types.ModuleType("stable_baselines3.common"),
            "stable_baselines3.common.callbacks": base,
        }
        with mock.patch.dict(sys.modules, modules):
            sys.modules.pop("quasar_client.sb3", None)
            self.sb3 = importlib.import_module("quasar_client.sb3")
        self.addCleanup(sys.modules.pop, "quasar_client.sb3", None)
        self.publisher = Publisher()

    def callback(self, recorded, steps=0, **options):
        callback = self.sb3.PublishCallback(self.publisher, **options)
        callback.logger = types.SimpleNamespace(name_to_value=recorded)
        callback.num_timesteps = steps
        return callback

    def test_losses_and_steps_are_published_before_each_rollout_and_at_the_end(self):
        callback = self.callback({"train/actor_loss": 0.5, "train/critic_loss": 0.25, "rollout/ep_rew_mean": 9.0}, 64)
        callback._on_training_start()
        callback._on_rollout_start()
        self.assertIs(callback._on_step(), True)
        callback._on_training_end()
        frame = ({"actor_loss": 0.5, "critic_loss": 0.25, "training_steps": 64}, None)
        self.assertEqual((self.publisher.started, self.publisher.published), (1, [frame, frame]))

    def test_ones_own_metrics_go_along(self):
        def metrics(callback):
            return {"avn_accuracy": 0.6, "buy_count": callback.num_timesteps, "sell_count": 3}

        self.callback({}, 7, metrics=metrics)._on_rollout_start()
        want = ({"avn_accuracy": 0.6, "training_steps": 7}, {"buy_count": 7, "sell_count": 3})
        self.assertEqual(self.publisher.published, [want])

    def test_a_function_that_fails_stops_no_training_and_is_told_once(self):
        callback = self.callback({"train/value_loss": 1.0}, 7, metrics=mock.Mock(side_effect=KeyError("x")))
        with self.assertLogs("quasar.publisher", logging.WARNING) as logs:
            callback._on_rollout_start()
            callback._on_rollout_start()
        self.assertEqual(len(logs.output), 1)
        self.assertEqual(self.publisher.published, [({"critic_loss": 1.0, "training_steps": 7}, None)] * 2)

    def test_more_losses_can_be_named(self):
        self.callback({"train/loss": 2.0}, 1, losses={"train/loss": "critic_loss"})._on_rollout_start()
        self.assertEqual(self.publisher.published, [({"critic_loss": 2.0, "training_steps": 1}, None)])


if __name__ == "__main__":
    unittest.main()
