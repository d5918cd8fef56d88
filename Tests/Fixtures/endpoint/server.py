"""A server of chat completions for tests, on 127.0.0.1.

    python3 server.py FOLDER

Prints its port; ends when its standard input closes. It answers a query by calling the function whose words the query has most
of, with the first value of each argument; what it says depends on the request alone. FOLDER/requests has a line of JSON for each
request: `query`, `seed`, `attempt` (how often the same body came), `what` was done and the request's headers. The line is there
before the answer goes out. `what` is "gone" where nobody waits for the answer any more.
FOLDER/switches.json, read anew for each request, makes it misbehave:

    key        the key that every request must show; else 401
    faults     share of first attempts that fail, by the request's own hash: 429 (with Retry-After), 500, reset, malformed JSON,
               no choices, stall
    refuse     a status with which every request is refused
    message    what a refusal says
    always     one of the faults, for every request
    calls      how calls are spelled: "tools" (default), "text", "fenced", "marked", "plain", "cut", "broken"
    says       the reply to every question without functions
    pause      seconds before each answer
    echo       put the Authorization header into each answer
    usage      false: count no tokens
    reasoning  a text that it says it has thought before each call

A request without functions is a judge's question: without `says` it is answered yes or no, by its own hash one in eight times no.
"""
import hashlib, http.server, json, os, select, socket, struct, sys, threading, time

ROOT = os.path.abspath(sys.argv[1])
FAULTS = ["429", "500", "reset", "malformed", "empty", "stall"]
attempts = {}
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            switches = json.load(open(os.path.join(ROOT, "switches.json")))
        except FileNotFoundError:
            switches = {}
        request = json.loads(body)
        identity = hashlib.sha256(body).hexdigest()
        with lock:
            attempts[identity] = attempt = attempts.get(identity, 0) + 1
        what = self.choose(switches, identity, attempt)
        time.sleep(switches.get("pause", 0))
        if self.path != "/v1/chat/completions":
            what = "refused 404"
        if self.is_left_within(0):
            what = "gone"
        with lock, open(os.path.join(ROOT, "requests"), "a") as log:
            query = request["messages"][-1]["content"]
            line = {"query": query, "seed": request["seed"], "attempt": attempt, "what": what, "identity": identity}
            line["headers"] = dict(self.headers.items())
            line["tools"] = [tool["function"]["name"] for tool in request.get("tools", [])]
            log.write(json.dumps(line) + "\n")
        if what == "answer":
            self.complete(request, switches)
        else:
            getattr(self, "fail_" + what, self.refuse)(what, switches)

    def is_left_within(self, seconds):
        """Whether the client closes the connection; it sends no second request before it has its answer."""
        return bool(select.select([self.connection], [], [], seconds)[0])

    def choose(self, switches, identity, attempt):
        if "key" in switches and self.headers.get("Authorization") != "Bearer " + switches["key"]:
            return "refused 401"
        if "refuse" in switches:
            return f"refused {switches['refuse']}"
        if "always" in switches:
            return switches["always"]
        chance = int(identity[:8], 16) / 2**32
        if attempt == 1 and chance < switches.get("faults", 0):
            return FAULTS[int(identity[8:16], 16) % len(FAULTS)]
        return "answer"

    def answer(self, status, content, headers={}):
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def refuse(self, what, switches):
        message = switches.get("message", "no") + (" " + self.headers.get("Authorization", "") if switches.get("echo") else "")
        status = int(what.split()[-1])
        error = {"message": message, "code": switches.get("code")}
        headers = {"Location": "https://elsewhere.invalid/v1"} if status < 400 else {}
        self.answer(status, json.dumps({"error": error}).encode(), headers)

    def fail_429(self, what, switches):
        self.answer(429, b'{"error": {"message": "slow down"}}', {"Retry-After": "0.2"})

    def fail_500(self, what, switches):
        self.answer(500, b"<html>oops</html>")

    def fail_reset(self, what, switches):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()
        self.wfile = open(os.devnull, "wb")

    def fail_malformed(self, what, switches):
        self.answer(200, b'{"choices": [{"message": {"role": "assistant", "content": "hel')

    def fail_empty(self, what, switches):
        self.answer(200, b'{"choices": []}')

    def fail_stall(self, what, switches):
        self.is_left_within(600)
        self.close_connection = True

    def fail_gone(self, what, switches):
        self.close_connection = True

    def complete(self, request, switches):
        if not request.get("tools"):
            if "says" in switches:
                return self.reply({"role": "assistant", "content": switches["says"]}, "stop", request, switches)
            return self.judge(request)
        calls = self.calls(request)
        spelled = json.dumps([{"name": c["name"], "arguments": c["arguments"]} for c in calls])
        message, reason = {"role": "assistant", "content": None}, "stop"
        how = switches.get("calls", "tools")
        if how in ("tools", "broken"):
            reason = "tool_calls"
            message["tool_calls"] = [
                {"id": f"call_{i}", "type": "function", "function": {
                    "name": c["name"], "arguments": "{room: kitchen" if how == "broken" else json.dumps(c["arguments"])}}
                for i, c in enumerate(calls)]
        elif how == "marked":
            message["content"] = "<think>easy</think>\n" + "\n".join(
                "<tool_call>\n" + json.dumps(c) + "\n</tool_call>" for c in calls)
        else:
            message["content"] = {
                "text": spelled, "fenced": f"```json\n{spelled}\n```", "plain": "I cannot do that.", "cut": spelled[:-9]}[how]
            reason = "length" if how == "cut" else reason
        if "reasoning" in switches:
            message["reasoning_content"] = switches["reasoning"]
        self.reply(message, reason, request, switches)

    def reply(self, message, reason, request, switches):
        if switches.get("echo"):
            message["note"] = "asked with " + self.headers.get("Authorization", "")
        answer = {
            "id": "chatcmpl-test", "object": "chat.completion", "created": 1, "model": request["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": reason}]}
        if switches.get("usage", True):
            answer["usage"] = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
        self.answer(200, json.dumps(answer).encode())

    def judge(self, request):
        question = request["messages"][-1]["content"]
        word = "no" if int(hashlib.sha256(question.encode()).hexdigest()[:8], 16) % 8 == 0 else "yes"
        answer = {
            "id": "chatcmpl-test", "object": "chat.completion", "created": 1, "model": request["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": word}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 60, "completion_tokens": 1, "total_tokens": 61}}
        self.answer(200, json.dumps(answer).encode())

    def calls(self, request):
        words = set(request["messages"][-1]["content"].lower().split())
        best = max(
            (tool["function"] for tool in request.get("tools", [])),
            key=lambda f: (len(words & set((f["name"] + " " + f.get("description", "")).lower().replace("_", " ").split())), f["name"]))
        arguments = {}
        for name, schema in best["parameters"]["properties"].items():
            values = [v for v in schema.get("enum", []) if v in words] or schema.get("enum", [])
            arguments[name] = values[0] if values else 1 if schema["type"] == "integer" else request["seed"] % 3 * "x" + "y"
        return [{"name": best["name"], "arguments": arguments}]


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, request, address):
        pass


server = Server(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_port, flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
