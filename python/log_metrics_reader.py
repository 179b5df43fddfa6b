"""Follows a training log and publishes the metrics in it to a Quasar hub.

    python log_metrics_reader.py TRAINING.log [--space V75] [--hub ws://localhost:7860]

A line is a JSON object, or text with key=value or key: value pairs anywhere in it:

    {"step": 100, "avn_accuracy": 0.61, "signal": "BUY"}
    {"training": {"training_steps": 100}, "voting": {"dominant_signal": "BUY", "buy_count": 7}}
    2026-01-01 12:00:00 INFO step=100 avn_accuracy=0.61 signal: BUY

Only the ten fields that a hub takes are published, under their own names or
those of ALIASES; all else in the log stays where it is. nan, inf and a JSON null
are sent as null. Lines may have colours, and thousands commas (step=1,234).
A key may stand behind a path of GROUPS (train/actor_loss, voting.buy_count).
Behind any other (eval/avn_accuracy), after a word that makes it another number
(best avn_accuracy=0.9) and in a line about one agent (agent 3: actor_loss=0.2)
it is not the space's own number and is left alone.

The hub is the one given with --hub, or the environment's HUB_WS_URL, or, on a
Hugging Face Space, the owner's: SPACE_ID=owner/name names the space and the
hub owner/quasar-executo, unless QUASAR_HUB_SPACE=owner/name names another.

Standard library only, Python 3.9 and later. Needs websocket_client.py beside it.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import signal
import stat
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Optional

from websocket_client import AssetSpacePublisher, TrainingMetrics, VotingMetrics

__all__ = ["ALIASES", "ConfigError", "LogMetricsReader", "main", "parse_line", "resolve_hub", "resolve_space"]

TRAINING = ("training_steps", "actor_loss", "critic_loss", "avn_loss", "avn_accuracy")
VOTING = ("dominant_signal", "buy_count", "sell_count", "last_price", "signal_source")
GROUPED = ("training_steps", "buy_count", "sell_count", "last_price")  # may be written as 451,234.12
WORDS = ("dominant_signal", "signal_source")  # the fields that are no numbers

# Other names that training logs use. A name that could mean something else,
# such as accuracy or loss, is not among them: what it stood for would be traded on.
ALIASES = {
    "step": "training_steps",
    "steps": "training_steps",
    "global_step": "training_steps",
    "training_step": "training_steps",
    "total_steps": "training_steps",
    "total_timesteps": "training_steps",
    "policy_loss": "actor_loss",
    "loss_actor": "actor_loss",
    "value_loss": "critic_loss",
    "loss_critic": "critic_loss",
    "loss_avn": "avn_loss",
    "avn_acc": "avn_accuracy",
    "signal": "dominant_signal",
    "buys": "buy_count",
    "buy_votes": "buy_count",
    "sells": "sell_count",
    "sell_votes": "sell_count",
    "price": "last_price",
}
FIELDS = {**{name: name for name in TRAINING + VOTING}, **ALIASES}
GROUPS = ("training", "train", "voting", "vote", "votes", "metrics", "data", "rollout", "time")

# Words before a key that make it another number than the space's own.
QUALIFIERS = frozenset(
    (
        "avg average best env episode eval evaluation initial last max mean min next old prev previous "
        "target test val validation warmup"
    ).split()
)

HUB_SPACE = "quasar-executo"  # the name of an owner's hub Space
MAX_LINE = 64 * 1024  # bytes; of a longer line nothing is read
CHUNK = 64 * 1024  # bytes of one read
POLL = 0.25  # seconds between looks at a file that does not grow
DELIVERY = 10.0  # seconds that --once waits for the hub


# ---------------------------------------------------------------- one line

_NAMES = "|".join(sorted(FIELDS, key=len, reverse=True))
_PAIR = re.compile(
    rf"""(?<![\w./-])                                   # not in the middle of another key
    (?:(?:{"|".join(GROUPS)})[/.])*({_NAMES})["']?      # the key, maybe behind its groups
    \s{{0,8}}[=:]\s{{0,8}}
    (?:"([^"]{{0,200}})"|'([^']{{0,200}})'              # a quoted value
      |(?:tensor|(?:np|numpy)\.\w{{1,20}})\(([^\s,()]+) # a scalar as its library prints it
      |([+-]?\d[\d.]*(?:,\d[\d.]*)+                     # or a number with commas, whole
       |[^\s,;|(){{}}\[\]"']+))                         # or a bare one
    """,
    re.VERBOSE | re.IGNORECASE,
)


_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")  # what paints a line on a terminal
_ONE_AGENT = re.compile(r"\bagent(?:_id|_index|_name)?[\s_#:='\"-]{0,4}\d", re.IGNORECASE)


def parse_line(line: str) -> dict[str, Any]:
    """Returns the fields in one line of a log, by their names on the wire."""
    line = _COLOUR.sub("", line)
    if _ONE_AGENT.search(line.partition("{")[0]):
        return {}
    start = line.find("{")
    record = _json_object(line[start:]) if start >= 0 else None
    if record is None:
        return _parse_pairs(line)
    found = _parse_pairs(line[:start])
    if not any(key.lower().startswith("agent_") or key.lower() == "agent" for key in record):
        _collect(record, found, 3)
    return found


def _json_object(text: str) -> Optional[dict[str, Any]]:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _collect(record: Any, found: dict[str, Any], depth: int) -> None:
    """Takes the fields of a record and of its groups, and of nothing else in it:
    what stands under another key is some agent's, not the space's."""
    if not isinstance(record, dict) or depth == 0:
        return
    for key, value in record.items():
        if key.lower() in GROUPS:
            _collect(value, found, depth - 1)
        else:
            _put(found, key, value)


def _put(found: dict[str, Any], key: str, value: Any) -> None:
    *groups, last = re.split(r"[/.]", key.strip().lower())
    field = FIELDS.get(last)
    if field is None or any(group not in GROUPS for group in groups):
        return
    if value is None:  # how loggers write a NaN in JSON
        if field in WORDS:
            return
        value = float("nan")
    if last == field or field not in found:  # a field's own name goes before its aliases
        found[field] = value


def _parse_pairs(line: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    # A second brace opens something inside the record, such as one agent.
    head = "{".join(line.split("{", 2)[:2])
    for match in _PAIR.finditer(head):
        key, *values = match.groups()
        if _word_before(head, match.start()) not in QUALIFIERS:
            text = next(v for v in values if v is not None)
            sign = "%" if head.startswith((" %", "%"), match.end()) else ""  # 61 % is not 61
            _put(found, key, _value(FIELDS[key.lower()], text + sign))
    return found


def _word_before(text: str, end: int) -> str:
    """Returns the word just before a key, in lower case, or nothing."""
    match = re.search(r"([A-Za-z]+)[\s:]+[\"']?$", text[max(0, end - 30) : end])
    return match[1].lower() if match else ""


def _value(field: str, text: str) -> Any:
    """Reads a value as its field wants it. What is none is passed on as it is:
    the publisher drops it, counts it and says so."""
    text = text.strip()
    if field == "dominant_signal":
        return text.strip("<>:.").rpartition(".")[2]  # Signal.BUY, <Signal.BUY: 1>
    if field in WORDS:
        return text.rstrip(".")
    if field == "avn_accuracy" and text.endswith("%"):
        return _share(text)
    text = text.split("/")[0].rstrip(".")  # step=100/1000
    return text.replace(",", "") if field in GROUPED and _THOUSANDS.fullmatch(text) else text


_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")


def _share(text: str) -> Any:
    try:
        return float(text[:-1]) / 100
    except ValueError:
        return text


# ---------------------------------------------------------------- a file that grows


_BREAK = re.compile(rb"\r\n|\r|\n")  # a progress bar returns, and begins no line


class Tail:
    """The lines of a file as it grows, through truncation and rotation, in bounded memory."""

    def __init__(self, path: str, from_start: bool = False) -> None:
        self.path = path
        self.too_long = 0  # lines of which nothing was read
        self._at_end = not from_start  # only the first file is entered at its end
        self._file: Optional[BinaryIO] = None
        self._rest = b""  # the beginning of a line whose end is not there
        self._skipping = False  # inside a line that is too long

    def lines(self) -> Iterator[str]:
        """Yields what has come since the last call, without waiting for more."""
        if self._file is None and not self._open():
            return
        yield from self._drain()
        if self._replaced():
            yield from self._drain()  # what was written between the last read and the rename
            yield from self.last()
            self.close()
            if self._open():
                yield from self._drain()

    def last(self) -> Iterator[str]:
        """Yields a last line without a line break, when no more is to come."""
        rest, self._rest = self._rest, b""
        if rest and not self._skipping:
            yield _text(rest)
        self._skipping = False

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> bool:
        try:
            self._file = open(self.path, "rb", buffering=0)  # noqa: SIM115, open across calls
        except OSError:
            self._at_end = False  # a file that appears later is new from its first line
            return False
        if self._at_end:
            self._enter_at_end(self._file)
        self._at_end = False
        return True

    def _enter_at_end(self, file: BinaryIO) -> None:
        end = file.seek(0, os.SEEK_END)
        if end:
            file.seek(end - 1)
            # The end of a line whose beginning we did not see is no line.
            self._skipping = file.read(1) not in (b"\n", b"\r")

    def _drain(self) -> Iterator[str]:
        file = self._file
        if file is None:
            return
        if os.fstat(file.fileno()).st_size < file.tell():  # truncated: it begins anew
            file.seek(0)
            self._rest, self._skipping = b"", False
        while True:
            chunk = file.read(CHUNK)
            if not chunk:
                return
            yield from self._split(chunk)

    def _split(self, chunk: bytes) -> Iterator[str]:
        *whole, rest = _BREAK.split(self._rest + chunk)
        for line in whole:
            if self._skipping:
                self._skipping = False
            elif len(line) > MAX_LINE:
                self.too_long += 1
            else:
                yield _text(line)
        if len(rest) > MAX_LINE or self._skipping:
            self.too_long += not self._skipping
            self._skipping, rest = True, b""
        self._rest = rest

    def _replaced(self) -> bool:
        """Tells whether the path leads to another file by now."""
        try:
            there = os.stat(self.path)
        except OSError:
            return False  # between the rename of the old file and the birth of the new
        here = os.fstat(self._file.fileno()) if self._file is not None else there
        return (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").strip()


# ---------------------------------------------------------------- the reader


class LogMetricsReader:
    """Reads a training log and publishes what it finds.

    path: the log; it may appear later, be truncated and be rotated.
    publisher: an AssetSpacePublisher that somebody else starts and stops.
    from_start: also read what is in the file already. Its votes are then
        published as if they were new.
    """

    def __init__(self, path: str, publisher: AssetSpacePublisher, from_start: bool = False) -> None:
        self.publisher = publisher
        self._tail = Tail(path, from_start)
        self._lines = 0
        self._found = 0

    def poll(self) -> int:
        """Publishes what has come since the last call and returns how many lines had metrics."""
        return self._publish(self._tail.lines())

    def finish(self) -> int:
        """Publishes a last line without a line break, and closes the log."""
        count = self._publish(self._tail.last())
        self._tail.close()
        return count

    def follow(self) -> None:
        """Publishes for ever."""
        while True:
            self.poll()
            time.sleep(POLL)

    @property
    def stats(self) -> dict[str, int]:
        """Lines read, lines with metrics, and lines that were too long to read."""
        return {"lines": self._lines, "with_metrics": self._found, "too_long": self._tail.too_long}

    def _publish(self, lines: Iterator[str]) -> int:
        before = self._found
        for line in lines:
            self._lines += 1
            found = parse_line(line)
            if found:
                self._found += 1
                self._send(found)
        return self._found - before

    def _send(self, found: Mapping[str, Any]) -> None:
        training = {name: found[name] for name in TRAINING if name in found}
        voting = {name: found[name] for name in VOTING if name in found}
        if training and voting:
            self.publisher.publish_combined(TrainingMetrics(**training), VotingMetrics(**voting))
        elif training:
            self.publisher.publish_training(TrainingMetrics(**training))
        else:
            self.publisher.publish_voting(VotingMetrics(**voting))


# ---------------------------------------------------------------- where the hub is


class ConfigError(Exception):
    """What was configured does not say where to publish, or as what."""


def resolve_hub(hub: Optional[str] = None, environ: Mapping[str, str] = os.environ) -> str:
    """Returns the hub's URL: the argument, else HUB_WS_URL, else the hub Space of SPACE_ID's owner."""
    url = (hub or environ.get("HUB_WS_URL") or "").strip()
    if url:
        return url
    if environ.get("QUASAR_HUB_SPACE"):
        return _host_url(*_owner_and_name("QUASAR_HUB_SPACE", environ))
    if environ.get("SPACE_ID"):
        return _host_url(_owner_and_name("SPACE_ID", environ)[0], HUB_SPACE)
    raise ConfigError(
        "no hub: give --hub ws://HOST:PORT, or set HUB_WS_URL, "
        "or set SPACE_ID=owner/name (and QUASAR_HUB_SPACE=owner/name if the hub is another Space)"
    )


def resolve_space(space: Optional[str], hub_url: str, environ: Mapping[str, str] = os.environ) -> str:
    """Returns the space's name: the argument, else the one in the hub's URL, else SPACE_ID's."""
    named = re.search(r"/ws/publish/([^/?#]+)", hub_url)
    if space:
        return space
    if named:
        return named[1]
    if environ.get("SPACE_ID"):
        return _owner_and_name("SPACE_ID", environ)[1]
    raise ConfigError(
        "no space: give --space NAME, or a hub URL that ends in /ws/publish/NAME, or set SPACE_ID=owner/name"
    )


def _owner_and_name(variable: str, environ: Mapping[str, str]) -> tuple[str, str]:
    value = environ[variable].strip()
    match = re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9._-]*)/([A-Za-z0-9][A-Za-z0-9._-]*)", value)
    if match is None:
        raise ConfigError(f"{variable}: got {value[:80]!r}, want owner/name")
    return match[1], match[2]


def _host_url(owner: str, name: str) -> str:
    # How Hugging Face names the host of a Space.
    return "wss://" + re.sub(r"[^a-z0-9]", "-", f"{owner}-{name}".lower()) + ".hf.space"


# ---------------------------------------------------------------- the command

OK, FAILED, CONFIG, UNREACHABLE, INTERRUPTED = 0, 1, 3, 4, 130


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Runs the command and returns its exit code."""
    args = _arguments().parse_args(argv)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    fault = _unreadable(args.log)
    if fault:
        print(f"log_metrics_reader: {args.log}: {fault}", file=sys.stderr)
        return FAILED
    try:
        publisher = _publisher(args)
        return _once(args, publisher) if args.once else _follow(args, publisher)
    except (ConfigError, ValueError) as err:  # ValueError: a space's name that is none
        print(f"log_metrics_reader: {err}", file=sys.stderr)
        return CONFIG
    except KeyboardInterrupt:
        return INTERRUPTED


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Follows a training log and publishes its metrics to a Quasar hub.")
    parser.add_argument("log", metavar="TRAINING.log", help="the log; it may appear later")
    parser.add_argument("--space", metavar="NAME", help="the space's name; else from the hub's URL or SPACE_ID")
    parser.add_argument(
        "--hub", metavar="URL", help="the hub, such as ws://localhost:7860; else HUB_WS_URL or SPACE_ID"
    )
    parser.add_argument("--from-start", action="store_true", help="read what is in the log already, too")
    parser.add_argument("--once", action="store_true", help="read the whole log, publish the newest values and end")
    parser.add_argument("--token-file", metavar="FILE", help="holds the hub's token; else QUASAR_TOKEN")
    parser.add_argument(
        "--authorization-file",
        metavar="FILE",
        help="holds an Authorization header, which a private Space wants; else QUASAR_AUTHORIZATION",
    )
    return parser


def _publisher(args: argparse.Namespace) -> AssetSpacePublisher:
    url = resolve_hub(args.hub)
    token = _secret("--token-file", args.token_file)
    authorization = _secret("--authorization-file", args.authorization_file)
    publisher = AssetSpacePublisher(resolve_space(args.space, url), url, token=token, authorization=authorization)
    if publisher.stats["state"] == "misconfigured":
        raise ConfigError(publisher.stats["last_error"])
    return publisher


def _secret(flag: str, path: Optional[str]) -> Optional[str]:
    if path is None:
        return None
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(4096).strip()
    except (OSError, ValueError) as err:
        raise ConfigError(f"{flag}: {err}") from None


def _unreadable(path: str) -> str:
    """Says why a log cannot be read, and nothing of one that may still appear."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return "got a folder, a pipe or a device, want a file"
        with open(path, "rb"):
            return ""
    except FileNotFoundError:
        return ""
    except OSError as err:
        return err.strerror or type(err).__name__


def _follow(args: argparse.Namespace, publisher: AssetSpacePublisher) -> int:
    if not os.path.exists(args.log):
        print(f"log_metrics_reader: waiting for {args.log}", file=sys.stderr)
    with publisher:
        LogMetricsReader(args.log, publisher, args.from_start).follow()
    return OK


def _once(args: argparse.Namespace, publisher: AssetSpacePublisher) -> int:
    if not os.path.isfile(args.log):
        print(f"log_metrics_reader: {args.log}: no such file", file=sys.stderr)
        return FAILED
    reader = LogMetricsReader(args.log, publisher, from_start=True)
    reader.poll()
    reader.finish()
    print(f"log_metrics_reader: {_summary(reader.stats)}", file=sys.stderr)
    if not reader.stats["with_metrics"]:
        return OK
    with publisher:  # only now: nothing but the newest values shall leave
        return OK if _reached(publisher) else UNREACHABLE


def _reached(publisher: AssetSpacePublisher) -> bool:
    deadline = time.monotonic() + DELIVERY
    while not publisher.stats["connected"]:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _summary(stats: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in stats.items())


if __name__ == "__main__":
    # What stops a service is an order to finish, not to drop what is known.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main())
