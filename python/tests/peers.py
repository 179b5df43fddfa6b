"""Peers for the tests: a hub, a proxy and certificates, on real sockets.

Nothing here uses the code under test: the frames are read and written anew.
Importing this puts the folder of that code on the path.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


class Frame:
    """One frame that a client sent."""

    def __init__(self, opcode: int, payload: bytes, masked: bool, key: bytes) -> None:
        self.at = time.monotonic()
        self.opcode = opcode
        self.payload = payload
        self.masked = masked
        self.key = key

    @property
    def json(self) -> dict:
        return json.loads(self.payload, parse_constant=_refuse_constant)


def _refuse_constant(word: str) -> None:
    raise ValueError(f"got {word}, want strict JSON")


class Peer:
    """One connection of a client to the hub."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.request = ""
        self.headers: dict[str, str] = {}
        self.frames: list[Frame] = []
        self.ended = threading.Event()
        self.open = threading.Event()

    def messages(self) -> list[dict]:
        return [frame.json for frame in list(self.frames) if frame.opcode == TEXT]

    def metrics(self) -> list[dict]:
        return [m for m in self.messages() if m["type"] in ("metrics", "training", "voting")]

    def control(self, opcode: int) -> list[bytes]:
        return [frame.payload for frame in list(self.frames) if frame.opcode == opcode]

    def send(self, opcode: int, payload: bytes = b"", fin: bool = True) -> None:
        self.sock.sendall(server_frame(opcode, payload, fin))

    def close(self, code: int, reason: str = "") -> None:
        self.send(CLOSE, struct.pack("!H", code) + reason.encode())

    def cut(self) -> None:
        """Ends the connection as a killed process would."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)


def server_frame(opcode: int, payload: bytes, fin: bool = True) -> bytes:
    head = bytes([(0x80 if fin else 0) | opcode])
    if len(payload) < 126:
        return head + bytes([len(payload)]) + payload
    if len(payload) < 1 << 16:
        return head + b"\x7e" + struct.pack("!H", len(payload)) + payload
    return head + b"\x7f" + struct.pack("!Q", len(payload)) + payload


class Listener:
    """Accepts connections and gives each a thread."""

    def __init__(self, port: int = 0, receive_buffer: int = 0) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.bind(("127.0.0.1", port))
        self.socket.listen(64)
        self.port = self.socket.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self._closed = False
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self.socket.accept()
            except OSError:
                return
            if self._closed:
                sock.close()
                return
            self._sockets.append(sock)
            thread = threading.Thread(target=self._guarded, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _guarded(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            self.serve(sock)
        sock.close()

    def serve(self, sock: socket.socket) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        """Ends the listener and every connection."""
        self._closed = True
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self._acceptor.join(5)
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.stop()


class Hub(Listener):
    """A hub that does what a test tells it.

    mode: "accept" reads and keeps every frame; "stall" shakes hands and never
    reads; "mute" never answers the handshake; "drop" shakes hands and closes;
    "refuse" answers with status and problem; "forge" answers with a wrong key.
    """

    def __init__(self, mode="accept", port=0, status=401, problem=None, tls=None, receive_buffer=0, extra=b"") -> None:
        self.mode = mode
        self.status = status
        self.problem = problem
        self.tls = tls
        self.extra = extra  # sent in the same write as the handshake
        self.peers: list[Peer] = []
        self.attempts: list[float] = []
        super().__init__(port, receive_buffer)

    @property
    def url(self) -> str:
        return f"{'wss' if self.tls else 'ws'}://127.0.0.1:{self.port}"

    def serve(self, sock: socket.socket) -> None:
        self.attempts.append(time.monotonic())
        if self.tls is not None:
            sock = self.tls.wrap_socket(sock, server_side=True)
            self._sockets.append(sock)
        peer = Peer(sock)
        try:
            self._serve(peer)
        finally:
            peer.ended.set()
            sock.close()

    def _serve(self, peer: Peer) -> None:
        peer.request, peer.headers = read_head(peer.sock)
        if self.mode == "mute":
            self.peers.append(peer)
            self._until_stopped()
            return
        if self.mode == "refuse":
            peer.sock.sendall(self._refusal())
            return
        peer.sock.sendall(self._welcome(peer.headers) + self.extra)
        self.peers.append(peer)
        peer.open.set()
        if self.mode == "stall":
            self._until_stopped()
        elif self.mode == "accept":
            read_frames(peer)

    def _until_stopped(self) -> None:
        while not self._closed:
            time.sleep(0.02)

    def _welcome(self, headers: dict[str, str]) -> bytes:
        key = "x" * 24 if self.mode == "forge" else headers["sec-websocket-key"]
        digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        return (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}\r\n\r\n"
        ).encode()

    def _refusal(self) -> bytes:
        body = json.dumps(self.problem or {}).encode()
        head = f"HTTP/1.1 {self.status} No\r\nContent-Type: application/problem+json\r\n"
        return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body

    def peer(self, number: int = 0, timeout: float = 10.0) -> Peer:
        """Returns the connection of that number when there is one."""
        wait_until(lambda: len(self.peers) > number, timeout)
        return self.peers[number]


def read_head(sock: socket.socket) -> tuple[str, dict[str, str]]:
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        byte = sock.recv(1)
        if not byte:
            raise OSError("closed in the head")
        data += byte
    request, *lines = data.decode("latin-1").split("\r\n")
    pairs = (line.split(":", 1) for line in lines if line)
    return request, {name.lower(): value.strip() for name, value in pairs}


def read_frames(peer: Peer) -> None:
    while True:
        frame = read_frame(peer.sock)
        if frame.opcode == CLOSE and not peer.control(CLOSE):
            peer.frames.append(frame)
            with contextlib.suppress(OSError):
                peer.send(CLOSE, frame.payload)
            return
        peer.frames.append(frame)


def read_frame(sock: socket.socket) -> Frame:
    first, second = exactly(sock, 2)
    size = second & 0x7F
    if size == 126:
        size = struct.unpack("!H", exactly(sock, 2))[0]
    elif size == 127:
        size = struct.unpack("!Q", exactly(sock, 8))[0]
    masked = bool(second & 0x80)
    key = exactly(sock, 4) if masked else bytes(4)
    payload = exactly(sock, size)
    return Frame(first & 0x0F, bytes(b ^ key[i % 4] for i, b in enumerate(payload)), masked, key)


def exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            raise OSError("closed in a frame")
        data += more
    return data


class Proxy(Listener):
    """A proxy that knows CONNECT and nothing else."""

    def __init__(self, credentials: str = "") -> None:
        self.credentials = credentials
        self.requests: list[str] = []
        super().__init__()

    def serve(self, sock: socket.socket) -> None:
        request, headers = read_head(sock)
        self.requests.append(request)
        basic = "Basic " + base64.b64encode(self.credentials.encode()).decode()
        if self.credentials and headers.get("proxy-authorization") != basic:
            sock.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        host, _, port = request.split(" ")[1].rpartition(":")
        with socket.create_connection((host, int(port)), 5) as target:
            self._sockets.append(target)
            sock.sendall(b"HTTP/1.1 200 Connection Established\r\n\r\n")
            back = threading.Thread(target=copy, args=(target, sock), daemon=True)
            back.start()
            copy(sock, target)
            back.join(5)


def copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        source.settimeout(None)
        while True:
            data = source.recv(65536)
            if not data:
                break
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


def free_port() -> int:
    """Returns a port on which nothing listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_until(condition, timeout: float = 10.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s in vain")
        time.sleep(0.005)


def have_openssl() -> bool:
    return shutil.which("openssl") is not None


def make_certificate(folder: str) -> tuple[str, str]:
    """Makes a self-signed certificate for 127.0.0.1 and returns its file and its key's."""
    certificate, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
        + ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    return certificate, key


def server_tls(certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
