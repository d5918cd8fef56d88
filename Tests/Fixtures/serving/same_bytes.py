"""Asks alone, then in crowds, and compares every byte: same_bytes.py PORT COUNT MODEL…"""
import asyncio
import random
import sys

from http_client import Connections
from request_mix import mixed_requests, written
from server_state import Verdict, figures

CROWD, ROUNDS = 64, 3


async def main(port, count, models):
    verdict = Verdict("same bytes alone and in a crowd")
    connections = Connections(port)
    bodies = mixed_requests(models, count)
    requests = [written(body) for body in bodies]
    alone = [(await connections.ask(request)).comparable for request in requests]
    for body, (status, _, answer) in zip(bodies, alone):
        verdict.expect(status == 200, f"{body} is answered with {status}: {answer[:200]}")

    differing = 0
    for number in range(ROUNDS):
        order = list(range(count))
        random.Random(number).shuffle(order)
        waiting = iter(order)

        async def client():
            nonlocal differing
            for place in waiting:
                crowded = (await connections.ask(requests[place])).comparable
                if crowded != alone[place]:
                    differing += difference(crowded[2], alone[place][2])
                    verdict.expect(False, f"{bodies[place]}\n{told_apart(alone[place][2], crowded[2])}")

        await asyncio.gather(*(client() for _ in range(CROWD)))
    engine = await figures(connections)
    connections.close()
    size = sum(len(answer) for _, _, answer in alone)
    return verdict.tell(
        f"{count} requests to {len(models)} models, alone and {ROUNDS} times {CROWD} at a time, {differing} of {ROUNDS * size} "
        f"bytes differ (id, created and cached_tokens apart), {engine['decant_cached_tokens_total']:.0f} cached tokens, "
        f"{engine['decant_accepted_tokens_total']:.0f} drafted ones taken")


def difference(one, other):
    """Bytes that differ place by place, at least one."""
    return max(1, sum(a != b for a, b in zip(one, other)) + abs(len(one) - len(other)))


def told_apart(alone, crowded):
    start = next((place for place, pair in enumerate(zip(alone, crowded)) if pair[0] != pair[1]), 0)
    around = slice(max(0, start - 60), start + 60)
    return f"        alone {alone[around]}\n        in a crowd {crowded[around]}"


sys.exit(asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])))
