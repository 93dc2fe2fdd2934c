"""The grader's end of a process that runs an answer: questions, replies, and how it may end.

Ended       the process came to no result: too long, dead, or talking nonsense
Dialogue    a process that is asked; `teaching.remote` says how values travel
"""

from __future__ import annotations

import socket
import time
from typing import Any

from teaching.codec import BadMessage, Codec
from teaching.link import Link


class Ended(BaseException):
    """No result: `why` is 'time', 'memory', 'crash', 'exit' or 'nonsense'. Not an Exception: no check catches it."""

    def __init__(self, why: str, detail: str = ""):
        super().__init__(why, detail)
        self.why, self.detail = why, detail


class Dialogue(Codec):
    """clock, seconds: how long it may take in all, by the clock and of the processor."""

    def __init__(self, connection: socket.socket, control: socket.socket, clock: float, seconds: float):
        self.link, self.control = Link(connection, self), control
        self.until, self.seconds, self.ended = time.monotonic() + clock, seconds, False
        self.handed: list[Any] = []  # functions and layers that it may call back
        self.errors: list[BaseException] = []

    def end(self, died: bool = False) -> tuple[int, float]:
        """End the process, if it has not; return its exit status and its seconds of the processor."""
        if self.ended:
            return 0, 0.0
        self.ended = True
        self.link.connection.close()
        self.control.send(b"d" if died else b"e")
        status, seconds = number_from(self.control, 20).split()
        return int(status), float(seconds)

    def ask(self, **message: Any) -> dict:
        """Send a message and return the reply, after any calls back; errors there are raised here, by their names."""
        self._send(message)
        while "callback" in (reply := self.get()):
            self._send(self._called_back(reply))
        if "error" not in reply:
            return reply
        if isinstance(reply.get("thrown"), int) and 0 <= reply["thrown"] < len(self.errors):
            raise self.errors[reply["thrown"]]  # an error of a function of ours, which has come through theirs
        if reply.get("unsolved"):
            raise NotImplementedError(str(reply.get("text")))
        name = str(reply["error"])[:60]
        raise type(name if name.isidentifier() else "Error", (Exception,), {})(str(reply.get("text"))[:500])

    def get(self) -> dict:
        try:
            self._hurry()
            return self.link.receive()
        except TimeoutError:
            raise Ended("time") from None
        except BadMessage as error:
            raise Ended("nonsense", str(error)[:200]) from None
        except (EOFError, OSError):
            raise self._died() from None

    def _send(self, message: dict) -> None:
        try:
            self._hurry()
            self.link.send(**message)
        except TimeoutError:
            raise Ended("time") from None
        except OSError:
            raise self._died() from None

    def _hurry(self) -> None:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.link.connection.settimeout(left)

    def _died(self) -> Ended:
        status, seconds = self.end(died=True)
        if seconds >= self.seconds - 0.5 and status < 0:
            return Ended("time")
        return Ended("memory" if status == -9 else "crash" if status < 0 else "exit", str(status))

    def _called_back(self, reply: dict) -> dict:
        try:
            return {"value": self.handed[reply["callback"]](*reply["args"], **reply["named"])}
        except Exception as error:  # theirs to see, and ours again if it comes through
            self.errors.append(error)
            return {"error": type(error).__name__, "text": str(error), "thrown": len(self.errors) - 1}


def number_from(control: socket.socket, size: int) -> str:
    text = b""
    while len(text) < size:
        part = control.recv(size - len(text))
        if not part:
            raise RuntimeError("the process that runs the answers has ended")
        text += part
    return text.decode()
