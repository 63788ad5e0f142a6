"""Requests that take long: small ones do not wait for them, their cost is bounded, and the server can stop meanwhile."""

import signal
import threading
import time

import bodies
from server import SERVICES, Server, elapsed

#: How long any small request may take, in milliseconds.
WAIT_MAX = 250
SMALL_REQUESTS = 500
CLIENTS = 4


def small_requests_do_not_wait(binary, port):
    """Four clients send the worst bodies; others ask for little on new connections."""
    with Server(binary, port) as server:
        bodies.install(server)
        requests, over = bodies.all_requests(), threading.Event()

        def attack():
            while not over.is_set():
                for _, method, path, media, body in requests:
                    server.call(method, path, body, media)
                    if over.is_set():
                        return

        attackers = [threading.Thread(target=attack, daemon=True) for _ in range(CLIENTS)]
        for attacker in attackers:
            attacker.start()
        time.sleep(1)
        worst = {}
        for path in ("/livez", f"{SERVICES}/kubernetes"):
            worst[path] = 0
            for _ in range(SMALL_REQUESTS):
                worst[path] = max(worst[path], elapsed(lambda: expect(server.call("GET", path), 200)))
        over.set()
        for attacker in attackers:
            attacker.join()
    figure = ", ".join(f"{path.rsplit('/', 1)[1]} at most {took:.0f} ms" for path, took in worst.items())
    return figure, max(worst.values()) < WAIT_MAX


def cost_of_bodies(binary, port):
    with Server(binary, port) as server:
        bodies.install(server)
        costs = {}
        for name, method, path, media, body in bodies.all_requests():
            before = server.cpu()
            server.call(method, path, body, media)
            costs[name] = server.cpu() - before
    shares = {name: cost / bodies.CPU_MAX.get(name, bodies.CPU_MAX_OTHERS) for name, cost in costs.items()}
    figures = ", ".join(f"{name} {cost:.2f} s" for name, cost in costs.items())
    return f"CPU of {figures}", max(shares.values()) < 1


def stops_within_its_grace(binary, port):
    with Server(binary, port) as server:
        bodies.install(server)
        for _, method, path, media, body in bodies.all_requests():
            threading.Thread(target=ignore, args=(server, method, path, body, media), daemon=True).start()
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        took = elapsed(lambda: server.process.wait(30))
    return f"{took / 1000:.1f} s after SIGTERM", took < 11_000


def ignore(server, *request):
    try:
        server.call(*request)
    except OSError:
        pass
    except Exception:  # The server stops in the middle of a response.
        pass


def expect(response, status):
    assert response[0] == status, response
