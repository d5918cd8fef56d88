"""Holds very many connections that ask nothing, or ask slowly, while others ask as usual:
many_connections.py PORT PROCESS IDLE SLOW SECONDS MODEL…"""
import asyncio
import socket
import sys
import time

from http_client import Connections
from request_mix import mixed_requests, written
from server_state import Verdict, figures, milliseconds, quantile, resident_bytes

HEAD = b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"x" * 1000
# The server lets a connection go whose head does not come in this time.
HEAD_SECONDS = 60
# Requests that are asked one after the other.
ASKED = 200


def connected(port, count):
    sockets = []
    for _ in range(count):
        one = socket.create_connection(("127.0.0.1", port), timeout=30)
        one.setblocking(False)
        sockets.append(one)
    return sockets


def is_open(one):
    try:
        return one.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


async def write_slowly(sockets):
    """A byte a second to each, a tenth of them at a time."""
    for byte in HEAD:
        for part in range(10):
            for one in sockets[part::10]:
                try:
                    one.send(bytes([byte]))
                except OSError:
                    pass
            await asyncio.sleep(0.1)


async def asked(connections, requests, seconds):
    """The times of usual requests, at least so many and for so long."""
    times, end = [], time.monotonic() + seconds
    while len(times) < ASKED or time.monotonic() < end:
        began = time.monotonic()
        answer = await connections.ask(requests[len(times) % len(requests)])
        assert answer.status == 200, answer
        times.append(time.monotonic() - began)
    return times


async def main(port, process, idle, slow, seconds, models):
    verdict = Verdict("many connections")
    connections = Connections(port)
    requests = [written(body) for body in mixed_requests(models, ASKED)]
    await asked(connections, requests, 0)
    before, few = resident_bytes(process), await asked(connections, requests, 0)

    began = time.monotonic()
    sockets = connected(port, idle + slow)
    opening = time.monotonic() - began
    writing = asyncio.create_task(write_slowly(sockets[:slow]))
    many = await asked(connections, requests, seconds)
    told, memory = await figures(connections), resident_bytes(process)
    # Whoever came first may have had its time.
    if time.monotonic() - began < HEAD_SECONDS:
        still = sum(map(is_open, sockets))
        verdict.expect(still == idle + slow, f"{idle + slow - still} connections were closed before their time")
        verdict.expect(
            told["decant_connections"] > idle + slow, f"the server counts {told['decant_connections']:.0f} connections")
    began = time.monotonic()
    left = told["decant_connections"]
    while left > 1 and time.monotonic() - began < 2 * HEAD_SECONDS:
        await asyncio.sleep(1)
        left = (await figures(connections))["decant_connections"]
    verdict.expect(left == 1, f"{left - 1:.0f} connections are still open after {HEAD_SECONDS} seconds and more")
    writing.cancel()
    after = await asked(connections, requests, 0)
    # Of before and after, the slower one: other programs may have come meanwhile.
    slower = quantile(many, 0.5) / max(quantile(few, 0.5), quantile(after, 0.5))
    verdict.expect(slower < 2, f"requests take {slower:.1f} times as long beside them")
    verdict.expect(quantile(many, 0.99) < 1, "of a hundred requests beside them, one takes more than a second")
    connections.close()
    for one in sockets:
        one.close()
    return verdict.tell(
        f"{idle} idle and {slow} slow connections, opened in {opening:.1f} s, "
        f"{(memory - before) / 1024 / max(1, idle + slow):.1f} KiB of memory each; usual requests, one at a time: "
        f"{milliseconds(few)} before, {milliseconds(many)} beside them, {milliseconds(after)} after; "
        f"{left - 1:.0f} connections left behind their time")


sys.exit(asyncio.run(main(*map(int, sys.argv[1:6]), sys.argv[6:])))
