"""A SummaryWriter that publishes what it writes.

    writer = PublishingWriter(SummaryWriter(f"runs/{name}"), publisher)

Everything goes to the writer as before. Of what add_scalar and add_scalars bring,
the values of the schema go to the publisher as well. A writer is anything with
these two methods: that of torch.utils.tensorboard, of tensorboardX or of
CleanRL's scripts, which is the first of them. Nothing is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from websocket_client import AssetSpacePublisher

__all__ = ["FIELDS", "PublishingWriter"]

# The last part of a tag, such as losses/actor_loss, and the field that it is. The
# names are those of CleanRL's scripts and of Stable-Baselines3.
FIELDS: Mapping[str, str] = {
    "actor_loss": "actor_loss",
    "policy_loss": "actor_loss",
    "policy_gradient_loss": "actor_loss",
    "critic_loss": "critic_loss",
    "value_loss": "critic_loss",
    "qf_loss": "critic_loss",
    "avn_loss": "avn_loss",
    "avn_accuracy": "avn_accuracy",
    "dominant_signal": "dominant_signal",
    "buy_count": "buy_count",
    "sell_count": "sell_count",
    "last_price": "last_price",
}
_VOTING = frozenset(("dominant_signal", "buy_count", "sell_count", "last_price"))


class PublishingWriter:
    """Writes to writer and publishes to publisher, which has to be started.

    fields: whole tags or their last parts, and the field of the hub's schema that
        each is; it is looked at before FIELDS. "" leaves a tag out.

    A call returns and raises what the writer's does. A publish costs microseconds
    and never raises. Closing this closes the writer, and not the publisher.
    """

    def __init__(self, writer: Any, publisher: AssetSpacePublisher, fields: Optional[Mapping[str, str]] = None) -> None:
        self._writer = writer
        self._publisher = publisher
        self._fields = {**FIELDS, **(fields or {})}

    def add_scalar(self, tag: str, scalar_value: Any, global_step: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Writes one number; publishes it, and the step, if its tag is of the schema."""
        self._publish({tag: scalar_value}, global_step)
        return self._writer.add_scalar(tag, scalar_value, global_step, *args, **kwargs)

    def add_scalars(
        self, main_tag: str, tag_scalar_dict: Mapping[str, Any], global_step: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        """Writes several numbers; publishes those of the schema in one frame."""
        self._publish({f"{main_tag}/{tag}": value for tag, value in tag_scalar_dict.items()}, global_step)
        return self._writer.add_scalars(main_tag, tag_scalar_dict, global_step, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_writer":  # a copy has no writer yet
            raise AttributeError(name)
        return getattr(self._writer, name)

    def __enter__(self) -> PublishingWriter:
        self._writer.__enter__()
        return self

    def __exit__(self, *why: Any) -> Any:
        return self._writer.__exit__(*why)

    def _publish(self, scalars: Mapping[str, Any], step: Any) -> None:
        training: dict[str, Any] = {}
        voting: dict[str, Any] = {}
        for tag, value in scalars.items():
            field = self._field(tag)
            if field:
                (voting if field in _VOTING else training)[field] = value
        if not training and not voting:
            return
        if step is not None:
            training["training_steps"] = step
        self._publisher.publish_combined(training or None, voting or None)

    def _field(self, tag: Any) -> str:
        tag = str(tag)
        return self._fields.get(tag, self._fields.get(tag.rsplit("/", 1)[-1], ""))
