"""Publishes the live metrics of one training process to a Quasar hub. It cannot receive.

    from websocket_client import AssetSpacePublisher, TrainingMetrics, VotingMetrics

    publisher = AssetSpacePublisher("V75", "ws://localhost:7860")
    publisher.start()
    publisher.publish_combined(
        TrainingMetrics(training_steps=100, avn_accuracy=0.61),
        VotingMetrics(dominant_signal="BUY", buy_count=7, sell_count=3))

A publish takes microseconds and never raises, whether the hub is up, stalled or
down: it leaves the newest value of each field for a background thread, which
sends at most 20 frames a second and reconnects for ever. After an outage the
newest values go out, not the ones that were missed.

One file, standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import atexit
import base64
import dataclasses
import enum
import hashlib
import ipaddress
import itertools
import json
import logging
import math
import os
import queue
import random
import re
import reprlib
import select
import socket
import struct
import sys
import threading
import time
import unicodedata
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from errno import EINPROGRESS, EWOULDBLOCK
from typing import Any, NamedTuple, Optional
from urllib.parse import SplitResult, unquote, urlsplit

try:
    import ssl
except ImportError:  # a Python built without OpenSSL still publishes to ws://
    ssl = None  # type: ignore[assignment]

__all__ = ["AssetSpacePublisher", "TrainingMetrics", "VotingMetrics"]
__version__ = "1.0.0rc1"

# Times are in seconds.
_TIMEOUT = 10.0  # for a connect, a handshake and a write: a stalled hub holds the thread no longer
_POLL = 0.25  # how often an idle thread looks for pings; a publish wakes it at once
_SLICE = 0.05  # how soon a blocked thread notices that it is to stop
_HEARTBEAT = 20.0  # without a frame for so long, say that the space is alive
_PROBE = 20.0  # without a word from the hub for so long, ping it
_SILENCE = 60.0  # without a word for so long, the connection is dead: hubs ping every 20 s
_SETTLED = 10.0  # a connection that lived so long ends the back-off
_EXIT = 0.8  # of the second that all publishers together may add to the exit of the process
# The last step is 20 and not 30 so that, with one slow attempt on top, a
# publisher is back within 30 s of its hub.
_BACKOFF = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0)
_REFUSED_PAUSE = 30.0  # a hub that said no will say no again
_LONGEST = 3600.0  # stop waits no longer, whatever it is told
_MAX_HEAD = 16 * 1024  # bytes of an HTTP answer's head
_MAX_BODY = 4 * 1024  # bytes read of the reason for a refusal
_CHUNK = 16 * 1024  # bytes of one read
_READS = 4  # reads in a row: what floods us must not keep us from sending
_MAX_STRAYS = 32  # names of unknown fields that are remembered

# Not the chance of the random module: a training run with a seed draws from that,
# and would be another run whenever its hub is away.
_chance = random.SystemRandom()

_MAX_COUNT = 2**53 - 1  # the largest integer that every JSON reader keeps exact
_MAX_SOURCE = 64
_SIGNALS = frozenset(("BUY", "SELL", "NEUTRAL"))
_SPACE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# What orders text on a screen instead of standing for something.
_STEERING = frozenset("\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


# ---------------------------------------------------------------- what is published


@dataclasses.dataclass(init=False)
class TrainingMetrics:
    """What a space reports of its learner. None is not sent; NaN is sent as null."""

    training_steps: Optional[int]
    actor_loss: Optional[float]
    critic_loss: Optional[float]
    avn_loss: Optional[float]
    avn_accuracy: Optional[float]

    def __init__(
        self,
        training_steps: Optional[int] = None,
        actor_loss: Optional[float] = None,
        critic_loss: Optional[float] = None,
        avn_loss: Optional[float] = None,
        avn_accuracy: Optional[float] = None,
        **strays: Any,
    ) -> None:
        self.training_steps = training_steps
        self.actor_loss = actor_loss
        self.critic_loss = critic_loss
        self.avn_loss = avn_loss
        self.avn_accuracy = avn_accuracy
        # A field that hubs do not take must not stop a training run: the
        # publisher drops it, counts it and says so.
        if strays:
            self._strays = tuple(strays)


@dataclasses.dataclass(init=False)
class VotingMetrics:
    """What the agents of a space say about its asset. None is not sent; NaN is sent as null."""

    dominant_signal: Optional[str]
    buy_count: Optional[int]
    sell_count: Optional[int]
    last_price: Optional[float]
    signal_source: Optional[str]

    def __init__(
        self,
        dominant_signal: Optional[str] = None,
        buy_count: Optional[int] = None,
        sell_count: Optional[int] = None,
        last_price: Optional[float] = None,
        signal_source: Optional[str] = None,
        **strays: Any,
    ) -> None:
        self.dominant_signal = dominant_signal
        self.buy_count = buy_count
        self.sell_count = sell_count
        self.last_price = last_price
        self.signal_source = signal_source
        if strays:
            self._strays = tuple(strays)


# ---------------------------------------------------------------- rules of the ten fields

# Each rule begins with the value that it nearly always gets: the training loop
# waits for these lines.


def _number(value: Any) -> Any:
    """Returns value as an int or a float. Raises for anything that is not one."""
    if type(value) is float or type(value) is int:
        return value
    item = getattr(value, "item", None)
    if callable(item):  # a NumPy scalar, a tensor without dimensions
        value = item()
    if isinstance(value, (bool, complex)):
        raise ValueError
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str) and value.strip().lstrip("+-").isdigit():
        return int(value)  # through a float it would lose digits
    return float(value)


def _count(value: Any) -> Optional[int]:
    if type(value) is int and 0 <= value <= _MAX_COUNT:
        return value
    number = _number(value)
    if not math.isfinite(number):
        return None
    count = int(number)
    if count != number or not 0 <= count <= _MAX_COUNT:
        raise ValueError
    return count


def _real(value: Any) -> Optional[float]:
    if type(value) is float and math.isfinite(value):
        return value
    number = float(_number(value))
    return number if math.isfinite(number) else None


def _price(value: Any) -> Optional[float]:
    number = _real(value)
    if number is not None and number <= 0:
        raise ValueError
    return number


def _signal(value: Any) -> str:
    if type(value) is str and value in _SIGNALS:
        return value
    if isinstance(value, enum.Enum):
        value = value.value if isinstance(value.value, str) else value.name
    # isascii, because the upper case of a long s is S.
    if not isinstance(value, str) or not value.strip().isascii():
        raise ValueError
    signal = value.strip().upper()
    if signal not in _SIGNALS:
        raise ValueError
    return signal


def _source(value: Any) -> str:
    if isinstance(value, enum.Enum) and isinstance(value.value, str):
        value = value.value
    if not isinstance(value, str) or len(value) > _MAX_SOURCE or _steers(value):
        raise ValueError
    value.encode("utf-8")  # raises for half of a surrogate pair
    return str(value)


def _steers(text: str) -> bool:
    return not (text.isascii() and text.isprintable()) and any(
        c in _STEERING or unicodedata.category(c) == "Cc" for c in text
    )


class _Rule(NamedTuple):
    convert: Callable[[Any], Any]
    want: str


_COUNT = _Rule(_count, f"an integer from 0 to {_MAX_COUNT}")
_REAL = _Rule(_real, "a number")

_TRAINING: dict[str, _Rule] = {
    "training_steps": _COUNT,
    "actor_loss": _REAL,
    "critic_loss": _REAL,
    "avn_loss": _REAL,
    "avn_accuracy": _REAL,
}
_VOTING: dict[str, _Rule] = {
    "dominant_signal": _Rule(_signal, '"BUY", "SELL" or "NEUTRAL"'),
    "buy_count": _COUNT,
    "sell_count": _COUNT,
    "last_price": _Rule(_price, "a number above 0"),
    "signal_source": _Rule(_source, f"at most {_MAX_SOURCE} characters, none a control character"),
}


def _read(metrics: Any, rules: Mapping[str, _Rule]) -> tuple[Mapping[str, Any], Iterable[str]]:
    """Returns the fields of a metrics object, a mapping or anything with such
    attributes, and the names in it that no hub takes."""
    if isinstance(metrics, (TrainingMetrics, VotingMetrics)):
        return metrics.__dict__, getattr(metrics, "_strays", ())
    if isinstance(metrics, Mapping):
        values = dict(metrics)
        return values, [_printable(name) for name in values if name not in rules]
    return {name: getattr(metrics, name) for name in rules if hasattr(metrics, name)}, ()


def _shown(value: Any) -> str:
    """Shows a bad value in a log, without trusting the repr of things we do not know."""
    if isinstance(value, (str, int, float)):
        return reprlib.repr(value)
    return "a " + type(value).__name__


def _printable(text: Any, limit: int = 200) -> str:
    """Makes what a peer said fit for a log: no control characters, and not long."""
    text = str(text)[: 2 * limit]
    clean = "".join("?" if _steers(c) else c for c in text)
    return clean if len(clean) <= limit else clean[:limit] + "..."


# ---------------------------------------------------------------- the newest values


# One published value: what it is, whether publish_combined brought it, and when.
# A plain tuple, because a publish makes ten of them. The same value published
# again is another object: that is how a new one is told from one already sent.
_Cell = tuple[Any, bool, float]

_NUMBER = "#"  # the key beside the fields: how many publishes led to these cells


class _Counter:
    """Counts without a lock. Threads that race may leave it one behind until the next."""

    def __init__(self) -> None:
        self._ticks = itertools.count(1)
        self.value = 0

    def add(self) -> int:
        number = next(self._ticks)
        self.value = number
        return number


class _Slots:
    """The newest value of each field, in a dict that callers write and the thread reads.

    There is no lock that a publish could wait for: dict.update and dict.copy
    are each one step to other threads, so a publish is seen whole or not at all.
    """

    def __init__(self) -> None:
        self._cells: dict[str, Any] = {}
        self._publishes = _Counter()

    def put(self, cells: dict[str, Any]) -> None:
        cells[_NUMBER] = self._publishes.add()
        self._cells.update(cells)

    def copy(self) -> dict[str, Any]:
        return self._cells.copy()


class _Outbox:
    """What of the slots has not been sent on this connection."""

    def __init__(self, slots: _Slots, max_vote_age: Optional[float], tally: _Tally) -> None:
        self._slots = slots
        self._max_vote_age = max_vote_age
        self._tally = tally
        self._sent: dict[str, Any] = {}
        self._number = 0

    def forget(self) -> None:
        """Makes all that is known unsent: the hub may have restarted with nothing."""
        self._sent = {}

    def pending(self) -> dict[str, Any]:
        cells = self._slots.copy()
        return {name: cell for name, cell in cells.items() if self._sent.get(name) is not cell}

    def frame(self, pending: dict[str, Any]) -> Optional[dict[str, Any]]:
        """Returns the frame for pending, or None when no hub should see any of it."""
        cells = {name: cell for name, cell in pending.items() if name != _NUMBER}
        fresh = {name: cell for name, cell in cells.items() if not self._expired(name, cell)}
        self._tally.expired += len(cells) - len(fresh)
        return _frame(fresh) if fresh else None

    def _expired(self, name: str, cell: _Cell) -> bool:
        # A hub stamps votes with the time of their arrival. Old ones, sent again
        # to a hub that came back, would look new and could be traded.
        _, _, when = cell
        limit = self._max_vote_age
        return limit is not None and name in _VOTING and time.monotonic() - when > limit

    def mark(self, pending: dict[str, Any]) -> None:
        """Notes that pending has been sent."""
        self._sent.update(pending)
        number = pending.get(_NUMBER, self._number)
        self._tally.conflated += max(0, number - self._number - 1)
        self._number = number


def _frame(cells: dict[str, _Cell]) -> dict[str, Any]:
    training = {name: cells[name][0] for name in _TRAINING if name in cells}
    voting = {name: cells[name][0] for name in _VOTING if name in cells}
    if (training and voting) or any(combined for _, combined, _ in cells.values()):
        groups = {"training": training, "voting": voting}
        return {"type": "metrics", **{name: group for name, group in groups.items() if group}}
    if training:
        return {"type": "training", "data": training}
    return {"type": "voting", "data": voting}


class _Tally:
    """What the thread has counted since the publisher was made."""

    def __init__(self) -> None:
        self.frames = 0
        self.heartbeats = 0
        self.conflated = 0
        self.expired = 0
        self.connections = 0
        self.discarded = 0
        self.last_error: Optional[str] = None
        self.last_close: Optional[dict[str, Any]] = None


class _Wake:
    """Wakes the thread. To ring costs the caller no system call and never gives up the GIL."""

    def __init__(self) -> None:
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._armed = False

    def arm(self) -> None:
        """From here on a publish rings."""
        self._armed = True

    def disarm(self) -> None:
        self._armed = False

    def publish(self) -> None:
        if self._armed:
            self._armed = False  # one ring is enough, however many publishes follow
            self._bell.put(None)

    def ring(self) -> None:
        self._bell.put(None)

    def wait(self, timeout: float) -> None:
        try:
            self._bell.get(timeout=max(0.0, timeout))
        except queue.Empty:
            pass


# ---------------------------------------------------------------- the publisher

_FORKED = "this process was forked from the one that publishes; construct a publisher of its own here"
_COPIED = "this is a copy, and copies send nothing; construct a publisher of its own here"
_STOPPED = "the publisher was stopped; call start() to publish again"
_ENDING = "the process is ending"


class AssetSpacePublisher:
    """Publishes one space's metrics to a hub. It has no way to receive.

    space_name: ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$; anything else raises
        ValueError, which is the only thing here that raises.
    hub_url: ws://, wss://, http:// or https:// and a host; unless the path
        names a space already, /ws/publish/<space_name> is put behind it.
    token: the hub's publisher token; None takes QUASAR_TOKEN. Sent as the
        header X-Quasar-Token, and never shown.
    authorization: what a proxy in front of the hub wants in the header of that
        name, such as "Bearer hf_..." for a private Hugging Face Space; None takes
        QUASAR_AUTHORIZATION, "" sends none. Never shown either, and sent to hubs on
        wss:// or on this machine alone: to others nothing is published.
    headers: more headers for the handshake. Never shown either.
    ssl_context: an ssl.SSLContext; None verifies against the system's roots.
    proxy: http://[user:password@]host:port; None takes HTTP_PROXY, HTTPS_PROXY,
        ALL_PROXY and NO_PROXY from the environment, "" takes none.
    max_rate: frames a second; publishes beyond it are conflated, newest wins.
    max_vote_age: votes older than so many seconds are not sent to a hub that
        came back, which would take them for new (hubs call a space stale after
        30 s); None sends them however old.
    logger: a logging.Logger; None takes the one named "quasar.publisher".

    After os.fork the child's copy is silent, and so is a pickled or copied one. One that
    nobody has a reference to any more sends what is newest and ends, as by stop().
    """

    def __init__(
        self,
        space_name: str,
        hub_url: str,
        *,
        token: Optional[str] = None,
        authorization: Optional[str] = None,
        headers: Optional[Mapping[str, str]] = None,
        ssl_context: Any = None,
        proxy: Optional[str] = None,
        max_rate: float = 20.0,
        max_vote_age: Optional[float] = 30.0,
        logger: Optional[logging.Logger] = None,
    ) -> None:
        _check_space(space_name)
        self._space = space_name
        self._log = _Log(space_name, logger)
        self._tally = _Tally()
        self._slots = _Slots()
        self._calls = _Counter()
        self._ignored = _Counter()
        self._rejected: dict[str, _Counter] = {}
        self._mute: Optional[str] = None
        self._gap = 1.0 / _positive(max_rate, 20.0)
        self._max_vote_age = None if max_vote_age is None else _positive(max_vote_age, 30.0)
        self._lifecycle = threading.Lock()  # guards _worker; no publish takes it
        self._process = os.getpid()  # whose lock that is
        self._worker: Optional[_Worker] = None
        self._wake = _Wake()
        self._route, self._fault = self._plan(hub_url, _Credentials(token, authorization, headers), ssl_context, proxy)

    def _plan(self, hub_url: Any, credentials: _Credentials, context: Any, proxy: Any) -> tuple[Optional[_Route], str]:
        """Returns how to reach the hub, or what is wrong with what we were told."""
        try:
            return _plan_route(self._space, hub_url, credentials, context, proxy, self._log), ""
        except Exception as err:
            self._tally.last_error = _printable(err)
            return None, _printable(err)

    # -- life

    def start(self) -> None:
        """Starts the background thread. To start twice is to start once."""
        try:
            if self._mute in (_FORKED, _COPIED):
                self._say_mute(self._mute)
            elif self._route is None:
                self._log.once("fault", "cannot publish: %s", self._fault)
            else:
                self._start(self._route)
        except Exception as err:  # such as no more threads
            self._tally.last_error = _printable(err)
            self._log.warning("cannot start: %s", _printable(err))

    def _start(self, route: _Route) -> None:
        if self._process != os.getpid():  # forked, maybe while a thread that is not here held it
            self._lifecycle, self._process = threading.Lock(), os.getpid()
        with self._lifecycle:
            if self._worker is not None and self._worker.goes_on():
                return
            outbox = _Outbox(self._slots, self._max_vote_age, self._tally)
            worker = _Worker(route, self._gap, outbox, self._tally, self._log)
            worker.start()
            self._worker, self._wake, self._mute = worker, worker.wake, None
            _forget_ended()
            _running[worker] = weakref.ref(self)
            _end_with_worker()

    def _say_mute(self, why: str) -> None:
        if why is not _ENDING:  # threads that go on to the very end do nothing wrong
            self._log.once(why, "publishes are ignored: %s", why)

    def stop(self, timeout: Optional[float] = 1.0) -> None:
        """Sends what is newest and closes, within timeout seconds, of which None is one and
        an hour is the most. Without a connection it makes one quick attempt if there is
        something to send."""
        try:
            deadline = time.monotonic() + _patience(timeout)
            self._ask_to_stop(deadline)
            self._wait_stopped(deadline)
        except Exception as err:
            self._log.warning("cannot stop: %s", _printable(err))

    def _ask_to_stop(self, deadline: float) -> None:
        if self._mute in (_FORKED, _COPIED):
            return
        self._mute = _STOPPED
        worker = self._worker
        if worker is not None:
            worker.ask_to_stop(deadline)

    def _wait_stopped(self, deadline: float) -> None:
        worker = self._worker
        if worker is not None and self._mute == _STOPPED:
            worker.wait(deadline)
            _running.pop(worker, None)

    def __enter__(self) -> AssetSpacePublisher:
        self.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()

    def __del__(self) -> None:
        # Nobody can publish with it any more, such as when the cell of a notebook is run again.
        # Its connection would own the space anew after a restart of the hub.
        worker = self.__dict__.get("_worker")  # which is not there after a bad name
        if worker is not None and self._mute is None:
            worker.ask_to_stop(time.monotonic() + 1.0)

    def __reduce__(self) -> tuple[Any, ...]:
        # Saving an agent that holds its publisher must neither fail nor carry a
        # token into the file.
        return _silent_copy, (self._space,)

    def __repr__(self) -> str:
        return f"<AssetSpacePublisher {self._space} to {self._hub()}: {self._state()}>"

    # -- publishing

    def publish_training(self, training: Any) -> None:
        """Publishes the fields of a TrainingMetrics that are not None."""
        self._publish(training, None, False)

    def publish_voting(self, voting: Any) -> None:
        """Publishes the fields of a VotingMetrics that are not None."""
        self._publish(None, voting, False)

    def publish_combined(self, training: Any = None, voting: Any = None) -> None:
        """Publishes both in one frame."""
        self._publish(training, voting, True)

    def _publish(self, training: Any, voting: Any, combined: bool) -> None:
        try:
            self._calls.add()
            if self._mute is not None:
                self._ignored.add()
                self._say_mute(self._mute)
                return
            cells: dict[str, Any] = {}
            when = time.monotonic()
            if training is not None:
                self._take(cells, training, "training", _TRAINING, combined, when)
            if voting is not None:
                self._take(cells, voting, "voting", _VOTING, combined, when)
            if cells:
                self._slots.put(cells)
                self._wake.publish()
        except Exception as err:
            kind = type(err).__name__
            self._reject("publish", lambda: f"got a {kind}")

    def _take(
        self, cells: dict[str, Any], metrics: Any, group: str, rules: dict[str, _Rule], combined: bool, when: float
    ) -> None:
        """Puts the good fields of metrics into cells and counts the bad ones."""
        try:
            values, strays = _read(metrics, rules)
        except Exception:
            values, strays = {}, ()
        for name in strays:
            self._reject(name, lambda: "hubs take no such field")
        if not any(name in values for name in rules):
            self._reject(group, lambda: f"got {_shown(metrics)}, want {group.capitalize()}Metrics")
        for name, rule in rules.items():
            value = values.get(name)
            if value is None:
                continue
            try:
                cells[name] = (rule.convert(value), combined, when)
            except Exception:
                self._reject(name, lambda: f"got {_shown(value)}, want {rule.want}")  # noqa: B023, called at once

    def _reject(self, name: str, why: Callable[[], str]) -> None:
        if name not in self._rejected and len(self._rejected) >= _MAX_STRAYS:
            name = "others"
        first = name not in self._rejected
        self._rejected.setdefault(name, _Counter()).add()
        if first:
            self._log.dropped(name, why)

    # -- what can be seen

    @property
    def stats(self) -> dict[str, Any]:
        """A snapshot of what happened so far, as a plain dict.

        conflated: publishes that shared a frame with a newer one. expired:
        values that became too old to send. ignored: publishes while silent.
        rejected: by field, values that no hub would take. discarded: data frames
        that arrived and were not looked at.
        """
        tally, state = self._tally, self._state()
        return {
            "space": self._space,
            "hub": self._hub(),
            "state": state,
            "connected": state == "connected",
            "publishes": self._calls.value,
            "frames_sent": tally.frames,
            "heartbeats": tally.heartbeats,
            "conflated": tally.conflated,
            "expired": tally.expired,
            "ignored": self._ignored.value,
            "rejected": {name: count.value for name, count in self._rejected.copy().items()},
            "reconnects": max(0, tally.connections - 1),
            "discarded": tally.discarded,
            "last_error": tally.last_error,
            "last_close": tally.last_close,
        }

    def _hub(self) -> Optional[str]:
        return self._route.origin if self._route is not None else None

    def _state(self) -> str:
        if self._mute in (_FORKED, _COPIED):
            return "silent"
        if self._route is None:
            return "misconfigured"
        return self._worker.state if self._worker is not None else "new"


def _check_space(name: Any) -> None:
    if not isinstance(name, str) or not _SPACE_NAME.fullmatch(name):
        raise ValueError(
            f"space_name: got {_shown(name)}, want 1 to 64 letters, digits, '.', '_' or '-', "
            "the first of them a letter or a digit"
        )


def _positive(value: Any, otherwise: float) -> float:
    try:
        number = float(value)
    except Exception:
        return otherwise
    return number if number > 0 and math.isfinite(number) else otherwise


def _patience(timeout: Any) -> float:
    try:
        return min(max(0.0, float(timeout)), _LONGEST)
    except Exception:
        return 1.0


class _Log:
    """Writes to a logger and never raises, whatever its handlers do."""

    def __init__(self, space: str, logger: Any) -> None:
        self._space = space
        self._logger = logging.getLogger("quasar.publisher") if logger is None else logger
        self._said: dict[str, str] = {}
        self._secrets: list[str] = []

    def hide(self, *secrets: str) -> None:
        """From here on none of these is shown, even if a peer says it to us."""
        pieces = [piece for secret in secrets for piece in [secret, *secret.split()]]
        self._secrets += sorted({p for p in pieces if len(p) >= 4}, key=len, reverse=True)

    def clean(self, text: Any) -> str:
        """Returns what a peer said as one short line without our secrets."""
        text = str(text)
        for secret in self._secrets:
            text = text.replace(secret, "[redacted]")
        return _printable(text)

    def warning(self, text: str, *args: Any) -> None:
        self._write(logging.WARNING, text, *args)

    def once(self, key: str, text: str, *args: Any) -> None:
        if key not in self._said:
            self._said[key] = text
            self._write(logging.WARNING, text, *args)

    def failed(self, said: str, text: str, *args: Any) -> None:
        """Warns, unless it is what was said last: an outage is told once."""
        level = logging.DEBUG if self._said.get("failed") == said else logging.WARNING
        self._said["failed"] = said
        self._write(level, text, *args)

    def connected(self, origin: str) -> None:
        """Tells it as loudly as the outage before it, whose end it is."""
        level = logging.INFO if self._said.pop("failed", None) is None else logging.WARNING
        self._write(level, "connected to %s", origin)

    def dropped(self, name: str, why: Callable[[], str]) -> None:
        """Tells that values of a field are dropped."""
        try:
            reason = self.clean(why())
        except Exception:  # a value whose repr raises
            reason = "got a value that cannot be shown"
        self.warning("%s dropped: %s", name, reason)

    def _write(self, level: int, text: str, *args: Any) -> None:
        try:
            self._logger.log(level, "%s: " + text, self._space, *args)
        except Exception:
            pass


def _silent_copy(space_name: str) -> AssetSpacePublisher:
    publisher = AssetSpacePublisher(space_name, "ws://localhost", token="", proxy="")
    publisher._mute = _COPIED
    return publisher


# ---------------------------------------------------------------- the thread


class _Refused(Exception):
    """The hub or a proxy said no, and will say so again."""


class _Lost(Exception):
    """The connection ended."""


class _Worker:
    """The background thread: connects, sends what is newest, and connects again."""

    def __init__(self, route: _Route, gap: float, outbox: _Outbox, tally: _Tally, log: _Log) -> None:
        self.wake = _Wake()
        self.state = "connecting"
        self._route = route
        self._gap = gap
        self._outbox = outbox
        self._tally = tally
        self._log = log
        self._deadline = math.inf  # when stopping: by when to be done
        self._failures = 0
        self._refused = False
        self._stream: Optional[_Stream] = None
        # A daemon: a hub that is down must not keep a finished training run alive.
        self._thread = threading.Thread(target=self._run, name="quasar-publisher", daemon=True)

    # -- called by the publisher

    def start(self) -> None:
        self._thread.start()

    def goes_on(self) -> bool:
        return self._thread.is_alive() and not self._stopping()

    def ask_to_stop(self, deadline: float) -> None:
        self._deadline = deadline - 2 * _SLICE  # so that the thread ends before wait gives up
        self.wake.ring()

    def wait(self, deadline: float) -> None:
        if self._thread is not threading.current_thread():
            self._thread.join(max(0.0, deadline - time.monotonic()))

    def drop(self) -> None:
        if self._stream is not None:
            self._stream.close()

    # -- the life of the thread

    def _run(self) -> None:
        try:
            pause = self._visit()
            while self._rest(pause):
                pause = self._visit()
        finally:
            self.state = "stopped"

    def _rest(self, pause: float) -> bool:
        """Pauses, and tells whether to try again."""
        if self._stopping():
            return False
        self.state = "waiting"
        until = time.monotonic() + pause
        while not self._stopping() and time.monotonic() < until:
            self.wake.wait(until - time.monotonic())
        # Stopped while waiting: one quick attempt, if it has a purpose.
        return not self._stopping() or (not self._refused and bool(self._outbox.pending()))

    def _visit(self) -> float:
        """Serves one connection to its end and returns how long to pause after it."""
        self.state = "connecting"
        began, self._refused = time.monotonic(), False
        try:
            self._serve()
        except _Refused as err:
            self._refused = True
            self._failed(err, "refused")
            return _REFUSED_PAUSE * _chance.uniform(0.8, 1.0)
        except Exception as err:
            self._failed(err, "cannot be reached" if self.state == "connecting" else "lost")
        return self._back_off(time.monotonic() - began)

    def _back_off(self, lived: float) -> float:
        # Full jitter: many spaces lose one hub at the same time and must not
        # come back at the same time.
        if self.state == "connected" and lived >= _SETTLED:
            self._failures = 0
        step = _BACKOFF[min(self._failures, len(_BACKOFF) - 1)]
        self._failures += 1
        return _chance.uniform(0.0, step)

    def _failed(self, err: Exception, what: str) -> None:
        said = self._log.clean(_reason(err))
        self._tally.last_error = said
        self._log.failed(what + said, "hub %s %s: %s", self._route.origin, what, said)

    def _stopping(self) -> bool:
        return self._deadline != math.inf

    # -- one connection

    def _serve(self) -> None:
        self._stream = stream = _Stream(lambda: self._deadline)
        try:
            rest = _open(stream, self._route)
            connection = _Connection(stream, self._tally, self._log)
            self._connected()
            connection.send({"type": "identify", "space": self._route.space})
            if rest:
                connection.take(rest)
            self._converse(connection)
            connection.close()
        finally:
            self.wake.disarm()
            stream.close()

    def _connected(self) -> None:
        self.state = "connected"
        self._tally.connections += 1
        self._outbox.forget()
        self._log.connected(self._route.origin)

    def _converse(self, connection: _Connection) -> None:
        """Sends what is new until it is told to stop and nothing is left."""
        while True:
            connection.read_if_due()
            self.wake.arm()  # before looking: what is published from here on rings
            if self._send_news(connection):
                self._keep_rate(connection)
            elif self._stopping():
                return
            else:
                connection.keep_alive()
                self.wake.wait(_POLL)

    def _send_news(self, connection: _Connection) -> bool:
        """Sends one frame with all that is new and tells whether there was anything."""
        pending = self._outbox.pending()
        if not pending:
            return False
        self.wake.disarm()
        frame = self._outbox.frame(pending)
        if frame is not None:
            connection.send(frame)
            self._tally.frames += 1
        self._outbox.mark(pending)
        return True

    def _keep_rate(self, connection: _Connection) -> None:
        until = connection.sent_at + self._gap
        while not self._stopping() and time.monotonic() < until:
            self.wake.wait(until - time.monotonic())


def _reason(err: Exception) -> str:
    """Says what went wrong. The name of a class is no help to an operator, but better than nothing."""
    text = err.strerror if isinstance(err, OSError) and err.strerror else str(err)
    return text or type(err).__name__


class _Connection:
    """An open WebSocket, of which only the sending half is of interest."""

    def __init__(self, stream: _Stream, tally: _Tally, log: _Log) -> None:
        self.sent_at = time.monotonic()
        self._stream = stream
        self._tally = tally
        self._log = log
        self._frames = _Frames()
        self._heard_at = self._probed_at = time.monotonic()
        self._read_at = -math.inf
        self._pong: Optional[bytes] = None
        self._closing = False

    # -- sending

    def send(self, message: dict[str, Any]) -> None:
        text = json.dumps(message, allow_nan=False, separators=(",", ":"))
        self._write(_TEXT, text.encode("ascii"))
        self.sent_at = time.monotonic()

    def keep_alive(self) -> None:
        """Says that we live when there was no news, and finds out whether the hub does."""
        now = time.monotonic()
        if now - self._heard_at > _SILENCE:
            raise _Lost(f"heard nothing for {_SILENCE:g} s")
        if now - self.sent_at >= _HEARTBEAT:
            self.send({"type": "heartbeat"})
            self._tally.heartbeats += 1
        # Hubs ping us; for one that does not, its pong is the sign of life.
        if now - max(self._heard_at, self._probed_at) >= _PROBE:
            self._probed_at = now
            self._write(_PING, b"")

    def close(self) -> None:
        """Closes in order: says so, then waits for the hub's word so that nothing sent is cut off."""
        self._closing = True
        self._write(_CLOSE, struct.pack("!H", 1000))
        deadline = time.monotonic() + _EXIT
        try:
            while True:
                self.take(self._stream.wait_receive(deadline))
        except (_Lost, OSError):
            pass

    def _write(self, opcode: int, payload: bytes) -> None:
        self._stream.write(_masked(opcode, payload))

    # -- what arrives

    def read_if_due(self) -> None:
        # Not for every frame: each system call hands the GIL back and forth with
        # the training loop. What is lost on a dead connection is sent again on the next.
        if time.monotonic() - self._read_at >= _POLL:
            self._read()
            self._read_at = time.monotonic()

    def _read(self) -> None:
        """Takes what has arrived, without waiting: answers pings, throws data away."""
        for _ in range(_READS):
            data = self._stream.receive()
            if data is None:
                break
            self.take(data)
        if self._pong is not None:  # of several pings the newest is answered
            pong, self._pong = self._pong, None
            self._write(_PONG, pong)

    def take(self, data: bytes) -> None:
        if not data:
            raise _Lost("connection closed without a close frame")
        self._heard_at = time.monotonic()
        for opcode, payload in self._frames.feed(data):
            self._handle(opcode, payload)

    def _handle(self, opcode: int, payload: bytes) -> None:
        if opcode == _PING:
            self._pong = payload
        elif opcode == _CLOSE:
            self._closed(payload)
        elif opcode != _PONG:
            self._tally.discarded += 1
            self._log.once("data", "the hub sent data to a publisher; it is discarded, here and from now on")

    def _closed(self, payload: bytes) -> None:
        if self._closing:
            raise _Lost("closed")
        code = struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else 1005
        reason = self._log.clean(payload[2:].decode("utf-8", "replace"))
        self._tally.last_close = {"code": code, "reason": reason}
        try:
            self._write(_CLOSE, payload[:2])
        except OSError:
            pass  # the hub has gone already
        raise _Lost(f"closed by the hub: {code} {reason}".rstrip())


