"""Tests a running server with the official Python client, the way programs use it."""

import base64
import datetime
import logging
import os
import threading
import time
import unittest

from kubernetes import client, config, dynamic, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.informer import ADDED, DELETED, SharedInformer
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.configmaplock import ConfigMapLock

# How long a test may wait for the server, in seconds.
PATIENCE = 30

# Stopping an informer breaks its connection off, and it logs that as an error.
logging.getLogger("kubernetes.informer.informer").disabled = True

# Raises where the variable is missing, so that no test is skipped by mistake.
if "KUBECONFIG" in os.environ:
    config.load_kube_config()
else:
    client.Configuration.set_default(client.Configuration(host=os.environ["KUBEDOUBLE_URL"]))


class ServiceTest(unittest.TestCase):
    """Gives each test a client and a namespace of its own."""

    def setUp(self):
        self.core = client.CoreV1Api()
        metadata = client.V1ObjectMeta(generate_name="py-")
        self.ns = self.core.create_namespace(client.V1Namespace(metadata=metadata)).metadata.name
        self.addCleanup(self.core.delete_namespace, self.ns)

    def create(self, name, **labels):
        return self.core.create_namespaced_service(self.ns, service(name, **labels))

    def names(self, **options):
        return [item.metadata.name for item in self.core.list_namespaced_service(self.ns, **options).items]

    def refused(self, status, call, *args, **options):
        with self.assertRaises(ApiException) as caught:
            call(*args, **options)
        self.assertEqual(caught.exception.status, status)
        return caught.exception


class Crud(ServiceTest):
    def test_a_service_lives_its_life(self):
        created = self.create("web", tier="front")
        self.assertRegex(created.spec.cluster_ip, r"^10\.96\.")
        self.assertEqual(created.spec.ports[0].protocol, "TCP")
        self.assertEqual(created.spec.ports[0].target_port, "http")
        self.assertIsInstance(created.metadata.creation_timestamp, datetime.datetime)

        again = self.refused(409, self.create, "web")
        self.assertIn('"reason":"AlreadyExists"', again.body)

        created.spec.ports[0].port = 81
        replaced = self.core.replace_namespaced_service("web", self.ns, created)
        self.assertEqual(replaced.spec.ports[0].port, 81)
        self.refused(409, self.core.replace_namespaced_service, "web", self.ns, created)

        deleted = self.core.delete_namespaced_service("web", self.ns)
        self.assertEqual(deleted.metadata.uid, created.metadata.uid)
        self.refused(404, self.core.read_namespaced_service, "web", self.ns)

    def test_lists_are_selected_and_paged(self):
        for name in "abcde":
            self.create(name, vowel=str(name in "ae").lower())
        self.assertEqual(self.names(label_selector="vowel=true"), ["a", "e"])
        self.assertEqual(self.names(field_selector="metadata.name=c"), ["c"])
        first = self.core.list_namespaced_service(self.ns, limit=3)
        self.assertEqual(first.metadata.remaining_item_count, 2)
        self.assertEqual(self.names(limit=3, _continue=first.metadata._continue), ["d", "e"])

    def test_status_is_a_subresource(self):
        web = service("web")
        web.spec.type = "LoadBalancer"
        self.core.create_namespaced_service(self.ns, web)
        patch = {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}, "spec": {"selector": {"app": "db"}}}
        patched = self.core.patch_namespaced_service_status("web", self.ns, patch)
        self.assertEqual(patched.status.load_balancer.ingress[0].ip, "192.0.2.1")
        self.assertEqual(patched.spec.selector, {"app": "web"})

    def test_collections_are_deleted(self):
        for name in "abc":
            self.create(name, letter=name)
        self.core.delete_collection_namespaced_service(self.ns, label_selector="letter!=b")
        self.assertEqual(self.names(), ["b"])

    def test_secrets_carry_bytes(self):
        data = base64.b64encode(bytes(range(256))).decode()
        secret = client.V1Secret(metadata=client.V1ObjectMeta(name="s"), data={"key": data}, string_data={"word": "x"})
        self.core.create_namespaced_secret(self.ns, secret)
        self.assertEqual(self.core.read_namespaced_secret("s", self.ns).data, {"key": data, "word": "eA=="})


class Patches(ServiceTest):
    def test_every_kind_of_patch(self):
        self.create("web")
        metrics = {"name": "metrics", "port": 9100}
        for kind, body, ports in [
            ("strategic-merge-patch+json", {"spec": {"ports": [metrics]}}, [9100, 80]),
            ("merge-patch+json", {"spec": {"ports": [metrics]}}, [9100]),
            ("json-patch+json", [{"op": "replace", "path": "/spec/ports/0/port", "value": 9101}], [9101]),
        ]:
            with self.subTest(kind):
                patched = self.core.patch_namespaced_service(
                    "web", self.ns, body, _content_type=f"application/{kind}"
                )
                self.assertEqual([port.port for port in patched.spec.ports], ports)

    def test_server_side_apply(self):
        def apply(manager, force=None, **labels):
            body = client.ApiClient().sanitize_for_serialization(service("web", **labels))
            return self.core.patch_namespaced_service(
                "web", self.ns, body, field_manager=manager, force=force, _content_type="application/apply-patch+yaml"
            )

        applied = apply("one", tier="front")
        self.assertEqual(applied.metadata.managed_fields[0].operation, "Apply")
        self.assertEqual(apply("one", tier="front").metadata.resource_version, applied.metadata.resource_version)
        conflict = self.refused(409, apply, "two", tier="back")
        self.assertIn('conflict with \\"one\\"', conflict.body)
        self.assertEqual(apply("two", force=True, tier="back").metadata.labels, {"tier": "back"})


