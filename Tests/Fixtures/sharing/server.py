"""A git server with Git LFS for tests: serves the bare repositories of a folder on 127.0.0.1.

    python3 server.py FOLDER

Prints its port; ends when its standard input closes. Objects lie where Git LFS keeps them, REPOSITORY/lfs/objects.
FOLDER/requests lists what was asked. FOLDER/switches.json, read anew for each request, makes it misbehave:

    auth       "user:password" that every request must show
    cut        send so many bytes of an object, then close the connection
    wrong      send other bytes of the same length
    expired    give addresses that have expired, the first time
    no_range   ignore Range
    lost       know no object
    fail       for "batch", "object" or "verify": {"status", "times", "after", "body"}; so often each address fails
    refuse     {"code", "message"} for each object of a batch

FOLDER/cert.pem and key.pem make it speak https, as localhost.
"""
import base64, hashlib, http.server, json, os, re, ssl, subprocess, sys, threading

ROOT = os.path.abspath(sys.argv[1])
TYPE = "application/vnd.git-lfs+json"
expired_once = set()
failures = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def handle_any(self):
        body = self.body()
        with open(os.path.join(ROOT, "requests"), "a") as log:
            log.write(f"{self.command} {self.path} {self.headers.get('Range', '-')}\n")
        try:
            self.switches = json.load(open(os.path.join(ROOT, "switches.json")))
        except FileNotFoundError:
            self.switches = {}
        wanted = self.switches.get("auth")
        shown = self.headers.get("Authorization", "")
        if wanted and shown != "Basic " + base64.b64encode(wanted.encode()).decode():
            return self.answer(401, b"", {"WWW-Authenticate": 'Basic realm="test"'})
        path = self.path.split("?")[0]
        if match := re.fullmatch(r"/([\w.-]+\.git)/info/lfs/objects/batch", path):
            return self.batch(match[1], json.loads(body))
        if match := re.fullmatch(r"/([\w.-]+\.git)/info/lfs/objects/([0-9a-f]{64}|verify)", path):
            return self.object(match[1], match[2], body)
        self.git(path, body)

    do_GET = do_POST = do_PUT = do_HEAD = handle_any

    def fails(self, kind):
        """Answers with a failure as long as the switches say so."""
        fault = self.switches.get("fail", {}).get(kind)
        if not fault:
            return False
        failures[self.path] = failures.get(self.path, 0) + 1
        if failures[self.path] > fault.get("times", 1):
            return False
        headers = {"Retry-After": fault["after"]} if "after" in fault else {}
        self.answer(fault["status"], fault.get("body", '{"message": "not now"}').encode(), headers)
        return True

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, status, content, headers={}):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def place(self, repository, oid):
        return os.path.join(ROOT, repository, "lfs", "objects", oid[:2], oid[2:4], oid)

    def batch(self, repository, question):
        if self.fails("batch"):
            return
        assert question["transfers"] == ["basic"] and question["hash_algo"] == "sha256"
        assert self.headers["Accept"] == TYPE and self.headers["Content-Type"] == TYPE
        here = f"{SCHEME}://{HOST}:{self.server.server_port}/{repository}/info/lfs/objects/"
        objects = []
        for item in question["objects"]:
            oid, entry = item["oid"], {"oid": item["oid"], "size": item["size"]}
            action = {"href": here + oid, "header": {"X-Test": "yes"}, "expires_in": 3600}
            if self.switches.get("expired") and oid not in expired_once:
                expired_once.add(oid)
                action["expires_in"], action["href"] = -60, here + "0" * 64
            if refusal := self.switches.get("refuse"):
                objects.append({**entry, "error": refusal})
                continue
            there = os.path.exists(self.place(repository, oid)) and not self.switches.get("lost")
            if question["operation"] == "download":
                if there:
                    entry["actions"] = {"download": action}
                else:
                    entry["error"] = {"code": 404, "message": "no such object"}
            elif not there:
                verify = {"href": here + "verify", "header": {"X-Test": "yes"}}
                entry["actions"] = {"upload": action, "verify": verify}
            objects.append(entry)
        self.answer(200, json.dumps({"transfer": "basic", "objects": objects}).encode(), {"Content-Type": TYPE})

    def object(self, repository, oid, body):
        if self.headers.get("X-Test") != "yes":
            return self.answer(403, b'{"message": "the headers of the batch answer are missing"}')
        if self.fails("verify" if oid == "verify" else "object"):
            return
        if oid == "verify":
            item = json.loads(body)
            path = self.place(repository, item["oid"])
            good = os.path.exists(path) and os.path.getsize(path) == item["size"]
            return self.answer(200 if good else 422, b"")
        path = self.place(repository, oid)
        if self.command == "PUT":
            if hashlib.sha256(body).hexdigest() != oid:
                return self.answer(422, b'{"message": "other bytes than the name says"}')
            os.makedirs(os.path.dirname(path), exist_ok=True)
            open(path, "wb").write(body)
            return self.answer(200, b"")
        if not os.path.exists(path):
            return self.answer(404, b'{"message": "no such object"}')
        content = open(path, "rb").read()
        if self.switches.get("wrong"):
            content = bytes(len(content))
        status, headers, start = 200, {"Content-Length": str(len(content))}, 0
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if wanted and not self.switches.get("no_range"):
            start = int(wanted[1])
            status = 206
            headers = {"Content-Length": str(len(content) - start)}
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        cut = self.switches.get("cut")
        self.wfile.write(content[start:] if cut is None else content[start : start + cut])
        if cut is not None:
            self.close_connection = True

    def git(self, path, body):
        environment = {
            **os.environ, "GIT_PROJECT_ROOT": ROOT, "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path,
            "REQUEST_METHOD": self.command, "QUERY_STRING": self.path.partition("?")[2],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
            "REMOTE_USER": "test", "REMOTE_ADDR": "127.0.0.1", "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.receivepack", "GIT_CONFIG_VALUE_0": "true",
        }
        if encoding := self.headers.get("Content-Encoding"):
            environment["HTTP_CONTENT_ENCODING"] = encoding
        if protocol := self.headers.get("Git-Protocol"):
            environment["GIT_PROTOCOL"] = protocol
        run = subprocess.run(["git", "http-backend"], input=body, env=environment, stdout=subprocess.PIPE)
        head, _, content = run.stdout.partition(b"\r\n\r\n")
        headers, status = {}, 200
        for line in head.decode().split("\r\n"):
            name, _, value = line.partition(": ")
            if name == "Status":
                status = int(value.split()[0])
            elif name:
                headers[name] = value
        self.answer(status, content, headers)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
SCHEME, HOST = "http", "127.0.0.1"
if os.path.exists(os.path.join(ROOT, "cert.pem")):
    SCHEME, HOST = "https", "localhost"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(ROOT, "cert.pem"), os.path.join(ROOT, "key.pem"))
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(server.server_port, flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