# ---------------------------------------------------------------- frames

_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
_DATA = (0x0, _TEXT, 0x2)
_CONTROL = (_CLOSE, _PING, _PONG)


def _masked(opcode: int, payload: bytes) -> bytes:
    """Returns a whole client frame. Its key is unpredictable, so that nobody
    can make a publisher write bytes of his choice through a proxy."""
    head = bytes([0x80 | opcode])
    size = len(payload)
    if size < 126:
        head += struct.pack("!B", 0x80 | size)
    elif size < 1 << 16:
        head += struct.pack("!BH", 0x80 | 126, size)
    else:
        head += struct.pack("!BQ", 0x80 | 127, size)
    key = os.urandom(4)
    stream = (key * (size // 4 + 1))[:size]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")
    return head + key + mixed.to_bytes(size, "big")


class _Frames:
    """Splits what a server sends into frames. The bytes of data frames are dropped as
    they come, so that a frame of any length costs no memory."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skip = 0  # bytes of a data frame still to come

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yields the frames: control frames whole, data frames as soon as they begin, and empty."""
        self._buffer += data
        while True:
            self._drop()
            frame = self._next()
            if frame is None:
                return
            yield frame

    def _drop(self) -> None:
        count = min(self._skip, len(self._buffer))
        del self._buffer[:count]
        self._skip -= count

    def _next(self) -> Optional[tuple[int, bytes]]:
        head = self._head()
        if head is None:
            return None
        opcode, start, size = head
        if opcode in _DATA:
            del self._buffer[:start]
            self._skip = size
            return opcode, b""
        if len(self._buffer) < start + size:
            return None
        payload = bytes(self._buffer[start : start + size])
        del self._buffer[: start + size]
        return opcode, payload

    def _head(self) -> Optional[tuple[int, int, int]]:
        """Returns opcode, length of the head and length of the payload, when all of them are there."""
        buffer = self._buffer
        if self._skip or len(buffer) < 2:
            return None
        first, second = buffer[0], buffer[1]
        _check_head(first, second)
        start = {126: 4, 127: 10}.get(second, 2)
        if len(buffer) < start:
            return None
        size = int.from_bytes(buffer[2:start], "big") if start > 2 else second
        return first & 0x0F, start, size


def _check_head(first: int, second: int) -> None:
    opcode = first & 0x0F
    if first & 0x70:
        raise _Lost("protocol error: got a frame with reserved bits, want none")
    if opcode not in _DATA and opcode not in _CONTROL:
        raise _Lost(f"protocol error: got opcode {opcode}, want one of RFC 6455")
    if second & 0x80:
        raise _Lost("protocol error: got a masked frame from a server")
    if opcode in _CONTROL and (second > 125 or not first & 0x80):
        raise _Lost("protocol error: got a long or fragmented control frame")


# ---------------------------------------------------------------- opening a connection

_ACCEPT_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


def _open(stream: _Stream, route: _Route) -> bytes:
    """Connects through proxy, TLS and handshake. Returns what came behind the handshake."""
    if route.proxy is None:
        stream.connect(route.host, route.port)
    else:
        stream.connect(route.proxy.host, route.proxy.port)
        _tunnel(stream, route)
    if route.secure:
        stream.secure(route.context, route.host)
    return _upgrade(stream, route)


def _tunnel(stream: _Stream, route: _Route) -> None:
    target = f"{_bracketed(route.host)}:{route.port}"
    headers = [("Host", target), *route.proxy.headers] if route.proxy else []
    answer = _ask(stream, f"CONNECT {target} HTTP/1.1", headers)
    if answer.status != 200:
        raise _refusal(answer, f"proxy: got {answer.status} {answer.phrase}, want 200")


def _upgrade(stream: _Stream, route: _Route) -> bytes:
    key = base64.b64encode(os.urandom(16))
    headers = [
        ("Host", route.authority),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", key.decode("ascii")),
        *route.headers,
    ]
    if not any(name.lower() == "user-agent" for name, _ in headers):
        headers.append(("User-Agent", f"quasar-client/{__version__}"))
    answer = _ask(stream, f"GET {route.path} HTTP/1.1", headers)
    if answer.status != 101:
        step = "; a token goes into QUASAR_TOKEN" if answer.status == 401 else ""
        raise _refusal(answer, f"got {answer.status} {answer.phrase}, want 101{step}{_because(stream, answer)}")
    accept = base64.b64encode(hashlib.sha1(key + _ACCEPT_GUID).digest()).decode("ascii")
    if answer.headers.get("sec-websocket-accept") != accept:
        raise _Refused("got a wrong Sec-WebSocket-Accept: this is no WebSocket server, or a cache in front of one")
    return answer.rest


class _Answer(NamedTuple):
    status: int
    phrase: str
    headers: dict[str, str]
    rest: bytes  # what came behind the head


def _ask(stream: _Stream, line: str, headers: list[tuple[str, str]]) -> _Answer:
    """Sends a request without a body and reads the head of the answer."""
    request = "\r\n".join([line, *(f"{name}: {value}" for name, value in headers), "", ""])
    stream.write(request.encode("latin-1"))
    deadline = time.monotonic() + _TIMEOUT
    data = b""
    while b"\r\n\r\n" not in data:
        if len(data) > _MAX_HEAD:
            raise _Refused(f"got an HTTP head of more than {_MAX_HEAD} bytes")
        more = stream.wait_receive(deadline)
        if not more:
            raise _Lost("closed before it answered the handshake")
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    return _answer(head.decode("latin-1").split("\r\n"), rest)


def _answer(lines: list[str], rest: bytes) -> _Answer:
    status = re.match(r"HTTP/1\.[01] (\d{3}) ?(.*)", lines[0])
    if status is None:
        raise _Refused(f"got {_printable(lines[0], 40)!r}, want an HTTP answer")
    pairs = (line.partition(":") for line in lines[1:])
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return _Answer(int(status[1]), status[2].strip(), headers, rest)


def _refusal(answer: _Answer, text: str) -> Exception:
    """Tells a no from a not now."""
    final = 300 <= answer.status < 500 and answer.status != 408
    return _Refused(text) if final else _Lost(text)


def _because(stream: _Stream, answer: _Answer) -> str:
    """Returns what the answer says about its reason, with a colon in front."""
    if "location" in answer.headers:
        # Not followed: the token is meant for this host.
        return ": it points to " + answer.headers["location"]
    kind = answer.headers.get("content-type", "")
    if "json" not in kind:
        return ""
    try:
        problem = json.loads(_body(stream, answer))
        reason = problem.get("detail") or problem.get("title")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return f": {reason}" if reason else ""


def _body(stream: _Stream, answer: _Answer) -> bytes:
    """Reads as much of a body as an explanation needs."""
    length = answer.headers.get("content-length", "")
    want = min(int(length), _MAX_BODY) if length.isdigit() else _MAX_BODY
    body, deadline = answer.rest, time.monotonic() + 1.0
    try:
        while len(body) < want:
            more = stream.wait_receive(deadline)
            if not more:
                break
            body += more
    except OSError:
        pass
    return body[:want]


# ---------------------------------------------------------------- the socket

_WANT_READ: tuple[Any, ...] = (ssl.SSLWantReadError,) if ssl else ()
_WANT_WRITE: tuple[Any, ...] = (ssl.SSLWantWriteError,) if ssl else ()


class _Stream:
    """A non-blocking socket whose every wait ends: at its deadline, or at the
    cutoff, which comes when the publisher is told to stop."""

    def __init__(self, cutoff: Callable[[], float]) -> None:
        self._cutoff = cutoff
        self._socket: Optional[Any] = None

    def connect(self, host: str, port: int) -> None:
        """Connects to the first address of host that answers."""
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        deadline = time.monotonic() + _TIMEOUT
        failure: OSError = OSError("no address")
        for left, address in zip(range(len(addresses), 0, -1), addresses):
            share = (deadline - time.monotonic()) / left  # a dead address leaves time for the next
            try:
                return self._connect(address, time.monotonic() + share)
            except OSError as err:
                failure = err
                self.close()
        raise failure

    def _connect(self, address: tuple[Any, ...], deadline: float) -> None:
        family, kind, protocol, _, where = address
        self._socket = sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = sock.connect_ex(where)
        if code in (EINPROGRESS, EWOULDBLOCK):
            self._wait(True, deadline)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))

    def secure(self, context: Any, host: str) -> None:
        """Starts TLS."""
        self._socket = context.wrap_socket(self._socket, server_hostname=host, do_handshake_on_connect=False)
        self._retry(self._socket.do_handshake, False, time.monotonic() + _TIMEOUT)

    def write(self, data: bytes) -> None:
        """Writes all of data."""
        view, deadline = memoryview(data), time.monotonic() + _TIMEOUT
        while view:
            part = view
            view = view[self._retry(lambda: self._open().send(part), True, deadline) :]  # noqa: B023, called at once

    def receive(self) -> Optional[bytes]:
        """Returns what is there: None if nothing is, nothing at the end."""
        try:
            return self._recv()
        except (BlockingIOError, *_WANT_READ, *_WANT_WRITE):
            return None

    def wait_receive(self, deadline: float) -> bytes:
        return bytes(self._retry(self._recv, False, deadline))

    def _recv(self) -> bytes:
        return bytes(self._open().recv(_CHUNK))

    def close(self) -> None:
        """Closes the socket and writes nothing: safe in a forked child."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _open(self) -> Any:
        if self._socket is None:
            raise _Lost("connection closed")
        return self._socket

    def _retry(self, call: Callable[[], Any], writes: bool, deadline: float) -> Any:
        while True:
            try:
                return call()
            except _WANT_READ:
                self._wait(False, deadline)
            except _WANT_WRITE:
                self._wait(True, deadline)
            except BlockingIOError:
                self._wait(writes, deadline)

    def _wait(self, writes: bool, deadline: float) -> None:
        while True:
            left = min(deadline, self._cutoff()) - time.monotonic()
            if left <= 0:
                raise TimeoutError("no answer in time")
            if _ready(self._open(), writes, min(left, _SLICE)):
                return


def _ready(sock: Any, writes: bool, timeout: float) -> bool:
    # poll, because select cannot take the descriptors above 1023 of a large trainer.
    if hasattr(select, "poll"):
        poller = select.poll()
        poller.register(sock, select.POLLOUT if writes else select.POLLIN)
        return bool(poller.poll(math.ceil(timeout * 1000)))
    watched = [sock]
    return any(select.select([] if writes else watched, watched if writes else [], watched, timeout))


# ---------------------------------------------------------------- where the hub is


class _Proxy:
    """A proxy that understands CONNECT."""

    def __init__(self, host: str, port: int, headers: list[tuple[str, str]]) -> None:
        self.host = host
        self.port = port
        self.headers = headers


class _Route:
    """How to reach the hub. Has no repr that would show its headers."""

    def __init__(self, space: str, secure: bool, host: str, port: int, path: str) -> None:
        self.space = space
        self.secure = secure
        self.host = host
        self.port = port
        self.path = path
        usual = port == (443 if secure else 80)
        self.authority = _bracketed(host) + ("" if usual else f":{port}")
        self.origin = ("wss://" if secure else "ws://") + self.authority
        self.headers: list[tuple[str, str]] = []
        self.context: Any = None
        self.proxy: Optional[_Proxy] = None


class _Credentials(NamedTuple):
    token: Any
    authorization: Any
    headers: Any


def _plan_route(space: str, hub_url: Any, credentials: _Credentials, context: Any, proxy: Any, log: _Log) -> _Route:
    route = _parse_hub(space, hub_url, log)
    route.headers = _plan_headers(credentials, log)
    if route.secure:
        route.context = context if context is not None else _tls_context()
    elif route.headers and not _is_loopback(route.host):
        if any(name.lower() == "authorization" for name, _ in route.headers):
            # It may be the credential of a whole account, and anybody on the way could read it.
            raise ValueError("authorization: got a hub without TLS beyond this machine, want wss:// or https://")
        log.once("clear", "credentials travel in clear text to %s; want wss://", route.origin)
    route.proxy = _plan_proxy(route, proxy, log)
    return route


def _parse_hub(space: str, hub_url: Any, log: _Log) -> _Route:
    parts = urlsplit(hub_url.strip()) if isinstance(hub_url, str) else urlsplit("")
    secure = {"ws": False, "http": False, "wss": True, "https": True}.get(parts.scheme)
    if secure is None or not parts.hostname:
        raise ValueError("hub_url: want ws://, wss://, http:// or https:// and a host, such as ws://localhost:7860")
    if parts.username or parts.password or parts.query:
        log.once("url", "hub_url: user, password and query are left out; give token or headers instead")
    host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode("ascii")
    return _Route(space, secure, host, _port(parts, 443 if secure else 80), _publish_path(space, parts.path, log))


def _port(parts: SplitResult, usual: int) -> int:
    try:
        return parts.port or usual
    except ValueError:  # whose own text would show what might be a password
        raise ValueError("got an address whose port is not a number up to 65535") from None


def _publish_path(space: str, path: str, log: _Log) -> str:
    if not path.isascii() or any(c <= " " for c in path):
        raise ValueError("hub_url: got a path with spaces or characters beyond ASCII")
    base, marker, named = path.rstrip("/").rpartition("/ws/publish/")
    if not marker:
        base = path.rstrip("/")
        base = base[: -len("/ws/publish")] if base.endswith("/ws/publish") else base
        return f"{base}/ws/publish/{space}"
    if named != space:
        log.once("path", "hub_url names the space %s; the hub will take that name", _printable(named, 64))
    return f"{base}{marker}{named}"


def _plan_headers(credentials: _Credentials, log: _Log) -> list[tuple[str, str]]:
    token, authorization, headers = credentials
    planned = [] if headers is None else [_header(name, value, log) for name, value in dict(headers).items()]
    names = {name.lower() for name, _ in planned}
    if token is None and "x-quasar-token" not in names:
        token = os.environ.get("QUASAR_TOKEN", "")
    if token:
        if "x-quasar-token" in names:
            raise ValueError("token: got one in the headers and one beside them, want one of the two")
        planned.append(_header("X-Quasar-Token", token, log))
    if authorization is None and "authorization" not in names:
        authorization = os.environ.get("QUASAR_AUTHORIZATION", "")
    if authorization:
        if "authorization" in names:
            raise ValueError("authorization: got one in the headers and one beside them, want one of the two")
        planned.append(_authorization(authorization, log))
    return planned


def _authorization(value: Any, log: _Log) -> tuple[str, str]:
    header = _header("Authorization", value, log)
    if " " not in header[1]:
        raise ValueError("authorization: want a scheme and a credential, such as Bearer hf_...")
    return header


def _header(name: Any, value: Any, log: _Log) -> tuple[str, str]:
    """Checks one header. A line break in it would let it write headers of its own."""
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        raise ValueError("headers: got a name that HTTP does not allow")
    value = value.strip() if isinstance(value, str) else ""  # files and secrets often end in a line break
    if not value or not value.isascii() or not value.isprintable():
        raise ValueError(f"{name}: want printable ASCII characters")
    log.hide(value)
    return name, value


def _tls_context() -> Any:
    if ssl is None:
        raise ValueError("hub_url: got wss, but this Python has no ssl module")
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


# ---------------------------------------------------------------- proxies


def _plan_proxy(route: _Route, proxy: Any, log: _Log) -> Optional[_Proxy]:
    url = _proxy_of_environment(route) if proxy is None else proxy
    if not url:
        return None
    parts = urlsplit(url if "://" in str(url) else f"http://{url}")
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"proxy: got {_shown(parts.scheme)} and a host, want http://host:port")
    headers = []
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        code = base64.b64encode(pair.encode("utf-8")).decode("ascii")
        headers.append(("Proxy-Authorization", "Basic " + code))
        log.hide(code, unquote(parts.password or ""))
    return _Proxy(parts.hostname, _port(parts, 80), headers)


def _proxy_of_environment(route: _Route) -> str:
    # A proxy could not reach this machine's own loopback.
    if _is_loopback(route.host) or _bypasses(route, _variable("NO_PROXY")):
        return ""
    return _variable("HTTPS_PROXY" if route.secure else "HTTP_PROXY") or _variable("ALL_PROXY")


def _variable(name: str) -> str:
    # In a CGI program HTTP_PROXY is the visitor's header "Proxy".
    if name == "HTTP_PROXY" and "REQUEST_METHOD" in os.environ:
        return os.environ.get("http_proxy", "").strip()
    return (os.environ.get(name.lower()) or os.environ.get(name, "")).strip()


def _bypasses(route: _Route, no_proxy: str) -> bool:
    return any(_matches(route, entry.strip().lower()) for entry in no_proxy.split(",") if entry.strip())


def _matches(route: _Route, entry: str) -> bool:
    if entry == "*":
        return True
    if "/" in entry:
        return _in_network(route.host, entry)
    name, colon, port = entry.rpartition(":")
    if colon and port.isdigit() and "]" not in port and ":" not in name.strip("[]"):
        if int(port) != route.port:
            return False
        entry = name
    entry = entry.strip("[]").lstrip("*").lstrip(".")
    host = route.host.lower()
    return host == entry or host.endswith("." + entry)


def _in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


# ---------------------------------------------------------------- the process

# The threads, and whose they are. A thread does not hold its publisher.
_running: dict[_Worker, weakref.ref[AssetSpacePublisher]] = {}
_finalized = 0  # the process in which _end_with_worker has done its work


def _at_exit() -> None:
    """Sends what is newest. All publishers share the second that this may take."""
    deadline = time.monotonic() + _EXIT
    running = list(_running.items())
    for worker, whose in running:
        _silence(whose(), _ENDING)
        worker.ask_to_stop(deadline)
    for worker, _ in running:
        worker.wait(deadline)
        _running.pop(worker, None)


def _after_fork() -> None:
    """In a forked child there is no thread, and the socket is the parent's. The child closes
    its copy, which writes nothing, so that the hub sees the parent's end as soon as it comes."""
    for worker, whose in list(_running.items()):
        _silence(whose(), _FORKED)
        worker.drop()
    _running.clear()


def _silence(publisher: Optional[AssetSpacePublisher], why: str) -> None:
    if publisher is not None:
        publisher._mute = why


def _forget_ended() -> None:
    for worker in list(_running):
        if worker.state == "stopped":
            _running.pop(worker, None)


def _end_with_worker() -> None:
    """A worker of multiprocessing that was forked ends without exit handlers, by os._exit.
    What it calls before that are finalizers of its own."""
    global _finalized
    util = sys.modules.get("multiprocessing.util")
    process = sys.modules.get("multiprocessing.process")
    if util is None or process is None or process.parent_process() is None or _finalized == os.getpid():
        return
    util.Finalize(None, _at_exit, exitpriority=0)
    _finalized = os.getpid()


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
