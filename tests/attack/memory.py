"""Memory that clients control: what they do not read is not written out for them."""

import base64
import os
import struct
import time

from server import CONFIG_MAPS, Server

MIB = 1024 * 1024
OBJECTS, OBJECT_BYTES, WATCHES = 500, 100_000, 200
WEBSOCKET_SECONDS = 8


def unread_watches(binary, port):
    """200 clients ask for 50 MB each, and read nothing."""
    with Server(binary, port) as server:
        for index in range(OBJECTS):
            status, body = server.call(
                "POST", CONFIG_MAPS, {"metadata": {"name": f"c{index}"}, "data": {"text": "x" * OBJECT_BYTES}}
            )
            assert status == 201, body[:200]
        before = server.resident()
        streams = []
        for _ in range(WATCHES):
            stream = server.socket()
            stream.sendall(f"GET {CONFIG_MAPS}?watch=1 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            streams.append(stream)
        time.sleep(5)
        grown = (server.resident() - before) / MIB
        for stream in streams:
            stream.close()
    data = OBJECTS * OBJECT_BYTES / MIB
    return f"{WATCHES} watches of {data:.0f} MiB take {grown:.0f} MiB", grown < 200


def unread_websocket(binary, port):
    """One client sends pings as fast as it can, and reads no reply."""
    with Server(binary, port) as server:
        stream = server.socket()
        key = base64.b64encode(os.urandom(16)).decode()
        stream.sendall(
            f"GET {CONFIG_MAPS}?watch=1 HTTP/1.1\r\nHost: {server.host}:{server.port}\r\n"
            f"Origin: http://{server.host}:{server.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        assert b"101" in stream.recv(100)
        before, worst = server.resident(), 0
        ping = b"\x89\xfd" + struct.pack("!I", 0) + b"x" * 125
        stream.settimeout(0.2)
        end = time.monotonic() + WEBSOCKET_SECONDS
        while time.monotonic() < end:
            try:
                stream.sendall(ping * 1000)
            except TimeoutError:
                pass
            except OSError:
                break
            worst = max(worst, server.resident() - before)
        stream.close()
    return f"{worst / MIB:.0f} MiB", worst < 64 * MIB


def history_is_bounded(binary, port):
    """One object of 0.9 MB is written again and again; the history keeps its bytes within its window."""
    with Server(binary, port, ["--history-window=5m,100000,64Mi"]) as server:
        text = "x" * 900_000
        name = {"metadata": {"name": "large"}, "data": {"text": text}}
        assert server.call("POST", CONFIG_MAPS, name)[0] == 201
        before = server.resident()
        for index in range(500):
            name["data"]["number"] = str(index)
            assert server.call("PUT", f"{CONFIG_MAPS}/large", name)[0] == 200
        grown = (server.resident() - before) / MIB
    return f"500 writes of 0.9 MB take {grown:.0f} MiB with a window of 64", grown < 160
