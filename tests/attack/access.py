"""Roles decide what a user can do: every request agrees with what a SubjectAccessReview says of it."""

from server import Server, text_file

USERS = ["viewer", "editor", "administrator", "nobody", "root"]
ROLES = {"viewer": "view", "editor": "edit", "administrator": "admin"}
NAMESPACED = ["services", "pods", "secrets", "configmaps", "endpoints", "events", "serviceaccounts"]
GROUPED = [("apps", "v1", "deployments"), ("rbac.authorization.k8s.io", "v1", "roles"), ("coordination.k8s.io", "v1", "leases")]
CLUSTER = ["nodes", "namespaces"]
VERBS = {"get": ("GET", "/absent"), "list": ("GET", ""), "create": ("POST", ""), "delete": ("DELETE", "/absent"), "update": ("PUT", "/absent")}


def roles_decide(binary, port):
    users = "".join(f"{user},{user},{user}{',system:masters' if user == 'root' else ''}\n" for user in USERS)
    with text_file(users) as file, Server(binary, port, [f"--token-auth-file={file}", "--authorization-mode=RBAC"]) as server:
        bind(server)
        cells = list(matrix())
        wrong = [cell for cell in cells if not agree(server, *cell)]
        allowed = sum(review(server, *cell) for cell in cells)
    figure = f"{len(cells) - len(wrong)} of {len(cells)} requests agree with their review, {allowed} allowed {wrong[:2] or ''}"
    return figure, not wrong and 0 < allowed < len(cells)


def matrix():
    """User, group, version, plural, namespace and verb of every request."""
    for user in USERS:
        for namespace in ("default", "kube-system"):
            for group, version, plural in [("", "v1", plural) for plural in NAMESPACED] + GROUPED:
                for verb in VERBS:
                    yield user, group, version, plural, namespace, verb
        for plural in CLUSTER:
            for verb in VERBS:
                yield user, "", "v1", plural, "", verb


def bind(server):
    for user, role in ROLES.items():
        binding = {
            "metadata": {"name": user},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        }
        path = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings"
        assert server.call("POST", path, binding, headers=bearer("root"))[0] == 201


def agree(server, user, group, version, plural, namespace, verb):
    method, suffix = VERBS[verb]
    root = f"/apis/{group}/{version}" if group else f"/api/{version}"
    place = f"/namespaces/{namespace}" if namespace else ""
    body = {} if method in ("POST", "PUT") else None
    status, _ = server.call(method, f"{root}{place}/{plural}{suffix}?dryRun=All", body, headers=bearer(user))
    return (status != 403) == review(server, user, group, version, plural, namespace, verb)


def review(server, user, group, version, plural, namespace, verb):
    groups = ["system:authenticated"] + (["system:masters"] if user == "root" else [])
    asked = {"verb": verb, "group": group, "version": version, "resource": plural, "namespace": namespace}
    if VERBS[verb][1]:
        asked["name"] = "absent"
    spec = {"user": user, "groups": groups, "resourceAttributes": asked}
    status, body = server.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {"spec": spec}, headers=bearer("root"))
    assert status == 201, body
    return b'"allowed":true' in body


def bearer(user):
    return {"Authorization": f"Bearer {user}"}
