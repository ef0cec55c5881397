"""A model behind a real HTTP server on loopback: slow, failing, hanging, restarted."""

import asyncio
import json
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np


def answers(X):
    """What the model says: not additive, and the same to the bit for every row."""
    return [float(row[0]) * float(row[1]) + float(row[2]) for row in X]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Clients come by the dozen.
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # clients that gave up


class ModelServer:
    """The server, with what it shall do to requests.

    Parameters
    ----------
    delay : float
        Seconds that an answer takes.
    """

    def __init__(self, delay=0.0):
        self.delay, self.failing_share, self.hangs = delay, 0.0, False
        self.rng = np.random.default_rng(0)
        self.n_calls = self.n_rows = self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()
        self._release = threading.Event()
        self.port = 0
        self.start()

    def start(self):
        """Start, or start again at the same address."""
        self._http = _Server(("127.0.0.1", self.port), self._handler())
        self.port = self._http.server_port
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self):
        self._release.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def predict(self, X):
        """Ask from this side, as any client would."""
        return client(self.port)(X)

    def _handler(server):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with server._lock:
                    server.n_calls += 1
                    server.at_once += 1
                    server.most_at_once = max(server.most_at_once, server.at_once)
                    fails = server.rng.uniform() < server.failing_share
                try:
                    time.sleep(server.delay)
                    if server.hangs:
                        server._release.wait(30)
                    X = json.loads(body)
                    self.send_response(503 if fails else 200)
                    self.end_headers()
                    if not fails:
                        with server._lock:
                            server.n_rows += len(X)
                        self.wfile.write(json.dumps(answers(X)).encode())
                finally:
                    with server._lock:
                        server.at_once -= 1

            def log_message(self, *args):
                pass

        return Handler


def client(port):
    """Function that asks the server, with a ConnectionError where it does not answer."""

    def predict(X):
        body = json.dumps(np.asarray(X).tolist()).encode()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}", body, 30) as reply:
                return np.array(json.load(reply))
        except urllib.error.HTTPError as error:
            error.close()
            raise ConnectionError(f"the server said {error.code}") from None
        except urllib.error.URLError as error:
            raise ConnectionError(str(error.reason)) from None

    return predict


def async_client(port):
    """The same as an asynchronous function."""

    async def predict(X):
        body = json.dumps(np.asarray(X).tolist()).encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            head = f"POST / HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
            reply = await reader.read()
        finally:
            writer.close()
        head, _, content = reply.partition(b"\r\n\r\n")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise ConnectionError("the server gave no answer")
        return np.array(json.loads(content))

    return predict
