"""What a server and its machine tell of themselves."""
import re
import time

from http_client import request_bytes


def processor():
    """The processor's name, and how many of it."""
    names = re.findall(r"^model name\s*: (.*)$", open("/proc/cpuinfo").read(), re.M)
    return f"{names[0] if names else 'an unknown processor'}, {len(names)} cores"


def resident_bytes(process):
    return 1024 * int(re.search(r"^VmRSS:\s+([0-9]+) kB", open(f"/proc/{process}/status").read(), re.M)[1])


async def figures(connections):
    """The sums over models of the server's figures, by name."""
    sums = {}
    for name, value in re.findall(r"^(decant_\w+)(?:\{.*\})? (\S+)$", (await connections.ask(
            request_bytes("metrics"))).body.decode(), re.M):
        sums[name] = sums.get(name, 0) + float(value)
    return sums


def quantile(times, part):
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def milliseconds(times):
    return f"P50 {1e3 * quantile(times, 0.5):.1f} ms, P99 {1e3 * quantile(times, 0.99):.1f} ms"


class Verdict:
    """Figures of a check in one line, and what is wrong with them."""

    def __init__(self, name):
        self.name, self.faults, self.began = name, [], time.monotonic()

    def expect(self, holds, fault):
        if not holds:
            self.faults.append(fault)

    def tell(self, figures):
        """Prints the line; the exit status of the check."""
        seconds = time.monotonic() - self.began
        print(f"{self.name}: {'FAILED' if self.faults else 'ok'}: {figures}; {seconds:.0f} s on {processor()}")
        for fault in self.faults[:10]:
            print(f"    {fault}")
        if len(self.faults) > 10:
            print(f"    and {len(self.faults) - 10} more")
        return int(bool(self.faults))
