"""Counterparts of the kubectl specs of Kubernetes' conformance suite, each a test named after its spec.

    KUBECTL=./kubectl KUBEDOUBLE_URL=http://127.0.0.1:8080 python3 -m unittest -v conformance

The server must simulate pods, as it does by default. Where a spec has a ReplicationController, a Deployment is here.
"""
import http.client
import json
import os
import re
import socket
import subprocess
import tempfile
import unittest
from contextlib import contextmanager
from pathlib import Path

KUBECTL = str(Path(os.environ["KUBECTL"]).resolve())
SERVER = os.environ["KUBEDOUBLE_URL"]
TIMEOUT = 60

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "web:1", ports: [{containerPort: 6379}]}]}
"""


class Kubectl(unittest.TestCase):
    """Runs kubectl in a folder and a namespace of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.environment = {"PATH": os.environ["PATH"], "HOME": folder.name}
        self.command = [KUBECTL, "--server", SERVER]
        created = self.run_kubectl("create", "-o", "name", "-f", "-", stdin=json.dumps(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "e2e-kubectl-"}}))
        name = created.strip().removeprefix("namespace/")
        self.command += ["--namespace", name]
        self.addCleanup(self.run_kubectl, "delete", "namespace", name, "--wait=false")

    def run_kubectl(self, *arguments, stdin="", status=0):
        """Standard output of a command that ends with the status."""
        done = subprocess.run([*self.command, *arguments], input=stdin, cwd=self.folder, env=self.environment,
                              capture_output=True, text=True, timeout=TIMEOUT)
        self.assertEqual(done.returncode, status, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def get(self, *arguments):
        return json.loads(self.run_kubectl("get", *arguments, "-o", "json"))

    def deploy(self):
        """A Deployment whose pods are ready."""
        self.run_kubectl("create", "-f", "-", stdin=DEPLOYMENT)
        self.run_kubectl("rollout", "status", "deployment/web", f"--timeout={TIMEOUT}s")

    def run_pod(self, name):
        self.run_kubectl("run", name, "--image=web:1", "--restart=Never")
        self.run_kubectl("wait", "--for=condition=Ready", f"pod/{name}", f"--timeout={TIMEOUT}s")

    @contextmanager
    def proxy(self, *arguments):
        """What kubectl proxy says first, while it runs."""
        process = subprocess.Popen([*self.command, "proxy", *arguments], cwd=self.folder, env=self.environment,
                                   stdout=subprocess.PIPE, text=True)
        try:
            yield process.stdout.readline()
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()

    def test_api_versions_should_check_if_v1_is_in_available_api_versions(self):
        self.assertIn("v1", self.run_kubectl("api-versions").split())

    def test_cluster_info_should_check_if_kubernetes_control_plane_services_is_included_in_cluster_info(self):
        said = re.sub(r"\x1b\[[0-9;]*m", "", self.run_kubectl("cluster-info"))
        self.assertIn(f"Kubernetes control plane is running at {SERVER}", said)

    def test_version_should_check_is_all_data_is_printed(self):
        said = self.run_kubectl("version")
        for part in ("Client Version: v", "Kustomize Version: v", "Server Version: v1."):
            self.assertIn(part, said)
        server = json.loads(self.run_kubectl("version", "-o", "json"))["serverVersion"]
        for field in ("major", "minor", "gitVersion", "gitCommit", "buildDate", "goVersion", "platform"):
            self.assertTrue(server.get(field), field)

    def test_proxy_server_should_support_proxy_with_port_0(self):
        with self.proxy("--port=0", "--disable-filter") as said:
            port = re.fullmatch(r"Starting to serve on 127\.0\.0\.1:(\d+)\n", said)[1]
            self.assert_serves_api(http.client.HTTPConnection("127.0.0.1", int(port), timeout=TIMEOUT))

    def test_proxy_server_should_support_unix_socket(self):
        path = self.folder / "proxy.sock"
        with self.proxy(f"--unix-socket={path}") as said:
            self.assertIn(str(path), said)
            connection = http.client.HTTPConnection("localhost", timeout=TIMEOUT)
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(str(path))
            self.assert_serves_api(connection)

    def assert_serves_api(self, connection):
        connection.request("GET", "/api/")
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        self.assertIn("v1", json.load(answer)["versions"])
        connection.close()

    def test_expose_should_create_services_for_rc(self):
        self.deploy()
        self.run_kubectl("expose", "deployment", "web", "--name=rm2", "--port=1234", "--target-port=6379")
        self.run_kubectl("expose", "service", "rm2", "--name=rm3", "--port=2345", "--target-port=6379")
        addresses = {pod["status"]["podIP"] for pod in self.get("pods", "-l", "app=web")["items"]}
        self.assertEqual(len(addresses), 2)
        for name, port in (("rm2", 1234), ("rm3", 2345)):
            service = self.get("service", name)["spec"]["ports"][0]
            self.assertEqual((service["port"], service["targetPort"]), (port, 6379))
            self.run_kubectl("get", "--raw", "/kubedouble/settled?timeout=30s")
            slices = self.get("endpointslices", "-l", f"kubernetes.io/service-name={name}")["items"]
            self.assertEqual({a for s in slices for e in s["endpoints"] for a in e["addresses"]}, addresses)
            self.assertEqual({p["port"] for s in slices for p in s["ports"]}, {6379})

    def test_diff_should_check_if_kubectl_diff_finds_a_difference_for_deployments(self):
        self.deploy()
        self.run_kubectl("diff", "-f", "-", stdin=DEPLOYMENT)
        said = self.run_kubectl("diff", "-f", "-", stdin=DEPLOYMENT.replace("web:1", "web:2"), status=1)
        self.assertRegex(said, r"(?m)^-.*image: web:1$")
        self.assertRegex(said, r"(?m)^\+.*image: web:2$")
        self.assertEqual(self.get("deployment", "web")["spec"]["template"]["spec"]["containers"][0]["image"], "web:1")

    def test_label_should_update_the_label_on_a_resource(self):
        self.run_pod("pause")
        self.run_kubectl("label", "pods", "pause", "testing-label=testing-label-value")
        self.assertIn("testing-label-value", self.run_kubectl("get", "pod", "pause", "-L", "testing-label"))
        self.run_kubectl("label", "pods", "pause", "testing-label-")
        self.assertNotIn("testing-label-value", self.run_kubectl("get", "pod", "pause", "-L", "testing-label"))

    def test_patch_should_add_annotations_for_pods_in_rc(self):
        self.deploy()
        for name in self.run_kubectl("get", "pods", "-o", "name").split():
            self.run_kubectl("patch", name, "-p", '{"metadata":{"annotations":{"x":"y"}}}')
        annotations = [pod["metadata"]["annotations"] for pod in self.get("pods")["items"]]
        self.assertEqual([a["x"] for a in annotations], ["y", "y"])

    def test_replace_should_update_a_single_container_pods_image(self):
        self.run_pod("e2e-test-pod")
        pod = self.get("pod", "e2e-test-pod")
        pod["spec"]["containers"][0]["image"] = "web:2"
        self.run_kubectl("replace", "-f", "-", stdin=json.dumps(pod))
        self.assertEqual(self.get("pod", "e2e-test-pod")["spec"]["containers"][0]["image"], "web:2")

    def test_run_pod_should_create_a_pod_from_an_image_when_restart_is_never(self):
        self.run_kubectl("run", "e2e-test-pod", "--restart=Never", "--pod-running-timeout=2m0s", "--image=web:1")
        spec = self.get("pod", "e2e-test-pod")["spec"]
        self.assertEqual((spec["containers"][0]["image"], spec["restartPolicy"]), ("web:1", "Never"))

    def test_server_side_dry_run_should_check_if_kubectl_can_dry_run_update_pods(self):
        self.run_pod("e2e-test-pod")
        self.run_kubectl("patch", "pod", "e2e-test-pod", "--dry-run=server",
                         "-p", '{"spec":{"containers":[{"name":"e2e-test-pod","image":"web:2"}]}}')
        self.assertEqual(self.get("pod", "e2e-test-pod")["spec"]["containers"][0]["image"], "web:1")


if __name__ == "__main__":
    unittest.main()
