"""Who may ask: pages of other sites may not, and where credentials are configured, nobody without them."""

from server import SERVICES, Server, text_file


def foreign_pages_are_refused(binary, port):
    with Server(binary, port) as server:
        own = f"{server.host}:{server.port}"
        refused = [
            {"Host": "evil.example"},
            {"Host": f"evil.example:{server.port}"},
            {"Host": own, "Origin": "http://evil.example"},
            {"Host": own, "Origin": "null"},
            {"Host": own, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        ]
        paths = ["/api/v1/secrets", SERVICES, f"{SERVICES}?watch=1&timeoutSeconds=1", "/kubedouble/controllers", "/docs"]
        wrong = [(path, lines) for path in paths for lines in refused if server.call("GET", path, headers=lines)[0] != 403]
        service = b'{"metadata": {"name": "x"}, "spec": {"ports": [{"port": 80}]}}'
        for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            if server.call("POST", SERVICES, service, media)[0] != 415:
                wrong.append(media)
        for lines in ({"Host": own}, {"Host": "localhost"}, {"Host": own, "Origin": f"http://{own}"}):
            if server.call("GET", SERVICES, headers=lines)[0] != 200:
                wrong.append(lines)
    count = len(paths) * len(refused)
    return f"{count - len(wrong)} of {count} refused" + (f", wrong: {wrong[:3]}" if wrong else ""), not wrong


def credentials_are_asked_for(binary, port):
    statuses = {}
    tokens = "secret,root,1,\"system:masters\"\n"
    for flags, expected in (((), 401), (("--anonymous-auth=true",), 200)):
        with text_file(tokens) as file, Server(binary, port, [f"--token-auth-file={file}", *flags]) as server:
            statuses[flags] = (server.call("GET", SERVICES)[0], expected)
    return f"{[status for status, _ in statuses.values()]}", all(a == b for a, b in statuses.values())
