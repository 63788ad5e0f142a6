"""Tests a running server with kopf, an operator framework whose operators serve their own admission webhooks."""

import asyncio
import contextlib
import datetime
import ipaddress
import os
import socket
import tempfile
import threading
import unittest

import kopf
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

# How long a test may wait for the server, in seconds.
PATIENCE = 30
URL = os.environ["KUBEDOUBLE_URL"]
# The name of the operator's webhook configurations.
CONFIGURATION = "tests.example.com"

if "KUBECONFIG" in os.environ:
    config.load_kube_config()
else:
    client.Configuration.set_default(client.Configuration(host=URL))


class Webhooks(unittest.TestCase):
    """An operator that gives ConfigMaps a colour, and refuses some."""

    def setUp(self):
        self.core = client.CoreV1Api()
        metadata = client.V1ObjectMeta(generate_name="kopf-")
        self.ns = self.core.create_namespace(client.V1Namespace(metadata=metadata)).metadata.name
        self.addCleanup(self.core.delete_namespace, self.ns)
        self.addCleanup(self.unconfigure)
        self.enterContext(operator(self.ns))
        self.configured()

    def unconfigure(self):
        """The operator leaves its configurations behind, and there would be nobody to call."""
        admission = client.AdmissionregistrationV1Api()
        admission.delete_mutating_webhook_configuration(CONFIGURATION)
        admission.delete_validating_webhook_configuration(CONFIGURATION)

    def configured(self):
        """Waits until the operator has written its webhook configurations."""
        admission = client.AdmissionregistrationV1Api()
        for _ in range(PATIENCE * 10):
            lists = admission.list_mutating_webhook_configuration(), admission.list_validating_webhook_configuration()
            if all(any(item.webhooks for item in found.items) for found in lists):
                return
            threading.Event().wait(0.1)
        self.fail("the operator has configured no webhooks")

    def create(self, name, **data):
        body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name), data=data)
        return self.core.create_namespaced_config_map_with_http_info(self.ns, body)

    def test_objects_are_changed_and_refused(self):
        made, status, headers = self.create("made", a="1")
        self.assertEqual((status, made.data), (201, {"a": "1", "colour": "blue"}))
        self.assertIn("colours are nice", headers["Warning"])
        with self.assertRaises(ApiException) as caught:
            self.create("refused", colour="red")
        self.assertEqual(caught.exception.status, 400)
        self.assertIn("no red here", caught.exception.body)
        with self.assertRaises(ApiException) as caught:
            self.core.delete_namespaced_config_map("made", self.ns)
        self.assertEqual(caught.exception.status, 403)


def handlers():
    registry = kopf.OperatorRegistry()

    @kopf.on.startup(registry=registry)
    def configure(settings, **_):
        settings.admission.managed = CONFIGURATION
        settings.posting.enabled = False
        settings.admission.server = server()

    @kopf.on.mutate("configmaps", registry=registry)
    def colour(patch, spec, body, warnings, operation, **_):
        warnings.append("colours are nice")
        if operation == "CREATE" and "colour" not in body.get("data", {}):
            patch.setdefault("data", {})["colour"] = "blue"

    @kopf.on.validate("configmaps", registry=registry)
    def check(body, operation, **_):
        if operation == "DELETE":
            raise kopf.AdmissionError("it stays", code=403)
        if body.get("data", {}).get("colour") == "red":
            raise kopf.AdmissionError("no red here", code=400)

    return registry


def server():
    """A webhook server with a certificate of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kopf")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tempfile.mkdtemp()
    paths = os.path.join(folder, "tls.crt"), os.path.join(folder, "tls.key")
    with open(paths[0], "wb") as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
    with open(paths[1], "wb") as file:
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        file.write(key.private_bytes(encoding, form, serialization.NoEncryption()))
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    return kopf.WebhookServer(addr="127.0.0.1", port=port, certfile=paths[0], pkeyfile=paths[1], cafile=paths[0])


@contextlib.contextmanager
def operator(ns):
    """Runs an operator of one namespace in a thread."""
    ready, stop = threading.Event(), threading.Event()
    registry = handlers()

    @kopf.on.login(registry=registry)
    def login(**arguments):
        return kopf.login_with_kubeconfig(**arguments) if "KUBECONFIG" in os.environ else kopf.ConnectionInfo(server=URL)

    def run():
        loop = asyncio.new_event_loop()
        with contextlib.closing(loop):
            operating = kopf.operator(
                registry=registry, namespaces=[ns], standalone=True, ready_flag=ready, stop_flag=stop
            )
            loop.run_until_complete(operating)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        if not ready.wait(PATIENCE):
            raise AssertionError("the operator did not start in time")
        yield
    finally:
        stop.set()
        thread.join(PATIENCE)


if __name__ == "__main__":
    unittest.main()
