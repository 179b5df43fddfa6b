"""The callback and the writer with the libraries themselves, which `make python-libraries` installs.

What tests/test_adapters.py takes from their documentation is held against what they do.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
import unittest
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests"))

import peers  # noqa: E402, it finds the modules

from quasar_client import AssetSpacePublisher  # noqa: E402
from quasar_client.sb3 import PublishCallback  # noqa: E402
from quasar_client.tensorboard import PublishingWriter  # noqa: E402

warnings.simplefilter("ignore")  # theirs

import numpy as np  # noqa: E402
import stable_baselines3 as sb3  # noqa: E402
import torch  # noqa: E402
from torch.utils.tensorboard import SummaryWriter  # noqa: E402

try:
    import lightning
except ImportError:  # it wants PyTorch 2
    lightning = None

LOSSES = {"actor_loss", "critic_loss"}


README = os.path.join(os.path.dirname(peers.HERE), "README.md")


def recipe(word: str) -> str:
    """Returns the block of the README that has the word."""
    with open(README, encoding="utf-8") as file:
        blocks = re.findall(r"```python\n(.*?)```", file.read(), re.DOTALL)
    (found,) = [block for block in blocks if word in block]
    return found


@contextlib.contextmanager
def inside(folder: str):
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def votes(callback):
    return {"avn_accuracy": np.float32(0.5), "buy_count": np.int64(callback.num_timesteps), "sell_count": 1}


def module():
    """Returns a module that logs two losses, as Lightning's documentation shows."""

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(1, 1)

        def training_step(self, batch, batch_idx):
            loss = self.layer(batch).pow(2).mean()
            self.log("actor_loss", loss)
            self.log_dict({"critic_loss": 2 * loss})
            return loss

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    return Module()


class Libraries(unittest.TestCase):
    def setUp(self):
        self.hub = peers.Hub()
        self.addCleanup(self.hub.stop)
        self.publisher = AssetSpacePublisher("LIB", self.hub.url)
        self.addCleanup(self.publisher.stop)

    def newest(self) -> dict:
        """Stops, and returns the newest value of each field that arrived."""
        self.publisher.stop()
        self.assertEqual(self.publisher.stats["rejected"], {})
        fields: dict = {}
        for frame in self.hub.peers[0].metrics():
            for group in (frame.get("training"), frame.get("voting"), frame.get("data")):
                fields.update(group or {})
        return fields

    def test_models_that_learn_with_the_callback(self):
        for make, steps in (
            (lambda: sb3.PPO("MlpPolicy", "Pendulum-v1", n_steps=32, batch_size=32, n_epochs=1, seed=1), 64),
            (lambda: sb3.A2C("MlpPolicy", "Pendulum-v1", n_steps=8, seed=1), 64),
            (lambda: sb3.SAC("MlpPolicy", "Pendulum-v1", learning_starts=16, batch_size=8, seed=1), 64),
            (lambda: sb3.TD3("MlpPolicy", "Pendulum-v1", learning_starts=16, batch_size=8, seed=1), 64),
        ):
            model = make()
            with self.subTest(type(model).__name__):
                self.setUp()
                model.learn(steps, callback=PublishCallback(self.publisher, metrics=votes))
                fields = self.newest()
                self.assertEqual(fields["training_steps"], steps)
                self.assertEqual(fields["buy_count"], steps)
                self.assertEqual(fields["avn_accuracy"], 0.5)
                self.assertLessEqual(LOSSES, fields.keys())

    def test_a_model_is_saved_and_loaded_beside_a_publisher(self):
        model = sb3.A2C("MlpPolicy", "Pendulum-v1", n_steps=8, seed=1)
        model.learn(8, callback=PublishCallback(self.publisher))
        with tempfile.TemporaryDirectory() as folder:
            model.save(os.path.join(folder, "model"))
            sb3.A2C.load(os.path.join(folder, "model"))

    def test_a_summary_writer_writes_what_it_would_have_written(self):
        self.publisher.start()
        with tempfile.TemporaryDirectory() as folder:
            with PublishingWriter(SummaryWriter(folder), self.publisher) as writer:
                writer.add_scalar("losses/actor_loss", 0.5, 7)
                writer.add_scalar("charts/return", 1.0, 7)
                writer.add_text("hyperparameters", "none")
            self.assertEqual(self.written(folder), {"losses/actor_loss": 0.5, "charts/return": 1.0})
        self.assertEqual(self.newest(), {"actor_loss": 0.5, "training_steps": 7})

    def test_the_recipe_for_stable_baselines(self):
        model = sb3.PPO("MlpPolicy", "Pendulum-v1", n_steps=32, batch_size=32, n_epochs=1, seed=1)
        learn, model.learn = model.learn, lambda steps, callback: learn(64, callback=callback)
        exec(recipe("PublishCallback"), {"publisher": self.publisher, "model": model})
        fields = self.newest()
        self.assertEqual((fields["training_steps"], fields["avn_accuracy"], fields["buy_count"]), (64, 0.61, 7))
        self.assertLessEqual(LOSSES, fields.keys())

    def test_the_recipe_for_a_loop_with_a_writer(self):
        self.publisher.start()
        names = {"publisher": self.publisher, "SummaryWriter": SummaryWriter, "run_name": "mine"}
        with tempfile.TemporaryDirectory() as folder, inside(folder):
            exec(recipe("PublishingWriter"), names)
            # What CleanRL's scripts write.
            names["writer"].add_text("hyperparameters", "|param|value|")
            names["writer"].add_scalar("charts/episodic_return", 200.0, 128)
            names["writer"].add_scalar("losses/value_loss", torch.tensor(0.25).item(), 128)
            names["writer"].add_scalar("losses/policy_loss", np.float32(0.5), 128)
            names["writer"].close()
            self.assertEqual(len(self.written(os.path.join("runs", "mine"))), 3)
        self.assertEqual(self.newest(), {"critic_loss": 0.25, "actor_loss": 0.5, "training_steps": 128})

    @unittest.skipIf(lightning is None, "no Lightning here: it wants PyTorch 2")
    def test_the_recipe_for_lightning(self):
        self.publisher.start()
        names = {"publisher": self.publisher, "lightning": lightning}
        exec(recipe("lightning.Callback"), names)
        trainer = lightning.Trainer(
            max_steps=5,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[names["Publish"]()],
        )
        trainer.fit(module(), torch.utils.data.DataLoader(torch.ones(16, 1), batch_size=2))
        fields = self.newest()
        self.assertEqual(fields["training_steps"], 5)
        self.assertLessEqual(LOSSES, fields.keys())

    def written(self, folder: str) -> dict:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        events = EventAccumulator(folder)
        events.Reload()
        return {tag: events.Scalars(tag)[-1].value for tag in events.Tags()["scalars"]}


if __name__ == "__main__":
    unittest.main()
