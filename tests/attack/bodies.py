"""The worst bodies that were found: each about as large as a request may be, or as many members as fit."""

import json

from server import CONFIG_MAPS, PODS

JSON, YAML = "application/json", "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
#: Seconds of CPU that one of them may take, in a release build. Every empty container is refused in four sentences.
CPU_MAX = {"60,000 empty containers": 3.0, "60,000 empty containers in protobuf": 3.0}
CPU_MAX_OTHERS = 0.6


def pod(**spec):
    container = {"name": "c", "image": "i", **spec.pop("container", {})}
    return {"metadata": {"name": "worst", **spec.pop("metadata", {})}, "spec": {"containers": [container], **spec}}


def protobuf_field(number, content):
    """A length-delimited field."""
    size, prefix = len(content), b""
    while size > 0x7F:
        prefix, size = prefix + bytes([size & 0x7F | 0x80]), size >> 7
    return bytes([number << 3 | 2]) + prefix + bytes([size]) + content


def protobuf_pod(containers):
    """A pod of empty containers in the envelope that clients send."""
    spec = protobuf_field(2, b"") * containers
    raw = protobuf_field(1, protobuf_field(1, b"worst")) + protobuf_field(2, spec)
    kind = protobuf_field(1, protobuf_field(1, b"v1") + protobuf_field(2, b"Pod"))
    return b"k8s\0" + kind + protobuf_field(2, raw)


def owner(index):
    return {"apiVersion": "v1", "kind": "ConfigMap", "name": f"o{index}", "uid": f"uid-{index}"}


def creations():
    """Name, path, media type and body of each."""
    env = [{"name": f"E{index}", "value": "x"} for index in range(16_000)]
    ports = [{"containerPort": 1 + index % 65_535, "name": f"p{index}"} for index in range(16_000)]
    tolerations = [{"key": f"k{index}", "operator": "Exists", "effect": "NoSchedule"} for index in range(16_000)]
    taints = [{"key": f"k{index}", "value": "v", "effect": "NoSchedule"} for index in range(16_000)]
    duplicates = "metadata: {name: worst}\ndata:\n" + "  same: value\n" * 100_000
    owners = {"metadata": {"name": "worst", "ownerReferences": [owner(index) for index in range(10_000)]}}
    finalizers = {"metadata": {"name": "worst", "finalizers": [f"example.com/f{index}" for index in range(50_000)]}}
    objects = [
        ("60,000 empty containers", PODS, JSON, {"metadata": {"name": "worst"}, "spec": {"containers": [{}] * 60_000}}),
        ("16,000 environment variables", PODS, JSON, pod(container={"env": env})),
        ("16,000 ports", PODS, JSON, pod(container={"ports": ports})),
        ("16,000 tolerations", PODS, JSON, pod(tolerations=tolerations)),
        ("16,000 taints", "/api/v1/nodes", JSON, {"metadata": {"name": "worst"}, "spec": {"taints": taints}}),
        ("10,000 owner references", CONFIG_MAPS, JSON, owners),
        ("50,000 finalizers", CONFIG_MAPS, JSON, finalizers),
    ]
    encoded = [(name, path, media, json.dumps(body).encode()) for name, path, media, body in objects]
    return encoded + [
        ("100,000 duplicate YAML keys", CONFIG_MAPS, YAML, duplicates.encode()),
        ("60,000 empty containers in protobuf", PODS, PROTOBUF, protobuf_pod(60_000)),
    ]


def wide_config_map():
    """An object with 30,000 keys, for a patch of 10,000 operations to work on."""
    return {"metadata": {"name": "wide"}, "data": {f"key-{index}": "value" for index in range(30_000)}}


def wide_patch():
    operations = [{"op": "replace", "path": f"/data/key-{index * 3}", "value": "x"} for index in range(10_000)]
    return json.dumps(operations).encode()


def install(server):
    """Creates what the patch needs."""
    status, body = server.call("POST", CONFIG_MAPS, wide_config_map())
    assert status in (201, 409), body[:200]


def all_requests():
    """Name, method, path, media type and body of all of them. Nothing is changed."""
    requests = [(name, "POST", f"{path}?dryRun=All", media, body) for name, path, media, body in creations()]
    patch = ("PATCH", f"{CONFIG_MAPS}/wide?dryRun=All", "application/json-patch+json", wide_patch())
    return requests + [("10,000 operations on 30,000 keys", *patch)]
