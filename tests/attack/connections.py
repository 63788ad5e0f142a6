"""Connections that break the rules or say nothing, and heads that are long but allowed."""

import threading
import time

from server import SERVICES, Server

END = "Connection: close\r\n\r\n"


def status(response):
    return int(response.split(b" ", 2)[1]) if response.startswith(b"HTTP/1.1 ") else 0


def long_heads(binary, port):
    lines = {
        "900 KB of headers": f"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Long: {'x' * 900_000}\r\n",
        "150 lines": "GET /livez HTTP/1.1\r\nHost: localhost\r\n" + "".join(f"X-{n}: {n}\r\n" for n in range(150)),
        "120 groups": "GET /livez HTTP/1.1\r\nHost: localhost\r\nImpersonate-User: jane\r\n"
        + "".join(f"Impersonate-Group: g{n}\r\n" for n in range(120)),
        "a URL of 60 KB": f"GET {SERVICES}?labelSelector=a%20in%20({'v,' * 30_000}v) HTTP/1.1\r\nHost: localhost\r\n",
    }
    with Server(binary, port) as server:
        wrong = {name: code for name, head in lines.items() if (code := status(server.raw(head + END))) != 200}
    return f"{len(lines) - len(wrong)} of {len(lines)} served {wrong or ''}", not wrong


def silence_ends(binary, port):
    """Connections that send nothing, half a line, half a preface of HTTP/2, or a preface and no request."""
    said = [b"", b"GET /livez HT", b"PRI * HTTP/2.0\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"]
    took = {}

    def wait(text):
        begun = time.monotonic()
        try:
            server.raw(text, timeout=60)
        except OSError:
            pass
        took[text] = time.monotonic() - begun

    with Server(binary, port) as server:
        waiters = [threading.Thread(target=wait, args=(text,)) for text in said]
        for waiter in waiters:
            waiter.start()
        for waiter in waiters:
            waiter.join()
    return f"after {min(took.values()):.0f} to {max(took.values()):.0f} s", max(took.values()) < 40


def malformed_requests(binary, port):
    post = f"POST {SERVICES} HTTP/1.1\r\n"
    cases = [
        (f"GET /livez HTTP/1.1\r\n{END}", 400),
        (f"GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n{END}", 400),
        (f"{post}Host: localhost\r\nTransfer-Encoding: gzip, chunked\r\n{END}", 501),
        (f"{post}Host: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n{END}", 400),
        ("GET /livez\r\n\r\n", 400),
    ]
    with Server(binary, port) as server:
        wrong = [(text, code) for text, expected in cases if (code := status(server.raw(text))) != expected]
    return f"{len(cases) - len(wrong)} of {len(cases)} refused as they should {wrong or ''}", not wrong
