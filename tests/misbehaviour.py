"""A server on this machine that misbehaves, and the table of all the ways in which it does.

MISBEHAVIOURS   the table: name -> (how one visit is played, what the reader must see)
BOOK            in place of a sentence: the reader must see the book's text, as if nothing had been amiss
LIMITS          the limits that a test shortens so that nobody waits: sentence -> the setting of `download`
Visit           one connection: what was asked for, what an honest server would send, and the socket
misbehaving     a server that plays visits in turn, for as long as the block lasts
"""

import contextlib
import gzip
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from helpers.download import LARGEST

BOOK = "the book's text"
WRONG = "sent what does not match its checksum, so it was not kept; try again later"
LIMITS = {  # far below what a reader waits for; the other misbehaviours are played under the limits as they are
    "nothing came in": {"SILENCE": 0.2},
    "bytes came in": {"GRACE": 0.2, "SLOWEST": 1_000},
    "more than 100,000": {"LARGEST": 100_000},
}
HTML = b"<!doctype html><title>Sign in</title><p>Welcome to the network of this station. Please sign in.</p>"


@dataclass
class Visit:
    """One connection. `number` counts the visits of this server from 1; `content` is what was asked for, intact."""

    socket: socket.socket
    path: str
    number: int
    content: bytes
    end: threading.Event  # set when the test is over: whoever drips or waits ends then

    def send(self, *parts: bytes) -> None:
        self.socket.sendall(b"".join(parts))

    def answer(self, body: bytes, status: str = "200 OK", length: int | None = None, **headers: str) -> None:
        """Send an answer of HTTP; the length is that of the body, if no other is given. Names are written_so."""
        length = len(body) if length is None else length
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {length}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join(lines).encode(), b"\r\n\r\n", body)

    def redirect(self, address: str) -> None:
        self.answer(b"", "302 Found", Location=address)

    def half(self) -> bytes:
        return self.content[: len(self.content) // 2]

    def drip(self, byte: bytes) -> None:
        while not self.end.wait(0.02):
            self.send(byte)

    def reset(self) -> None:
        """Hang up as a machine does whose power fails: the other side hears of a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


Play = Callable[[Visit], object]


def honest(visit: Visit) -> None:
    visit.answer(visit.content)


def hang_halfway(visit: Visit) -> None:
    visit.answer(visit.half(), length=len(visit.content))
    visit.end.wait()


def drip_body(visit: Visit) -> None:
    visit.answer(b"", length=len(visit.content))
    visit.drip(visit.content[:1])


def drip_headers(visit: Visit) -> None:
    """Each byte comes in time for the time-out of a socket, and the headers never end."""
    visit.send(b"HTTP/1.1 200 OK\r\nX: ")
    visit.drip(b"x")


def drip_chunk_size(visit: Visit) -> None:
    visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    visit.drip(b"0")


def continue_for_ever(visit: Visit) -> None:
    while not visit.end.wait(0.02):
        visit.send(b"HTTP/1.1 100 Continue\r\n\r\n")


def reset_halfway(visit: Visit) -> None:
    visit.answer(visit.half(), length=len(visit.content))
    visit.end.wait(0.05)  # a reset overtakes what has not been read yet
    visit.reset()


def endless(visit: Visit) -> None:
    """Send until nobody listens, or three times what `download` takes at most: whoever takes that, has no limit."""
    visit.send(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(3 * LARGEST // len(visit.content)):
        visit.send(visit.content)


def flipped(visit: Visit) -> None:
    content = bytearray(visit.content or b"?")
    content[len(content) // 2] ^= 1
    visit.answer(bytes(content))


def slow_start(visit: Visit) -> None:
    visit.end.wait(0.3)
    honest(visit)


def pieces(visit: Visit) -> None:
    visit.answer(b"", length=len(visit.content))
    for start in range(0, len(visit.content), 200):
        visit.send(visit.content[start : start + 200])
        visit.end.wait(0.005)


def chunks(visit: Visit, broken: bool = False) -> None:
    visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    size = len(visit.content) + 500 * broken
    visit.send(b"%x\r\n" % size, visit.content, b"" if broken else b"\r\n0\r\n\r\n")


def moved(visit: Visit) -> None:
    """The file lies elsewhere on this server now."""
    honest(visit) if visit.path.startswith("/new/") else visit.redirect(f"/new{visit.path}")


def portal(visit: Visit) -> None:
    """As the network of a hotel: whatever is asked for leads to the page where one signs in."""
    visit.answer(HTML) if visit.path == "/sign-in" else visit.redirect("/sign-in")


def another_each_time(visit: Visit) -> None:
    """The file changes between two requests: half of one, then half of the other."""
    middle = len(visit.content) // 2
    visit.answer(visit.content[:middle] if visit.number % 2 else visit.content[middle:])


def raw(*parts: bytes) -> Play:
    return lambda visit: visit.send(*parts)


def with_header(line: bytes) -> Play:
    return lambda visit: visit.send(b"HTTP/1.1 200 OK\r\n", line, b"\r\n\r\n", visit.content)


def status(line: str) -> Play:
    return lambda visit: visit.answer(HTML, line)


MISBEHAVIOURS: dict[str, tuple[Play | None, str]] = {
    # --- no answer
    "refuses the connection": (None, "refused"),
    "hangs up without a word": (lambda visit: None, "RemoteDisconnected"),
    "resets the connection at once": (Visit.reset, "ConnectionResetError"),
    "hangs before the headers": (lambda visit: visit.end.wait(), "nothing came in"),
    "drips headers without end": (drip_headers, "nothing came in"),
    "says 'go on' without end": (continue_for_ever, "nothing came in"),
    "speaks another language": (raw(b"220 mail.example ESMTP\r\n"), "BadStatusLine"),
    "speaks without end of another language": (raw(b"a " * 30_000), "BadStatusLine: (a )+…"),
    "answers with an empty line": (raw(b"\r\n\r\n"), "BadStatusLine"),
    "answers in a HTTP that is none": (raw(b"HTTP/x.y 2 0 0\r\n\r\n"), "BadStatusLine"),
    "sends a header without end": (with_header(b"X: " + b"x" * 70_000), "LineTooLong"),
    "sends a thousand headers": (with_header(b"\r\n".join([b"X: x"] * 1_000)), "more than 100 headers"),
    # --- an answer that stops, or does not
    "hangs halfway": (hang_halfway, "nothing came in"),
    "drips the content": (drip_body, r"only \d+ bytes came in"),
    "drips the size of a chunk": (drip_chunk_size, "nothing came in"),
    "hangs up halfway": (lambda visit: visit.answer(visit.half(), length=len(visit.content)), r"only \S+ of \S+ bytes"),
    "resets the connection halfway": (reset_halfway, "ConnectionResetError"),
    "sends without end": (endless, r"more than 100,000 bytes came"),
    "breaks a chunk off": (lambda visit: chunks(visit, broken=True), "IncompleteRead"),
    "names a length too long": (
        lambda visit: visit.answer(visit.content, length=len(visit.content) + 1),
        r"only \S+ of \S+ bytes",
    ),
    # --- something else than the file
    "names a length too short": (lambda visit: visit.answer(visit.content, length=len(visit.content) - 1), WRONG),
    "sends half without a length": (lambda visit: visit.send(b"HTTP/1.0 200 OK\r\n\r\n", visit.half()), WRONG),
    "sends one flipped bit": (flipped, WRONG),
    "sends a byte too many": (lambda visit: visit.answer(visit.content + b"\n"), WRONG),
    "sends nothing": (lambda visit: visit.answer(b""), WRONG),
    "sends a page of HTML": (lambda visit: visit.answer(HTML, Content_Type="text/html"), WRONG),
    "leads to a page where one signs in": (portal, WRONG),
    "packs the file unasked": (
        lambda visit: visit.answer(gzip.compress(visit.content), Content_Encoding="gzip"),
        WRONG,
    ),
    "sends a part as the whole": (
        lambda visit: visit.answer(visit.half(), "206 Partial Content", Content_Range="bytes 0-9/99"),
        WRONG,
    ),
    "changes between two requests": (another_each_time, WRONG),
    "has no content to send": (lambda visit: visit.send(b"HTTP/1.1 204 No Content\r\n\r\n"), WRONG),
    # --- a refusal
    "wants to be asked with a name": (status("401 Unauthorized"), "HTTP Error 401: .*try again later"),
    "forbids it": (status("403 Forbidden"), "HTTP Error 403: .*try again later"),
    "does not know the file": (status("404 Not Found"), "HTTP Error 404: .*try again later"),
    "was asked too often": (status("429 Too Many Requests"), "HTTP Error 429: .*try again later"),
    "has a fault": (status("500 Internal Server Error"), "HTTP Error 500: .*try again later"),
    "is overloaded": (status("503 Service Unavailable"), "HTTP Error 503: .*try again later"),
    "leads round in a circle": (lambda visit: visit.redirect(visit.path), "infinite loop.*try again later"),
    "leads ever further": (lambda visit: visit.redirect(f"/{visit.number}"), "infinite loop"),
    "leads to no address": (lambda visit: visit.redirect("http://["), "ValueError"),
    "leads to a file of this machine": (lambda visit: visit.redirect("file:///etc/passwd"), "is not allowed"),
    # --- odd, and yet the file
    "starts slowly": (slow_start, BOOK),
    "sends small pieces": (pieces, BOOK),
    "sends chunks": (chunks, BOOK),
    "has moved the file": (moved, BOOK),
    "names another kind of content": (lambda visit: visit.answer(visit.content, Content_Type="image/png"), BOOK),
    "names no length": (lambda visit: visit.send(b"HTTP/1.0 200 OK\r\n\r\n", visit.content), BOOK),
    "names a length in words": (with_header(b"Content-Length: many"), BOOK),
    "names a length below zero": (with_header(b"Content-Length: -1"), BOOK),
    "sends a header that is none": (with_header(b"X: x\r\n: no name\r\nY: y"), BOOK),
}


@contextlib.contextmanager
def misbehaving(plays: list[Play], files: dict[str, bytes]) -> Iterator[tuple[str, list[str]]]:
    """Serve visits in turn, the last play repeatedly; yield the address and the list of paths that are asked for.

    files: by name, what an honest server would send. `plays` may be changed inside; no plays at all: nobody listens.
    """
    end, paths = threading.Event(), []

    def visited(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):  # the other side has hung up
            connection.settimeout(20)
            request = b""
            while b"\r\n\r\n" not in request and (part := connection.recv(4096)):
                request += part
            if not (found := re.match(rb"GET (\S+) ", request)):
                return
            paths.append(found[1].decode())
            play = plays[min(len(paths), len(plays)) - 1]
            play(Visit(connection, paths[-1], len(paths), files.get(paths[-1].rpartition("/")[2], b""), end))

    def serve(listening: socket.socket) -> None:
        with contextlib.suppress(OSError):  # closed: the test is over
            while True:
                threading.Thread(target=visited, args=listening.accept()[:1], daemon=True).start()

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        if plays:
            listening.listen()
            threading.Thread(target=serve, args=[listening], daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/", paths
        finally:
            end.set()
            with contextlib.suppress(OSError):  # wakes the thread that accepts
                listening.shutdown(socket.SHUT_RDWR)
