"""Serves the files of a folder on a free port of this machine, which the first line of the output says.

`X.redirect` holds the address that `X` leads to; `X.private` makes `X` ask for a token. Each request adds its path and its
token to the file `requests`.
"""
import http.server
import os
import sys
import threading

os.chdir(sys.argv[1])


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        token = self.headers.get("Authorization", "-")
        with open("requests", "a") as log:
            log.write(self.path + " " + token + "\n")
        file = self.path[1:]
        if os.path.exists(file + ".redirect"):
            self.send_response(302)
            self.send_header("Location", open(file + ".redirect").read())
            self.send_header("Content-Length", "0")
            return self.end_headers()
        private = os.path.exists(file + ".private") and token == "-"
        found = os.path.isfile(file) and not private
        content = open(file, "rb").read() if found else b"no"
        self.send_response(200 if found else 401 if private else 404)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
# The server ends when its parent lets go of its input.
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
