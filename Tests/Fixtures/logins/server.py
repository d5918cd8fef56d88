"""A server on 127.0.0.1 that writes down who says what to it.

    python3 server.py FOLDER

Prints its port; ends when its standard input closes. FOLDER/requests has a line of JSON for each request: its method, its path
and its headers. FOLDER/switches.json, read anew for each request, says how it answers:

    redirect   an address: the request is led there, its path added
    status     of the redirection, else 302
    ask        ask for a login
    batch      answer a batch of Git LFS with links that begin with this address
"""
import http.server, json, os, sys, threading

ROOT = os.path.abspath(sys.argv[1])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with open(os.path.join(ROOT, "requests"), "a") as log:
            headers = {name.lower(): value for name, value in self.headers.items()}
            log.write(json.dumps({"method": self.command, "path": self.path, "headers": headers}) + "\n")
        try:
            switches = json.load(open(os.path.join(ROOT, "switches.json")))
        except FileNotFoundError:
            switches = {}
        if "redirect" in switches:
            return self.answer(switches.get("status", 302), {"Location": switches["redirect"] + self.path})
        if switches.get("ask") and not self.headers.get("Authorization"):
            return self.answer(401, {"WWW-Authenticate": 'Basic realm="test"'})
        if "batch" in switches and self.path.endswith("/objects/batch"):
            objects = [
                {**item, "actions": {"download": {"href": switches["batch"] + "/" + item["oid"]}}}
                for item in json.loads(body)["objects"]
            ]
            return self.answer(200, {}, json.dumps({"objects": objects}).encode())
        self.answer(404, {})

    do_GET = do_POST = do_PUT = do_HEAD = do_CONNECT = handle_any

    def answer(self, status, headers, content=b""):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_port, flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
