"""The hub in the stack of the original, FastAPI on uvicorn, in its plainest form.

It keeps the newest of each space and sends every update to all subscribers, one
after the other; that is faster than asyncio.gather, which makes a task for each.
"""

import json
import time

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()
snapshots = {}
subscribers = set()

TRAINING = ("training_steps", "actor_loss", "critic_loss", "avn_loss", "avn_accuracy")
VOTING = ("dominant_signal", "buy_count", "sell_count", "last_price", "signal_source")


def merge(space, message):
    """Lay a message over the snapshot of its space and return that."""
    now = time.time()
    snapshot = snapshots.setdefault(space, {
        "space_name": space,
        "training": dict.fromkeys(TRAINING), "voting": dict.fromkeys(VOTING),
        "seq": 0, "updated_at": None, "training_at": None, "voting_at": None,
    })
    for group, fields in (("training", TRAINING), ("voting", VOTING)):
        data = message.get("data") if message.get("type") == group else message.get(group)
        if data:
            snapshot[group].update((name, data[name]) for name in fields if name in data)
            snapshot[group + "_at"] = now
    snapshot["seq"] = max(snapshot["seq"] + 1, int(now * 1e6))
    snapshot["updated_at"] = now
    return snapshot


def encode(message):
    message["hub_timestamp"] = time.time()
    return json.dumps(message, separators=(",", ":"))


async def broadcast(text):
    for socket in list(subscribers):
        try:
            await socket.send_text(text)
        except (RuntimeError, WebSocketDisconnect):
            subscribers.discard(socket)


@app.websocket("/ws/publish/{space}")
async def publish(socket: WebSocket, space: str):
    await socket.accept()
    try:
        while True:
            message = json.loads(await socket.receive_text())
            if message.get("type") in ("metrics", "training", "voting"):
                snapshot = merge(space, message)
                await broadcast(encode({"type": "metrics_update", "space_name": space, "snapshot": snapshot}))
    except WebSocketDisconnect:
        pass


@app.websocket("/ws/subscribe")
async def subscribe(socket: WebSocket):
    await socket.accept()
    await socket.send_text(encode({"type": "initial_state", "snapshots": snapshots}))
    subscribers.add(socket)
    try:
        while True:
            await socket.receive_text()
    except WebSocketDisconnect:
        subscribers.discard(socket)
