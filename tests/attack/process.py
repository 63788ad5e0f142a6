"""What surrounds the process: a log that cannot be written, and open files that run out."""

import os
import resource
import selectors
import subprocess
import time

from server import SERVICES, Server

FILES = 128
WATCHES = 10_000


def logging_ends_nothing(binary, port):
    """stderr is a pipe that nobody reads any more, then one that nobody empties, then a full disk."""
    served = 0
    closed_end, stderr = os.pipe()
    os.close(closed_end)
    _unread, stuck = os.pipe()
    for target in (stderr, stuck, os.open("/dev/full", os.O_WRONLY)):
        with Server(binary, port, ["--log=trace"], stderr=target) as server:
            for index in range(200):
                name = {"metadata": {"name": f"c{index}"}}
                status, _ = server.call("POST", "/api/v1/namespaces/default/configmaps", name)
                served += status == 201
            served += server.call("GET", "/livez")[0] == 200
    return f"{served} of 603 requests served", served == 603


def open_files_run_out(binary, port):
    """With a small hard limit, connections take all files; once they are closed, the server goes on."""
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))

    log = subprocess.PIPE
    with Server(binary, port, ["--log=warn"], stderr=log, limits=limit) as server:
        streams = [server.socket() for _ in range(FILES * 2)]
        time.sleep(1)
        for stream in streams:
            stream.close()
        time.sleep(1)
        status, _ = server.call("GET", SERVICES)
        server.process.kill()
        lines = [line for line in server.process.stderr.read().decode().splitlines() if "accept" in line]
        server.process.stderr.close()
    with Server(binary, port) as server:
        soft = int(next(
            line.split()[3] for line in open(f"/proc/{server.process.pid}/limits") if line.startswith("Max open files")
        ))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return f"{status} afterwards, {len(lines)} log lines; limit {soft} of {hard}", status == 200 and 1 <= len(lines) <= 3 and soft == hard


def many_watches(binary, port):
    """10,000 watches at once, as far as the limit of open files allows, all told of one change."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(WATCHES, hard - 500)
    streams = []
    try:
        with Server(binary, port) as server:
            poll = selectors.DefaultSelector()
            for _ in range(count):
                stream = server.socket()
                stream.sendall(f"GET {SERVICES}?watch=1 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                streams.append(stream)
                poll.register(stream, selectors.EVENT_READ)
            service = {"metadata": {"name": "told"}, "spec": {"ports": [{"port": 80}]}}
            assert server.call("POST", SERVICES, service)[0] == 201
            told = read_until(poll, b'"told"', time.monotonic() + 60)
            memory = server.resident() / 1024 / 1024
    finally:
        for stream in streams:
            stream.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return f"{told} of {count} watches were told; {memory:.0f} MiB", told == count


def read_until(poll, text, end):
    """How many streams have brought this text before the end."""
    seen, told = {}, 0
    while poll.get_map() and time.monotonic() < end:
        for key, _ in poll.select(1):
            seen[key.fd] = seen.get(key.fd, b"") + key.fileobj.recv(65536)
            if text in seen[key.fd]:
                told += 1
                poll.unregister(key.fileobj)
    return told
