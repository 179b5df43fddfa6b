"""A callback that publishes what a Stable-Baselines3 model learns.

    model.learn(100_000, callback=PublishCallback(publisher, metrics=votes))

The losses are read from the model's own logger, the steps from the callback's.
What no algorithm of the library knows, the accuracy and the votes, comes from
a function of yours.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Optional

from stable_baselines3.common.callbacks import BaseCallback

from websocket_client import AssetSpacePublisher

__all__ = ["LOSSES", "PublishCallback"]

# The names in the logs of the library's algorithms, and the field that each is:
# https://stable-baselines3.readthedocs.io/en/master/common/logger.html
LOSSES: Mapping[str, str] = {
    "train/actor_loss": "actor_loss",  # DDPG, SAC, TD3
    "train/policy_gradient_loss": "actor_loss",  # PPO
    "train/policy_loss": "actor_loss",  # A2C
    "train/critic_loss": "critic_loss",  # DDPG, SAC, TD3
    "train/value_loss": "critic_loss",  # A2C, PPO
}

_log = logging.getLogger("quasar.publisher")


class PublishCallback(BaseCallback):
    """Publishes while a model learns.

    publisher: is started with the training and goes on after it, since a model
        may learn again. What is newest is sent at the end of the process, or by
        publisher.stop().
    metrics: called before each rollout, and at the end, with this callback, of
        which model and num_timesteps may be of use; returns fields of the hub's
        schema by their names, such as avn_accuracy, buy_count and sell_count, or
        None. If it raises, that is logged once, and training goes on.
    losses: more names in the model's log, and the fields that they are.
    """

    def __init__(
        self,
        publisher: AssetSpacePublisher,
        metrics: Optional[Callable[[PublishCallback], Optional[Mapping[str, Any]]]] = None,
        losses: Optional[Mapping[str, str]] = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(verbose)
        self._publisher = publisher
        self._metrics = metrics
        self._losses = {**LOSSES, **(losses or {})}
        self._complained = False

    def _on_training_start(self) -> None:
        self._publisher.start()

    # What train() records stands in the logger until the next dump, which comes
    # no sooner than during the rollout after it.
    def _on_rollout_start(self) -> None:
        self._publish()

    def _on_step(self) -> bool:
        return True

    def _on_training_end(self) -> None:
        self._publish()

    def _publish(self) -> None:
        recorded = self.logger.name_to_value
        fields = {field: recorded[name] for name, field in self._losses.items() if name in recorded}
        fields.update(self._asked())
        training = {name: fields.pop(name) for name in _TRAINING if name in fields}
        training["training_steps"] = self.num_timesteps
        self._publisher.publish_combined(training, fields or None)

    def _asked(self) -> Mapping[str, Any]:
        if self._metrics is None:
            return {}
        try:
            return dict(self._metrics(self) or {})
        except Exception:
            if not self._complained:
                self._complained = True
                _log.warning("metrics of %r failed, training goes on", self._publisher, exc_info=True)
            return {}


_TRAINING = ("training_steps", "actor_loss", "critic_loss", "avn_loss", "avn_accuracy")
