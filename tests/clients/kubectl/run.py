#!/usr/bin/env python3
"""Runs the recorded kubectl sessions against a fresh server and compares what they print.

    run.py --kubectl BIN --server URL [--least N] [--only NAME] [-v]

A session is a namespace, files and shell commands in which `k` is kubectl. Exit code, standard output and standard
error have to be the recorded ones, once volatile values are placeholders. A command that starts with '@ ' only
prepares. Python's standard library is enough.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

SESSIONS = Path(__file__).resolve().parents[2] / "contract" / "kubectl.json"
COMMAND_TIMEOUT = 60
SET_UP = "@ "
PORT_RANGE = ("30000", "32767")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kubectl", default="kubectl")
    parser.add_argument("--server", required=True)
    # A ratchet: raise it after an improvement; never lower it.
    parser.add_argument("--least", type=int, default=0, help="how many commands have to agree")
    parser.add_argument("--only", default="", help="run only the sessions whose name contains this")
    parser.add_argument("-v", "--verbose", action="store_true", help="print each difference")
    arguments = parser.parse_args()
    sessions = [s for s in json.loads(SESSIONS.read_text()) if arguments.only in s["name"]]
    agreed = total = 0
    for session in sessions:
        normal = Normal(session, arguments.server)
        for command, want, answer in zip(session["commands"], session["answers"], run(session, arguments)):
            got = {"rc": answer["rc"], "out": normal.text(answer["out"]), "err": normal.text(answer["err"])}
            if command.startswith(SET_UP):
                continue
            total += 1
            agreed += want == got
            if want != got and arguments.verbose:
                report(session["name"], command, want, got)
    # A part of the sessions says nothing about the whole.
    least = 0 if arguments.only else arguments.least
    print(f"kubectl: {agreed} of {total} commands agree, at least {least} have to")
    print(f"{agreed} passed, {max(0, least - agreed)} failed")
    return 0 if total and agreed >= least else 1


def run(session, arguments):
    """Yields exit code and output of each command of the session, run in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in session["files"].items():
            Path(folder, name).write_text(text)
        config = Path(folder, "config")
        config.write_text(json.dumps(kubeconfig(arguments.server, session["ns"])))
        environment = {**os.environ, "KUBECONFIG": str(config), "HOME": folder}
        prelude = f'k() {{ "{Path(arguments.kubectl).resolve()}" "$@"; }}\n'
        for command in session["commands"]:
            script = ["bash", "-c", prelude + command.removeprefix(SET_UP)]
            try:
                done = subprocess.run(script, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                      capture_output=True, text=True, timeout=COMMAND_TIMEOUT)
                yield {"rc": done.returncode, "out": done.stdout, "err": done.stderr}
            except subprocess.TimeoutExpired:
                yield {"rc": -1, "out": "", "err": "timed out"}


def kubeconfig(server, namespace):
    return {
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": namespace}}],
    }


class Normal:
    """Replaces volatile values by placeholders, numbered in order of first sight."""

    def __init__(self, session, server):
        self.server = server
        self.sent = json.dumps(session["commands"]) + json.dumps(session["files"])
        self.seen = {}

    def text(self, text):
        text = text.replace(self.server, "<server>")
        text = re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", lambda m: self.tag("uid", m.group(0)), text)
        text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>", text)
        text = re.sub(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]+ [+-]\d{4}", "<date>", text)
        text = re.sub(r'(resourceVersion:? ?"?:? ?"?)\d+', r"\1<rv>", text)
        # The client's own log lines.
        text = re.sub(r"(?m)^[IWEF]\d{4} [\d:.]+ .*\n?", "", text)
        text = re.sub(r"\b10\.96\.\d+\.\d+\b|\bfd00:10:96::[0-9a-f]+", self.allocated("ip"), text)
        text = re.sub(r"\b3(?:[01]\d{3}|2[0-7]\d\d)\b", self.allocated("port"), text)
        text = re.sub(r"\b(\d+d)?(\d+h)?(\d+m)?\d+s\b(?= *\n|$| ago)|\b\d+m\b(?= *\n|$)|<unknown>", "<age>", text)
        text = re.sub(r"\b([a-z]+)-[bcdfghjklmnpqrstvwxz2456789]{5}\b", r"\1-<gen>", text)
        # The width of columns follows the volatile cells.
        text = "\n".join(re.sub(r" {2,}", "  ", line).rstrip() for line in text.splitlines())
        return re.sub(r"(?m)(?<=  )(\d+[smhdy])+(?=  |$)", "<age>", text)

    def allocated(self, kind):
        """Addresses and ports that the session did not ask for were allocated."""
        def replace(match):
            value = match.group(0)
            return value if value in self.sent or value in PORT_RANGE else self.tag(kind, value)
        return replace

    def tag(self, kind, value):
        group = self.seen.setdefault(kind, {})
        return group.setdefault(value, f"<{kind}{len(group) + 1}>")


def report(session, command, want, got):
    print(f"-- {session}: {command}")
    for part in ("rc", "out", "err"):
        if want[part] != got[part]:
            print(f"   want {part}: {want[part]!s:.1500}\n   got  {part}: {got[part]!s:.1500}")


if __name__ == "__main__":
    sys.exit(main())
