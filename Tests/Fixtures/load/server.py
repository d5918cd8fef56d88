"""A server of the OpenAI interface that streams at a pace, for tests, on 127.0.0.1.

    python3 server.py FOLDER [--attached]

Prints its port; with --attached a line of JSON with host, port and model. It ends when its standard input closes. An answer has
as many pieces as the request's `max_tokens`. FOLDER/requests has a line of JSON for each request: `path`, `connection` (a
number), `running` (how many run at once, this one among them), `key` (the Authorization header) and `body`.
FOLDER/switches.json, read anew for each request, says how it answers:

    first      seconds before the first piece
    gap        seconds before each further piece
    usage      false: count no tokens
    cached     prompt tokens that it says it has kept
    calls      true: stream the arguments of a call in place of words
    fault      "429", "500", "cut" (close within the stream), "error" (say so within the stream), "plain" (no stream),
               "leave" (close the connection behind a whole answer without a word), "length" (close to end the answer)
"""
import asyncio, json, os, sys, threading

ROOT = os.path.abspath(sys.argv[1])
connections = 0
running = 0


def switches():
    try:
        with open(os.path.join(ROOT, "switches.json")) as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def event(value, ending="\n"):
    return f"data: {json.dumps(value, separators=(',', ':'))}{ending}{ending}".encode()


def chunk(data):
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def piece(number, chat, calls):
    if not chat:
        return {"text": f" w{number}", "index": 0, "finish_reason": None}
    if calls:
        delta = {"tool_calls": [{"index": 0, "function": {"arguments": f"w{number}"}}]}
    else:
        delta = {"content": f" w{number}"}
    return {"delta": delta, "index": 0, "finish_reason": None}


async def answer(writer, path, body, how):
    chat = path.endswith("/chat/completions")
    fault = how.get("fault")
    tokens = body.get("max_tokens", 1)
    if fault in ("429", "500"):
        text = json.dumps({"error": {"message": "too much"}}).encode()
        writer.write(f"HTTP/1.1 {fault} Refused\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text)
        return True
    if fault == "plain":
        text = json.dumps({"choices": []}).encode()
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text)
        return True
    chunked = fault != "length"
    wrap = chunk if chunked else lambda data: data
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    writer.write((head + ("Transfer-Encoding: chunked\r\n\r\n" if chunked else "Connection: close\r\n\r\n")).encode())
    if chat:
        writer.write(wrap(event({"choices": [{"delta": {"role": "assistant", "content": ""}, "index": 0}]})))
    await asyncio.sleep(how.get("first", 0))
    for number in range(tokens):
        if number:
            await asyncio.sleep(how.get("gap", 0))
        if number == 1 and fault == "cut":
            return False
        if number == 1 and fault == "error":
            writer.write(wrap(event({"error": {"message": "no memory"}})))
        writer.write(wrap(event({"choices": [piece(number, chat, how.get("calls"))], "usage": None})))
        await writer.drain()
    writer.write(wrap(event({"choices": [{"delta": {}, "text": "", "index": 0, "finish_reason": "stop"}]})))
    if how.get("usage", True):
        prompt = sum(len(message["content"].split()) for message in body["messages"]) if chat else len(body["prompt"].split())
        usage = {"prompt_tokens": prompt, "completion_tokens": tokens}
        if "cached" in how:
            usage["prompt_tokens_details"] = {"cached_tokens": how["cached"]}
        writer.write(wrap(event({"choices": [], "usage": usage}, ending="\r\n")))
    writer.write(wrap(b"data: [DONE]\n\n"))
    if chunked:
        writer.write(b"0\r\n\r\n")
    return fault not in ("leave", "length")


async def serve(reader, writer):
    global connections, running
    connections += 1
    connection = connections
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            path = head[0].split()[1]
            headers = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in head[1:] if ":" in line}
            body = json.loads(await reader.readexactly(int(headers["content-length"])))
            running += 1
            line = {"path": path, "connection": connection, "running": running, "key": headers.get("authorization"), "body": body}
            with open(os.path.join(ROOT, "requests"), "a") as log:
                log.write(json.dumps(line) + "\n")
            keeps = await answer(writer, path, body, switches())
            running -= 1
            await writer.drain()
            if not keeps:
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 24)
    port = server.sockets[0].getsockname()[1]
    attached = "--attached" in sys.argv
    print(json.dumps({"host": "127.0.0.1", "port": port, "model": "tiny"}) if attached else port, flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    async with server:
        await server.serve_forever()


asyncio.run(main())
