"""Loads a server for minutes at four fifths of its capacity, with bad clients among good ones, and compares every answer:
under_load.py PORT PROCESS MINUTES COUNT MODEL…"""
import asyncio
import collections
import json
import random
import re
import statistics
import sys
import time

from bad_clients import BAD_REQUESTS
from http_client import Connection, Connections, request_bytes
from request_mix import mixed_requests, path, written
from server_state import Verdict, figures, milliseconds, resident_bytes

CAPACITY_PART = 0.8
LEAVING, SLOW, BAD = 0.1, 0.1, 0.01
# Clients at one time that this program itself can be.
MOST_CLIENTS = 4000
PATIENCE = 120
LONG_STREAM = {"prompt": "kitchen", "max_tokens": 100, "ignore_eos": True, "n": 4, "temperature": 1, "stream": True}


class Load:
    def __init__(self, port, bodies, verdict):
        self.port, self.bodies, self.verdict = port, bodies, verdict
        self.connections = Connections(port)
        self.requests = [written(body) for body in bodies]
        self.streams = [written(LONG_STREAM | {"model": body["model"]}) for body in bodies[::7]]
        self.counts, self.times, self.memory = collections.Counter(), [], []
        self.draw = random.Random(5)

    async def learn(self):
        """Asks for the right answers, alone, and for the statuses that the server documents."""
        document = json.loads((await self.connections.ask(request_bytes("openapi.json"))).body)
        self.documented = {name[1:]: {int(status) for status in routes["post"]["responses"]}
                           for name, routes in document["paths"].items() if "post" in routes}
        self.right = [(await self.connections.ask(request)).comparable for request in self.requests]

    async def capacity(self, seconds):
        """Answers per second to 32 clients that ask again at once."""
        end, count = time.monotonic() + seconds, 0

        async def client():
            nonlocal count
            while time.monotonic() < end:
                await self.connections.ask(self.draw.choice(self.requests))
                count += 1

        await asyncio.gather(*(client() for _ in range(32)))
        return count / seconds

    # Clients

    @property
    def clients(self):
        return {self.usual: 1 - LEAVING - SLOW - BAD, self.leaving: LEAVING, self.slow: SLOW, self.bad: BAD}

    def drawn_client(self):
        return self.draw.choices(list(self.clients), self.clients.values())[0]

    def check(self, place, answer):
        self.counts[f"status {answer.status}"] += 1
        self.verdict.expect(answer.status in self.documented[path(self.bodies[place])],
                            f"{self.bodies[place]} is answered with {answer.status}, which is not documented")
        if answer.status == 200:
            self.counts["compared"] += 1
            self.verdict.expect(answer.comparable == self.right[place], f"{self.bodies[place]} has a wrong answer")

    async def usual(self):
        place = self.draw.randrange(len(self.requests))
        began = time.monotonic()
        self.check(place, await self.connections.ask(self.requests[place]))
        self.times.append(time.monotonic() - began)

    async def leaving(self):
        """Goes in the middle of a stream."""
        connection = await Connection.open(self.port)
        connection.writer.write(self.draw.choice(self.streams))
        await connection.reader.read(self.draw.choice([1, 400, 1500]))
        connection.leave()

    async def slow(self):
        """Reads a few bytes at a time."""
        place = self.draw.randrange(len(self.requests))
        connection = await Connection.open(self.port, limit=256)
        connection.writer.write(written(self.bodies[place], "Connection: close\r\n"))
        whole = asyncio.StreamReader(limit=1 << 20)
        while part := await connection.reader.read(128):
            whole.feed_data(part)
            await asyncio.sleep(0.02)
        whole.feed_eof()
        connection.reader = whole
        self.check(place, await connection.answer())
        connection.leave()

    async def bad(self):
        name, request = self.draw.choice(list(BAD_REQUESTS.items()))
        connection = await Connection.open(self.port)
        connection.writer.write(request)
        answer = b""
        try:
            async with asyncio.timeout(3):
                while part := await connection.reader.read(1 << 16):
                    answer += part
        except (TimeoutError, ConnectionError):
            pass
        connection.leave()
        for status in map(int, re.findall(rb"HTTP/1\.1 ([0-9]{3})", answer)):
            self.verdict.expect(400 <= status < 500, f"the bad request '{name}' is answered with {status}")

    async def served(self, client):
        self.counts[client.__name__] += 1
        try:
            async with asyncio.timeout(PATIENCE):
                await client()
        except Exception as fault:
            self.verdict.expect(False, f"a client of the kind '{client.__name__}' got {fault!r}")

    # The load

    async def run(self, rate, seconds, process):
        tasks = set()
        watch = asyncio.create_task(self.watch(process))
        began = time.monotonic()
        at = 0.0
        while (at := at + self.draw.expovariate(rate)) < seconds:
            await asyncio.sleep(max(0, began + at - time.monotonic()))
            if len(tasks) >= MOST_CLIENTS:
                self.verdict.expect(False, f"{MOST_CLIENTS} clients wait at the same time")
                break
            task = asyncio.create_task(self.served(self.drawn_client()))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        self.rate = sum(self.counts[client.__name__] for client in self.clients) / (time.monotonic() - began)
        if tasks:
            await asyncio.wait(tasks)
        watch.cancel()

    async def watch(self, process):
        while True:
            self.memory.append(resident_bytes(process))
            await asyncio.sleep(0.5)

    def growth(self, seconds):
        """Of memory, from two minutes on, or what of a short load is warm, to the end of the load: a part of what it was."""
        warm = self.memory[int(len(self.memory) * min(0.4, 120 / seconds)):]
        tenth = max(1, len(warm) // 10)
        return statistics.median(warm[-tenth:]) / statistics.median(warm[:tenth]) - 1

    async def quiet(self):
        """The figures when nothing is asked; what has not ended by then is stuck."""
        self.connections.close()
        wanted = ["decant_running", "decant_waiting", "decant_cache_blocks_held"]
        for _ in range(100):
            told = await figures(self.connections)
            if all(told[name] == 0 for name in wanted) and told["decant_connections"] == 1:
                break
            await asyncio.sleep(0.1)
        for name in wanted:
            self.verdict.expect(told[name] == 0, f"{name} is {told[name]:.0f} at the end")
        self.verdict.expect(
            told["decant_connections"] == 1, f"{told['decant_connections'] - 1:.0f} connections are open at the end")
        self.connections.close()
        return told


async def main(port, process, minutes, count, models):
    verdict = Verdict("under load")
    load = Load(port, mixed_requests(models, count), verdict)
    await load.learn()
    capacity = await load.capacity(min(20, minutes * 5))
    await load.run(CAPACITY_PART * capacity, 60 * minutes, process)
    growth = load.growth(60 * minutes)
    verdict.expect(growth <= 0.02, f"memory has grown by {100 * growth:.1f}%")
    told = await load.quiet()
    statuses = ", ".join(f"{number} {name}" for name, number in sorted(load.counts.items()) if name.startswith("status"))
    return verdict.tell(
        f"{minutes:g} minutes at {CAPACITY_PART * capacity:.0f} of {capacity:.0f} requests/s, {load.rate:.0f} reached; "
        f"{load.counts['usual']} usual clients, {load.counts['leaving']} that leave, {load.counts['slow']} slow, {load.counts['bad']} bad; {statuses}; "
        f"{load.counts['compared']} answers compared; {milliseconds(load.times)}; memory {load.memory[-1] / 2**20:.0f} MiB, "
        f"{100 * growth:+.2f}% since it was warm; {told['decant_answers_cancelled_total']:.0f} answers cancelled, "
        f"{told['decant_running']:.0f} run, {told['decant_waiting']:.0f} wait")


if __name__ == "__main__":
    sys.exit(asyncio.run(main(
        int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])))
