"""Messages between the grader and the process of an answer: each a dict, with limits on its size.

Link    one end of the pipe
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

from teaching.codec import MOST_RAW, BadMessage, Codec

HEAD = struct.Struct("<II")  # bytes of JSON, raw bytes after it
MOST_JSON = 4_000_000
# What reading JSON and numbers of somebody else's making may raise; a RecursionError is a RuntimeError.
BAD = ValueError, TypeError, LookupError, RuntimeError, ArithmeticError, AttributeError


class Link:
    """Messages over a connected socket; its time-out holds for whatever is read or written."""

    def __init__(self, connection: socket.socket, codec: Codec):
        self.connection, self.codec = connection, codec

    def send(self, **message: Any) -> None:
        raw: list[bytes] = []
        value = self.codec.encode(message, raw)
        text = json.dumps([value, [len(part) for part in raw]]).encode()
        if len(text) > MOST_JSON:
            raise ValueError("too much to be handed back")
        self.connection.sendall(HEAD.pack(len(text), sum(map(len, raw))) + text + b"".join(raw))

    def receive(self) -> dict:
        """Return the next message. Raises EOFError if the other side is gone, BadMessage if it is none."""
        text_size, raw_size = HEAD.unpack(self._read(HEAD.size))
        if text_size > MOST_JSON or raw_size > MOST_RAW:
            raise BadMessage("too large")
        text, rest = self._read(text_size), self._read(raw_size)
        try:
            value, sizes = json.loads(text)
            if sum(sizes) != raw_size or min(sizes, default=0) < 0:
                raise BadMessage("sizes that do not add up")
            ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
            raw = [rest[end - size : end] for end, size in zip(ends, sizes, strict=True)]
            message = self.codec.decode(value, raw)
        except BAD as error:
            raise BadMessage(f"{type(error).__name__}: {error}") from error
        if not isinstance(message, dict):
            raise BadMessage("no dict")
        return message

    def _read(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            part = self.connection.recv(min(size - len(parts), 1 << 20))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)