class Watches(ServiceTest):
    def test_a_watch_streams_typed_objects(self):
        before = self.core.list_namespaced_service(self.ns).metadata.resource_version
        web = self.create("web")
        web.spec.ports[0].port = 81
        self.core.replace_namespaced_service("web", self.ns, web)
        self.core.delete_namespaced_service("web", self.ns)
        stream = watch.Watch().stream(
            self.core.list_namespaced_service, self.ns, resource_version=before, timeout_seconds=1
        )
        seen = [(event["type"], event["object"].spec.ports[0].port) for event in stream]
        self.assertEqual(seen, [("ADDED", 80), ("MODIFIED", 81), ("DELETED", 81)])

    def test_a_watch_from_the_start_of_time_is_too_old(self):
        stream = watch.Watch().stream(self.core.list_namespaced_service, self.ns, resource_version="1", timeout_seconds=5)
        with self.assertRaises(ApiException) as caught:
            list(stream)
        self.assertEqual(caught.exception.status, 410)

    def test_an_informer_follows(self):
        self.create("before")
        # Its resync period is also how soon the informer notices that it was stopped.
        informer = SharedInformer(self.core.list_namespaced_service, namespace=self.ns, resync_period=1)
        seen = []
        for kind in (ADDED, DELETED):
            informer.add_event_handler(kind, lambda item, kind=kind: seen.append((kind, item.metadata.name)))
        informer.start()
        self.addCleanup(informer.stop)
        self.eventually(lambda: informer.cache.list_keys() == [f"{self.ns}/before"])
        self.create("web")
        self.eventually(lambda: informer.cache.get_by_key(f"{self.ns}/web"))
        self.core.delete_namespaced_service("web", self.ns)
        self.eventually(lambda: informer.cache.list_keys() == [f"{self.ns}/before"])
        self.eventually(lambda: len(seen) == 3)
        self.assertEqual(seen, [(ADDED, "before"), (ADDED, "web"), (DELETED, "web")])

    def eventually(self, holds):
        until = time.monotonic() + PATIENCE
        while not holds():
            self.assertLess(time.monotonic(), until, "not in time")
            time.sleep(0.01)


class Dynamic(ServiceTest):
    def test_the_dynamic_client(self):
        services = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="v1", kind="Service")
        self.assertEqual((services.name, services.namespaced), ("services", True))
        body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}
        services.create(body=body, namespace=self.ns)
        patch = {"metadata": {"name": "web", "labels": {"a": "b"}}}
        patched = services.patch(body=patch, namespace=self.ns, content_type="application/merge-patch+json")
        self.assertEqual(patched.metadata.labels.a, "b")
        body = {**body, "spec": {"selector": {"app": "web"}}}
        applied = services.server_side_apply(body=body, namespace=self.ns, field_manager="me")
        self.assertEqual((applied.spec.selector.app, applied.spec.ports[0].port), ("web", 80))
        events = services.watch(namespace=self.ns, resource_version=patched.metadata.resourceVersion, timeout=1)
        self.assertEqual([event["type"] for event in events], ["MODIFIED"])
        services.delete(name="web", namespace=self.ns)
        self.assertEqual(services.get(namespace=self.ns).items, [])


class Leading(ServiceTest):
    def test_a_leader_steps_down_when_it_loses_its_lock(self):
        leading, stopped = threading.Event(), threading.Event()
        lock = ConfigMapLock("leader", self.ns, "me")
        config = electionconfig.Config(
            lock,
            lease_duration=4,
            renew_deadline=2,
            retry_period=1,
            onstarted_leading=leading.set,
            onstopped_leading=stopped.set,
        )
        threading.Thread(target=leaderelection.LeaderElection(config).run, daemon=True).start()
        self.assertTrue(leading.wait(PATIENCE))
        held = self.core.read_namespaced_config_map("leader", self.ns).metadata.annotations
        record = held[lock.leader_electionrecord_annotationkey]
        self.assertIn('"holderIdentity": "me"', record)

        stolen = {"metadata": {"annotations": {lock.leader_electionrecord_annotationkey: record.replace("me", "you", 1)}}}
        self.core.patch_namespaced_config_map("leader", self.ns, stolen)
        self.assertTrue(stopped.wait(PATIENCE))


def service(name, **labels):
    """A Service with one port."""
    return client.V1Service(
        api_version="v1",
        kind="Service",
        metadata=client.V1ObjectMeta(name=name, labels=labels),
        spec=client.V1ServiceSpec(
            selector={"app": name}, ports=[client.V1ServicePort(name="http", port=80, target_port="http")]
        ),
    )


if __name__ == "__main__":
    unittest.main()
