"""A training process with the Python publisher, for as long as stdin is open.

    trainer.py HUB_URL SPACE     with the folder of websocket_client.py in PYTHONPATH
"""

import itertools
import sys
import threading
import time

from websocket_client import AssetSpacePublisher, TrainingMetrics, VotingMetrics


def main(url, space):
    publisher = AssetSpacePublisher(space, url)
    publisher.start()
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    for step in itertools.count(1):
        if ended.is_set():
            break
        publisher.publish_combined(
            TrainingMetrics(training_steps=step, avn_accuracy=0.5),
            VotingMetrics(dominant_signal="BUY", buy_count=7, sell_count=3),
        )
        time.sleep(0.1)
    publisher.stop()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
