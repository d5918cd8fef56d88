"""Serves one file on a free port of this machine, as badly as it is told.

`switches.json` holds the file's `size` and a `plan`: a list with what to do at the first request, the second, …; after its end
all goes well. A step may have:

    cut         bytes of the answer's body before the connection breaks
    status      refuse with this status instead
    retry       the header Retry-After
    tag         the file's entity tag from here on, with the bytes that go with it (else "one"); null sends none
    weak        the tag says that the file may have other bytes all the same
    whole       ranges are ignored
    wrong       a part begins one byte too early
    chunked     without a length
    stall       send half a body, then nothing for ten minutes; says in `requests` after how many seconds the client left
    drip        send a byte now and then
    headers     send headers without an end

Each request adds its range, and what it makes that depend on, to the file `requests`.
"""
import hashlib
import http.server
import json
import os
import select
import socket
import sys
import threading
import time

os.chdir(sys.argv[1])
lock = threading.Lock()
count = 0
tag = "one"


def content(size, tag):
    seed = hashlib.sha256((tag or "").encode()).digest()
    return (seed * (size // len(seed) + 1))[:size]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        global count, tag
        switches = json.load(open("switches.json"))
        with lock:
            plan = switches.get("plan", [])
            step = plan[count] if count < len(plan) else {}
            count += 1
            tag = step.get("tag", tag)
            asked = self.headers.get("Range", "-")
            condition = self.headers.get("If-Range", "-")
            with open("requests", "a") as log:
                log.write(f"{asked} {condition}\n")
        if "status" in step:
            self.send_response(step["status"])
            if "retry" in step:
                self.send_header("Retry-After", step["retry"])
            self.send_header("Content-Length", "0")
            return self.end_headers()
        data = content(switches["size"], tag)
        start = 0
        if asked.startswith("bytes=") and condition == f'"{tag}"' and not step.get("whole"):
            start = int(asked[6:].split("-")[0])
            if step.get("wrong"):
                start -= 1
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        if tag is not None:
            self.send_header("ETag", f'W/"{tag}"' if step.get("weak") else f'"{tag}"')
        body = data[start:]
        if step.get("chunked"):
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(body)))
        if step.get("headers"):
            for number in range(1_000_000):
                self.wfile.write(b"X-%d: %s\r\n" % (number, b"a" * 200))
        self.end_headers()
        if step.get("drip"):
            for byte in body:
                self.wfile.write(bytes([byte]))
                time.sleep(0.05)
        if step.get("stall"):
            self.wfile.write(body[: len(body) // 2])
            start = time.monotonic()
            select.select([self.connection], [], [], 600)
            with lock, open("requests", "a") as log:
                log.write(f"left {time.monotonic() - start}\n")
            self.close_connection = True
            return
        cut = step.get("cut")
        part = body if cut is None else body[:cut]
        if step.get("chunked"):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            if cut is None:
                self.wfile.write(b"0\r\n\r\n")
        else:
            self.wfile.write(part)
        if cut is not None:
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
# The server ends when its parent lets go of its input.
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
