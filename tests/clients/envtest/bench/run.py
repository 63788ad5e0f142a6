"""Measures what an environment costs: starts, stops, the time of a test suite, processor time and memory.

    python3 run.py --assets DIR [--assets DIR...] [--package client] [--runs 5] [--work DIR]

Runs one package of controller-runtime, as its Go module has it, on the programs of each assets directory in turn, and prints
the median with the least and the most of every figure. The package is compiled once, before anything is measured.
"""

import argparse
import os
import pathlib
import resource
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "suites"))
import run as suites  # noqa: E402

# How often the memory of the programs is looked at, in seconds.
INTERVAL = 0.02
PAGE = resource.getpagesize()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assets", action="append", required=True, help="directory with etcd and kube-apiserver")
    parser.add_argument("--package", default="client", choices=suites.TOTALS)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--work", default="/tmp/controller-runtime", help="where the module is copied to")
    options = parser.parse_args()
    source = suites.copy_module(pathlib.Path(options.work))
    binary = pathlib.Path(options.work) / "bench.test"
    build = ["go", "test", "-c", "-vet=off", "-o", str(binary), f"./pkg/{options.package}"]
    subprocess.run(build, cwd=source, check=True)
    for assets in options.assets:
        figures = []
        for _ in range(options.runs):
            figures.append({**environment(assets), **suite(binary, source / "pkg" / options.package, assets)})
        print(f"{assets}, package {options.package}, {options.runs} runs")
        for name, unit in FIGURES.items():
            values = sorted(figure[name] for figure in figures)
            middle = statistics.median(values)
            print(f"  {name:<24}{middle:>10.3f} {unit}  ({values[0]:.3f} to {values[-1]:.3f})")


FIGURES = {"start": "s", "stop": "s", "memory, idle": "MB", "suite": "s", "suite, processor": "s", "memory, largest": "MB"}


def environment(assets):
    """Starts and stops one environment, as envtest does."""
    with tempfile.TemporaryDirectory() as folder:
        etcd_port, port = free_port(), free_port()
        client, peer = f"http://127.0.0.1:{etcd_port}", f"http://127.0.0.1:{free_port()}"
        key = os.path.join(folder, "sa.key")
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key], check=True)
        began = time.monotonic()
        etcd = start(assets, "etcd", f"--data-dir={folder}/etcd", f"--listen-client-urls={client}", "--unsafe-no-fsync",
                     f"--advertise-client-urls={client}", f"--listen-peer-urls={peer}")
        wait_for(f"{client}/health")
        server = start(assets, "kube-apiserver", f"--etcd-servers={client}", f"--secure-port={port}",
                       "--bind-address=127.0.0.1", f"--cert-dir={folder}/certs", "--authorization-mode=RBAC",
                       "--service-cluster-ip-range=10.0.0.0/24", "--disable-admission-plugins=ServiceAccount",
                       "--service-account-issuer=https://127.0.0.1/", f"--service-account-key-file={key}",
                       f"--service-account-signing-key-file={key}", "--allow-privileged=true")
        wait_for(f"https://127.0.0.1:{port}/readyz")
        started = time.monotonic()
        idle = sum(memory(process.pid) for process in (etcd, server))
        stopping = time.monotonic()
        for process in (server, etcd):
            process.send_signal(signal.SIGTERM)
            process.wait()
        return {"start": started - began, "stop": time.monotonic() - stopping, "memory, idle": idle}


def suite(binary, folder, assets):
    """Runs the package's tests. The processor time is that of the environment's programs, not that of the tests."""
    env = dict(os.environ, KUBEBUILDER_ASSETS=os.path.abspath(assets))
    began = time.monotonic()
    command = [str(binary), "-ginkgo.no-color"]
    process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seen, ended = {}, threading.Event()
    watcher = threading.Thread(target=watch, args=(process.pid, seen, ended))
    watcher.start()
    process.wait()
    took = time.monotonic() - began
    ended.set()
    watcher.join()
    largest = max((total for total in seen.get("memory", [])), default=0)
    return {"suite": took, "suite, processor": sum(seen.get("processor", {}).values()), "memory, largest": largest}


def watch(parent, seen, ended):
    memories, processors = seen.setdefault("memory", []), seen.setdefault("processor", {})
    tick = os.sysconf("SC_CLK_TCK")
    while not ended.wait(INTERVAL):
        total = 0
        for pid in children(parent):
            total += memory(pid)
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                processors[pid] = (int(fields[11]) + int(fields[12])) / tick
            except OSError:
                pass
        memories.append(total)


def children(parent):
    try:
        text = pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text()
        tasks = pathlib.Path(f"/proc/{parent}/task").iterdir()
        return {int(pid) for task in tasks for pid in (task / "children").read_text().split()} | set(map(int, text.split()))
    except OSError:
        return set()


def memory(pid):
    """What is resident, in megabytes."""
    try:
        return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 1e6
    except (OSError, IndexError):
        return 0


def start(assets, name, *flags):
    return subprocess.Popen([os.path.join(assets, name), *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for(url):
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    while True:
        try:
            with urllib.request.urlopen(url, context=unchecked if url.startswith("https") else None, timeout=1) as answer:
                answer.read()
                return
        except OSError:
            time.sleep(0.005)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


if __name__ == "__main__":
    sys.exit(main())
