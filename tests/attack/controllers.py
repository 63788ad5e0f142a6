"""Controllers come to rest whatever clients make them work on."""

import json
import time

from server import SERVICES, Server

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
REPLICA_SETS = "/apis/apps/v1/namespaces/default/replicasets"
SECONDS = 3
WRITES_MAX = 60


def rivals_come_to_rest(binary, port):
    """Deployments and ReplicaSets that select each other's pods, with dependents that lost their owner."""
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    with Server(binary, port, ["--simulate-pods=true"]) as server:
        for index in range(4):
            spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
            path = DEPLOYMENTS if index % 2 == 0 else REPLICA_SETS
            assert server.call("POST", path, {"metadata": {"name": f"r{index}"}, "spec": spec})[0] == 201
        assert server.call("DELETE", f"{DEPLOYMENTS}/r0?propagationPolicy=Orphan")[0] == 200
        status, body = server.call("GET", "/kubedouble/settled?timeout=20s")
        written = revision(server)
        time.sleep(SECONDS)
        written = revision(server) - written
    return f"settled {status} {body[:100].decode() if status != 200 else ''}, {written} revisions in the {SECONDS} s after", status == 200 and written <= WRITES_MAX


def hopeless_work_is_retried_slowly(binary, port):
    """A load balancer whose address cannot be: an event says so, and retries are rare."""
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
    with Server(binary, port, ["--load-balancer=manual"]) as server:
        bad = {"metadata": {"name": "lb", "annotations": {"kubedouble.dev/address": "not an address"}}, "spec": spec}
        assert server.call("POST", SERVICES, bad)[0] == 201
        time.sleep(1)
        before, cpu = revision(server), server.cpu()
        time.sleep(SECONDS)
        written, cpu = revision(server) - before, server.cpu() - cpu
        events = json.loads(server.call("GET", "/api/v1/namespaces/default/events")[1])["items"]
        warned = [event["message"] for event in events if event["involvedObject"]["name"] == "lb" and event["type"] == "Warning"]
    return f"{len(warned)} warning events, {written} revisions and {cpu:.2f} s of CPU in {SECONDS} s", warned and written <= WRITES_MAX and cpu < 0.3


def revision(server):
    return int(json.loads(server.call("GET", "/api/v1/namespaces?limit=1")[1])["metadata"]["resourceVersion"])
