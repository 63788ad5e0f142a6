"""Runs controller-runtime's own test suites, unmodified, on the programs of an assets directory.

    python3 run.py --assets DIR [--work DIR] [--gate | PACKAGE...]

They come from the Go module, and every package of it that starts an environment is known here with the number of specs that
pass with the real programs. Ends with a line 'N passed, N failed'.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

MODULE = "sigs.k8s.io/controller-runtime"

# How many specs of each package pass with kube-apiserver and etcd.
TOTALS = {
    "builder": 72,
    "cache": 276,
    "client": 296,
    "cluster": 15,
    "controller": 32,
    "controller/controllerutil": 60,
    "envtest": 28,
    "handler": 96,
    "internal/controller": 75,
    "internal/recorder": 5,
    "internal/testing/controlplane": 41,
    "manager": 106,
    "manager/internal/integration": 2,
    "metrics/filters": 2,
    "reconcile": 9,
    "source": 19,
    "webhook": 8,
}

# Those that say most for the time they take; `tests/clients/run` runs these.
GATE = ["envtest", "internal/testing/controlplane", "cluster", "client", "builder", "controller", "controller/controllerutil",
        "handler", "source", "webhook", "manager/internal/integration"]

SUMMARY = re.compile(r"^(?:SUCCESS|FAIL)! -- (\d+) Passed \| (\d+) Failed", re.MULTILINE)
FAILED = re.compile(r"^ +\[(?:FAIL|PANICKED|TIMEDOUT)\] (.*)$", re.MULTILINE)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assets", required=True, help="directory with etcd and kube-apiserver")
    parser.add_argument("--work", default="/tmp/controller-runtime", help="where the module is copied to")
    parser.add_argument("--gate", action="store_true", help="only the packages that say most for their time")
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help=", ".join(TOTALS))
    options = parser.parse_args()
    packages = options.packages or (GATE if options.gate else list(TOTALS))
    unknown = [package for package in packages if package not in TOTALS]
    if unknown:
        parser.error(f"no such package: {', '.join(unknown)}")
    source = copy_module(pathlib.Path(options.work))
    passed = failed = 0
    for package in packages:
        good, bad = run(source, package, os.path.abspath(options.assets))
        passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def copy_module(work):
    """The module in a directory of its own: a test that starts a program of its package needs it to be executable, and the
    archive of a Go module keeps no modes."""
    here = pathlib.Path(__file__).parent
    told = subprocess.run(["go", "mod", "download", "-json", MODULE], cwd=here, check=True, stdout=subprocess.PIPE)
    module = json.loads(told.stdout)
    target = work / module["Version"]
    if not target.exists():
        fresh = work / f"new-{os.getpid()}"
        shutil.copytree(module["Dir"], fresh, copy_function=copy_file)
        for folder, _, _ in os.walk(fresh):
            os.chmod(folder, 0o755)
        fresh.rename(target)
    return target


def copy_file(source, target):
    shutil.copyfile(source, target)
    os.chmod(target, 0o755 if source.endswith(".sh") else 0o644)


def run(source, package, assets):
    """Runs one package; returns how many specs passed, and how many failed or did not run."""
    began = time.monotonic()
    command = ["go", "test", "-count=1", "-vet=off", "-v", "-timeout=15m", f"./pkg/{package}", "-args", "-ginkgo.no-color"]
    env = dict(os.environ, KUBEBUILDER_ASSETS=assets)
    told = subprocess.run(command, cwd=source, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace")
    found = SUMMARY.search(told.stdout)
    if not found:
        print(told.stdout)
        print(f"{package}: no summary of specs")
        return 0, 1
    passed, names = int(found[1]), FAILED.findall(told.stdout)
    missing = TOTALS[package] - passed - len(names)
    seconds = time.monotonic() - began
    print(f"{package}: {passed} of {TOTALS[package]} specs in {seconds:.1f} s", flush=True)
    if names or missing > 0:
        print(told.stdout)
    for name in names:
        print(f"  FAILED: {name}")
    if missing > 0:
        print(f"  {missing} specs did not run")
    return passed, len(names) + max(missing, 0)


if __name__ == "__main__":
    sys.exit(main())
