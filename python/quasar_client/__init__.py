"""Publishes the live metrics of a training process to a Quasar hub. It cannot receive.

The publisher itself is the module websocket_client, one file that stands alone:
what is here is the same under another name, and two parts for libraries that
this package does not require:

    quasar_client.sb3           a callback for Stable-Baselines3
    quasar_client.tensorboard   a SummaryWriter that publishes what it writes
"""

from websocket_client import AssetSpacePublisher, TrainingMetrics, VotingMetrics, __version__

__all__ = ["AssetSpacePublisher", "TrainingMetrics", "VotingMetrics", "__version__"]
