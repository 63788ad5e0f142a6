"""A kubedouble of one's own, and requests to it over plain sockets."""

import contextlib
import http.client
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time

# Each warning is a header, and http.client takes only 100.
http.client._MAXHEADERS = 10_000

SERVICES = "/api/v1/namespaces/default/services"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"


@contextlib.contextmanager
def text_file(text):
    """The path of a file with this text, for the time of a `with`."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "file"
        file.write_text(text)
        yield file


class Server:
    """A running server; use it in a `with`."""

    def __init__(self, binary, port=0, flags=(), stderr=subprocess.DEVNULL, limits=None, data=":memory:"):
        self.folder = tempfile.TemporaryDirectory()
        own = ["--data", data, "--simulate-pods=false", "--load-balancer=off", "--log=info", "--port", str(port)]
        self.process = subprocess.Popen(
            [binary, *own, *flags], stdout=subprocess.PIPE, stderr=stderr, cwd=self.folder.name, preexec_fn=limits
        )
        greeting = self.process.stdout.readline().decode()
        url = next(word for word in greeting.split() if word.startswith("http://"))
        self.host, self.port = url.removeprefix("http://").split(":")
        self.port = int(self.port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.folder.cleanup()

    def connect(self, timeout=90):
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def socket(self, timeout=90):
        return socket.create_connection((self.host, self.port), timeout)

    def call(self, method, path, body=None, media="application/json", headers=None, timeout=90):
        """Status and body of a request on a connection of its own."""
        connection = self.connect(timeout)
        try:
            if body is not None and not isinstance(body, bytes):
                body = json.dumps(body).encode()
            own = {"Content-Type": media} if body is not None else {}
            connection.request(method, path, body, {**own, **(headers or {})})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def raw(self, text, timeout=90):
        """What comes back for these bytes until the server hangs up."""
        with self.socket(timeout) as stream:
            stream.sendall(text if isinstance(text, bytes) else text.encode())
            received = b""
            while part := stream.recv(65536):
                received += part
            return received

    def resident(self):
        """Bytes of memory."""
        pages = int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def cpu(self):
        """Seconds that all its threads have computed."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def elapsed(work):
    """Milliseconds that some work takes."""
    begun = time.monotonic()
    work()
    return (time.monotonic() - begun) * 1000
