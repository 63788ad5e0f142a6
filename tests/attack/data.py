"""What was acknowledged can be read again: after any size, after kill -9, and never silently different after damage."""

import hashlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import threading
import time

from server import CONFIG_MAPS, PODS, SERVICES, Server

MIB = 1024 * 1024
ENTRIES = 9
FLIPS = 1000
KILLS = 200
WRITERS = 4


def large_objects_are_loaded(binary, port):
    """Objects of all sizes up to what etcd takes; larger ones are refused in etcd's words."""
    with folder() as data:
        acknowledged, refused = {}, []
        with Server(binary, port, data=data) as server:
            for index in range(120):
                status, body = server.call("POST", PODS, pod(f"p{index}", 13_500 * index + index))
                if status == 201:
                    acknowledged[f"p{index}"] = json.loads(body)
                else:
                    refused.append((status, json.loads(body)["message"]))
            server.process.kill()
        with Server(binary, port, data=data) as server:
            lost = [name for name, object in acknowledged.items() if get(server, f"{PODS}/{name}") != object]
    wrong = [answer for answer in refused if answer != (500, "etcdserver: request is too large")]
    figure = f"{len(acknowledged)} pods up to 1.5 MiB loaded, {len(lost)} lost, {len(refused)} refused {wrong[:1] or ''}"
    return figure, acknowledged and refused and not lost and not wrong


def kills_lose_nothing(binary, port):
    """kill -9 in the middle of creates, again and again on one file."""
    with folder() as data:
        acknowledged, lost = {}, 0
        for round in range(KILLS):
            with Server(binary, port, data=data) as server:
                for name in random.sample(sorted(acknowledged), min(20, len(acknowledged))):
                    lost += get(server, f"{SERVICES}/{name}") != acknowledged[name]
                writers = [threading.Thread(target=write, args=(server, round, n, acknowledged)) for n in range(WRITERS)]
                for writer in writers:
                    writer.start()
                time.sleep(0.05 + random.random() / 10)
                server.process.kill()
                for writer in writers:
                    writer.join()
        with Server(binary, port, data=data) as server:
            items = {item["metadata"]["name"]: item for item in json.loads(server.call("GET", SERVICES)[1])["items"]}
            lost += sum(without_type(object) != items.get(name) for name, object in acknowledged.items())
    return f"{KILLS} kills, {len(acknowledged)} acknowledged creates, {lost} lost", acknowledged and not lost


def write(server, round, writer, acknowledged):
    """Creates Services until the server is gone."""
    try:
        for index in range(10_000):
            name = f"s{round}-{writer}-{index}"
            status, body = server.call("POST", SERVICES, {"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], "clusterIP": "None"}})
            if status == 201:
                acknowledged[name] = json.loads(body)
    except Exception:  # The server was killed.
        pass


def damage_is_noticed(binary, port):
    """Single bits of the files are flipped: the start is refused in a sentence, or the data is what it was."""
    with folder() as data:
        with Server(binary, port, data=data) as server:
            for index in range(150):
                server.call("POST", CONFIG_MAPS, {"metadata": {"name": f"c{index}"}, "data": {"k": "v" * (index % 40)}})
            whole = view(server)
            server.process.kill()
        files = [path for path in pathlib.Path(data).parent.glob("*.db*") if path.stat().st_size and path.suffix != ".db-shm"]
        kinds = {"refused": 0, "harmless": 0}
        wrong = []
        for flip in range(FLIPS):
            name, bit, kind = flip_and_start(binary, files, whole)
            if kind in kinds:
                kinds[kind] += 1
            else:
                wrong.append((name, bit, kind))
    return f"{FLIPS} bits flipped: {kinds['refused']} refused, {kinds['harmless']} harmless, {len(wrong)} wrong {wrong[:2] or ''}", not wrong


def flip_and_start(binary, files, whole):
    """File, bit and what came of it."""
    with tempfile.TemporaryDirectory() as copy:
        for file in files:
            shutil.copy(file, copy)
        victim = pathlib.Path(copy) / random.choice(files).name
        content = bytearray(victim.read_bytes())
        bit = random.randrange(len(content) * 8)
        content[bit // 8] ^= 1 << bit % 8
        victim.write_bytes(content)
        data = next(str(pathlib.Path(copy) / file.name) for file in files if file.suffix == ".db")
        try:
            with Server(binary, 0, data=data, stderr=subprocess.PIPE) as server:
                return victim.name, bit, "harmless" if view(server) == whole else "silently different"
        except StopIteration:  # It printed no address.
            check = subprocess.run([binary, "check", data], capture_output=True, text=True)
            said = check.stdout + check.stderr
            return victim.name, bit, "panicked" if "panicked" in said or not said.strip() else "refused"


def view(server):
    """What a client sees of the data."""
    return hashlib.sha256(server.call("GET", CONFIG_MAPS)[1]).hexdigest()


def secret_files_are_private(binary, port):
    """Files that hold secrets are 0600 and directories 0700, also where they were wider before."""
    with tempfile.TemporaryDirectory() as own:
        root = pathlib.Path(own)
        for name in ("kubeconfig", "audit.log", "data.db"):
            (root / name).touch()
            (root / name).chmod(0o666)
        (root / "certs").mkdir()
        (root / "in-cluster").mkdir()
        for name in ("certs", "in-cluster"):
            (root / name).chmod(0o777)
        flags = [
            "--secure-port=0", f"--cert-dir={root / 'certs'}", f"--kubeconfig-out={root / 'kubeconfig'}",
            f"--audit-log-path={root / 'audit.log'}", f"--in-cluster-dir={root / 'in-cluster'}",
        ]
        before = os.umask(0)
        try:
            with Server(binary, port, flags, data=str(root / "data.db")) as server:
                server.call("GET", SERVICES)
                found = {path.relative_to(root): path.stat().st_mode & 0o777 for path in root.rglob("*")}
        finally:
            os.umask(before)
        public = {".crt", ".pub"}
        wrong = [
            f"{path} {oct(mode)}" for path, mode in found.items()
            if mode & 0o077 and path.suffix not in public and path.name != "namespace"
        ]
    return f"{len(found)} files and directories, {len(wrong)} too wide {wrong[:3] or ''}", not wrong and len(found) > 6


class folder(tempfile.TemporaryDirectory):
    """Gives the name of a data file in a directory of its own."""

    def __enter__(self):
        return os.path.join(super().__enter__(), "data.db")


def pod(name, size):
    """A pod whose JSON has about this many bytes."""
    env = [{"name": f"E{index}", "value": "x" * (size // ENTRIES)} for index in range(ENTRIES)]
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i", "env": env}]}}


def get(server, path):
    status, body = server.call("GET", path)
    return json.loads(body) if status == 200 else None


def without_type(object):
    return {name: value for name, value in object.items() if name not in ("kind", "apiVersion")}
