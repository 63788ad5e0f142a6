"""A page of another site, open in a real browser, can neither read nor change anything; the server's own pages work.

Needs Debian's chromium.
"""

import http.server
import json
import shutil
import subprocess
import tempfile
import threading

from server import CONFIG_MAPS, Server

SECONDS = 40

#: What the page tries. Each promise gives true if the attack worked.
PAGE = """<!doctype html><body><iframe name=sink></iframe><script>
const target = "TARGET", rebound = "REBOUND", made = [];
const path = "/api/v1/namespaces/default/configmaps";
const object = name => JSON.stringify({metadata: {name}, data: {k: "v"}});
const soon = (promise, otherwise) => Promise.race([promise, new Promise(r => setTimeout(() => r(otherwise), 4000))]);
const attempt = async work => { try { return await soon(work(), false); } catch (error) { return false; } };
const attacks = {
  "fetch": async () => (await fetch(target + "/api/v1/secrets")).ok,
  "fetch by the name that leads here": async () => (await fetch(rebound + "/api/v1/secrets")).ok,
  "fetch without cors": async () => { await fetch(target + path, {method: "POST", mode: "no-cors", body: object("by-fetch")}); return false; },
  "fetch with JSON": async () => (await fetch(target + path, {method: "POST", headers: {"Content-Type": "application/json"}, body: object("by-json")})).ok,
  "delete": async () => (await fetch(target + path + "/kept", {method: "DELETE"})).ok,
  "beacon": async () => { navigator.sendBeacon(target + path, new Blob([object("by-beacon")], {type: "text/plain"})); return false; },
  "form": async () => {
    const form = document.createElement("form");
    Object.assign(form, {method: "POST", action: target + path, enctype: "text/plain", target: "sink"});
    const field = document.createElement("input");
    field.name = '{"metadata":{"name":"by-form"},"data":{"k":"'; field.value = '"}}';
    form.append(field); document.body.append(form); form.submit(); return false;
  },
  "script": () => new Promise(done => {
    const script = document.createElement("script");
    script.src = target + "/kubedouble/controllers"; script.onload = () => done(true); script.onerror = () => done(false);
    document.body.append(script);
  }),
  "WebSocket": () => new Promise(done => {
    const socket = new WebSocket(target.replace("http", "ws") + path + "?watch=1");
    socket.onopen = () => done(true); socket.onerror = () => done(false);
  }),
};
(async () => {
  const worked = [];
  for (const [name, work] of Object.entries(attacks)) if (await attempt(work)) worked.push(name);
  await fetch("/result", {method: "POST", body: JSON.stringify({tried: Object.keys(attacks).length, worked})});
})();
</script>"""


def foreign_page_in_chromium(binary, port):
    browser = shutil.which("chromium")
    if browser is None:
        return "chromium is missing: apt-get install chromium", False
    with Server(binary, port) as server, Site(server) as site:
        kept = {"metadata": {"name": "kept"}}
        assert server.call("POST", CONFIG_MAPS, kept)[0] == 201
        site.open(browser, f"http://evil.example:{site.port}/")
        told = site.result.wait(SECONDS)
        objects = json.loads(server.call("GET", CONFIG_MAPS)[1])["items"]
        names = sorted(item["metadata"]["name"] for item in objects)
        docs = open_page(browser, f"http://{server.host}:{server.port}/docs")
    if not told:
        return "the page did not finish", False
    figure = f"{site.told['tried']} attacks, worked: {site.told['worked']}, objects afterwards: {names}, /docs has {len(docs)} bytes"
    return figure, names == ["kept", "kube-root-ca.crt"] and not site.told["worked"] and "kubedouble" in docs


class Site:
    """A web site that serves the page, and is told what came of it."""

    def __init__(self, server):
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                rebound = f"http://evil.example:{server.port}"
                page = PAGE.replace("TARGET", f"http://{server.host}:{server.port}").replace("REBOUND", rebound).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(page)

            def do_POST(self):
                site.told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(204)
                self.end_headers()
                site.result.set()

            def log_message(self, *_):
                pass

        self.result, self.told, self.browser = threading.Event(), None, None
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_port

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        if self.browser:
            self.browser.kill()
            self.browser.wait()
            self.profile.cleanup()
        self.http.shutdown()

    def open(self, browser, url):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        arguments = [*flags(browser, self.profile.name), "--remote-debugging-port=0", url]
        self.browser = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def open_page(browser, url):
    """What a page looks like once its scripts have run."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        arguments = [*flags(browser, profile), "--virtual-time-budget=5000", "--dump-dom", url]
        return subprocess.run(arguments, capture_output=True, text=True, timeout=SECONDS).stdout


def flags(browser, profile):
    rules = "--host-resolver-rules=MAP evil.example 127.0.0.1"
    return [browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--user-data-dir={profile}", rules]
