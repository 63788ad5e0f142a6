"""Connections that break the rules or say nothing, and heads that are long but allowed."""

import select
import threading
import time

from server import SERVICES, Server, elapsed

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


def floods(binary, port):
    """Pipelined requests, streams of HTTP/2 that are reset at once, and heads that trickle in; then the server still serves."""
    request = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with Server(binary, port) as server:
        before = server.resident()
        slow = [server.socket() for _ in range(1000)]
        for stream in slow:
            stream.sendall(b"GET /livez HT")
        flooders = [threading.Thread(target=ignore, args=(flood, server, text)) for text in (request * 1000, rapid_resets()) * 2]
        for flooder in flooders:
            flooder.start()
        worst = max(elapsed(lambda: server.call("GET", SERVICES)) for _ in range(200))
        for flooder in flooders:
            flooder.join()
        for stream in slow:
            stream.close()
        grown = (server.resident() - before) / 1024 / 1024
        served = server.call("GET", SERVICES)[0]
    return f"a GET takes at most {worst:.0f} ms, {grown:.0f} MiB more, {served} afterwards", served == 200 and worst < 1000 and grown < 200


def flood(server, text, seconds=5):
    """Sends the same bytes as fast as they are taken, and reads what comes back."""
    with server.socket(1) as stream:
        stream.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0" if text[:1] == b"\0" else b"")
        stream.setblocking(False)
        end, rest = time.monotonic() + seconds, text
        while time.monotonic() < end:
            ready, room, _ = select.select([stream], [stream], [], 0.5)
            if ready and not stream.recv(1 << 20):
                return
            if room:
                rest = rest[stream.send(rest):] or text


def rapid_resets():
    """A thousand streams of HTTP/2, each a GET of / that is cancelled at once."""
    # :method GET, :path /, :scheme http, :authority localhost
    block = b"\x82\x84\x86\x41\x09localhost"
    frames = b""
    for stream in range(1, 2001, 2):
        number = stream.to_bytes(4, "big")
        frames += b"\0\0" + bytes([len(block)]) + b"\1\5" + number + block + b"\0\0\4\3\0" + number + b"\0\0\0\x08"
    return frames


def ignore(work, *arguments):
    try:
        work(*arguments)
    except OSError:  # The server hung up, as it may.
        pass
