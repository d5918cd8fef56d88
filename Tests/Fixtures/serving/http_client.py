"""A small client of HTTP/1.1 over asyncio, for checks that hold many connections or break the rules on purpose."""
import asyncio
import json
import re
import time
from dataclasses import dataclass


@dataclass
class Answer:
    status: int
    type: str
    body: bytes

    @property
    def comparable(self):
        """The answer without what differs between equal requests: its id, its time, and the number of cached tokens.

        Events of a stream stay in their order for each of several answers; among these, the order is that of the steps.
        """
        body = re.sub(rb'"id":"(chatcmpl|cmpl)-[0-9a-f]+-[0-9]+"', rb'"id":""', self.body)
        body = re.sub(rb'"created":[0-9]+', b'"created":0', body)
        body = re.sub(rb'"cached_tokens":[0-9]+', b'"cached_tokens":0', body)
        if self.type == "text/event-stream":
            events = body.split(b"\n\n")
            # An event of no answer tells of all, and comes last.
            body = b"\n\n".join(sorted(events, key=lambda event: int((re.findall(
                rb'"choices":\[\{"index":([0-9]+)', event) or [b"1000"])[0])))
        return self.status, self.type, body


def request_bytes(path, body=None, headers=""):
    """A request: a POST of `body` as JSON, or a GET where there is none."""
    if body is None:
        return f"GET /{path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode()
    content = json.dumps(body).encode()
    return (f"POST /{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n{headers}\r\n").encode() + content


class Connection:
    """A connection that is kept from one request to the next."""

    @classmethod
    async def open(cls, port, limit=1 << 20):
        connection = cls()
        connection.reader, connection.writer = await asyncio.open_connection("127.0.0.1", port, limit=limit)
        return connection

    async def ask(self, request):
        self.writer.write(request)
        await self.writer.drain()
        return await self.answer()

    async def answer(self):
        status, headers = await self.head()
        return Answer(status, headers.get("content-type", ""), await self.body(headers))

    async def head(self):
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = [line.split(":", 1) for line in lines[1:] if ":" in line]
        return int(lines[0].split()[1]), {name.lower(): value.strip() for name, value in pairs}

    async def body(self, headers):
        if headers.get("transfer-encoding") != "chunked":
            return await self.reader.readexactly(int(headers.get("content-length", 0)))
        parts = []
        while size := int(await self.reader.readline(), 16):
            parts.append((await self.reader.readexactly(size + 2))[:-2])
        await self.reader.readline()
        return b"".join(parts)

    def leave(self):
        """Goes away without a word."""
        self.writer.transport.abort()


class Connections:
    """Connections that wait for their next request, the newest first."""

    # Servers close a connection that waits for long: this one after a minute.
    MOST_SECONDS = 20

    def __init__(self, port):
        self.port, self.idle = port, []

    async def ask(self, request):
        connection = self.waiting() or await Connection.open(self.port)
        try:
            answer = await connection.ask(request)
        except BaseException:
            connection.leave()
            raise
        self.idle.append((time.monotonic(), connection))
        return answer

    def waiting(self):
        while self.idle and self.idle[0][0] < time.monotonic() - self.MOST_SECONDS:
            self.idle.pop(0)[1].leave()
        return self.idle.pop()[1] if self.idle else None

    def close(self):
        for _, connection in self.idle:
            connection.leave()
        self.idle = []
