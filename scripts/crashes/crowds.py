"""Many builds: at once in one store, on a disk that fills up, and one after the other."""
import json, os, re, subprocess, sys, time

from .shop import RECIPE


def share(shop, options):
    """Eight recipes whose paths part at the end."""
    for index in range(8):
        text = RECIPE.replace("name: small", f"name: small{index}").replace("group_size: 32", f"group_size: {[8, 16, 32][index % 3]}")
        if index % 2:
            text = text.replace("SFT(steps: 4)", f"SFT(steps: {4 + index % 4})")
        shop.write(text, f"small{index}.yaml")
    reference = {}
    for index in range(8):
        reference[index], _ = shop.build(f"small{index}.yaml", cache="reference")
    ran_in_all = 0
    for round in range(options.rounds):
        processes = [shop.start("build", f"small{index}.yaml", "--json", cache="shared") for index in range(8)]
        ran = {}
        for index, process in enumerate(processes):
            out, err = process.communicate(timeout=3600)
            if process.returncode != 0:
                sys.exit(f"round {round}, build {index} ended with {process.returncode}: {err}")
            events = [json.loads(line) for line in out.splitlines()]
            commits = {target["name"]: target["commit"] for target in events[-1]["targets"]}
            if commits != reference[index]:
                sys.exit(f"round {round}, build {index} gives other commits")
            for event in events:
                if event["event"] == "stage-finished" and not event["cached"] and event["seconds"] > 0:
                    ran[event["key"]] = ran.get(event["key"], 0) + 1
        twice = [key for key, times in ran.items() if times > 1]
        if twice:
            sys.exit(f"round {round}: actions that ran twice: {twice}")
        ran_in_all += len(ran)
        status, out, _ = shop.run("fsck", cache="shared", status=None)
        if status != 0:
            sys.exit(f"round {round}, fsck: {out}")
        shop.remove("shared")
    print(f"{options.rounds} rounds of eight builds at once: {ran_in_all} actions ran, none twice, every fsck clean, the same commits each time")


def full(shop, options):
    """In a mount namespace of its own, where anybody may mount a small disk."""
    reference, _ = shop.build(cache="reference")
    os.mkdir(os.path.join(shop.folder, "disk"))
    for size in options.sizes.split(","):
        script = f"""
            set -e
            mount -t tmpfs -o size={size}k none disk
            status=0
            "$0" build small.yaml --cache disk/cache 2> full.err >&2 || status=$?
            cat full.err >&2
            [ $status = 1 ] || [ $status = 3 ] || {{ echo "ended with $status" >&2; exit 9; }}
            mount -o remount,size=64m disk
            "$0" fsck --cache disk/cache >&2
            "$0" build small.yaml --json --cache disk/cache | tail -1
            "$0" fsck --cache disk/cache >&2
        """
        result = subprocess.run(["unshare", "--map-root-user", "--mount", "sh", "-c", script, shop.program], cwd=shop.folder,
                                stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if result.returncode != 0:
            sys.exit(f"a disk of {size} KiB: ended with {result.returncode}\n{result.stderr}")
        message = next((line for line in result.stderr.splitlines() if "o space left" in line or "is full" in line), None)
        if message is None:
            sys.exit(f"a disk of {size} KiB: no word of the full disk\n{result.stderr}")
        commits = {target["name"]: target["commit"] for target in json.loads(result.stdout)["targets"]}
        if commits != reference:
            sys.exit(f"a disk of {size} KiB: other commits after it grew")
        print(f"a disk of {size} KiB: {re.sub(r'/[^ ]+/', '…/', message.strip())}; after it grew, fsck clean and the same commits")


def history(shop, options):
    """A store with one build and one with many, asked in turns, so that both see the same machine."""
    def variant(number):
        shop.write(RECIPE.replace("The whole path in a second.", f"Build {number}.")
                   .replace("metrics: [ar, flops]", f"metrics: [ar, flops], max_tokens: {40 + number}"))

    def seconds(cache):
        started = time.time()
        shop.build(cache=cache)
        return time.time() - started

    def no_op():
        shop.write(RECIPE)
        best = {"young": 1e9, "old": 1e9}
        for cache in best:
            shop.build(cache=cache)
        for _ in range(15):
            for cache in best:
                best[cache] = min(best[cache], seconds(cache))
        return best

    def small_change(number):
        best = {"young": 1e9, "old": 1e9}
        for step in range(5):
            variant(number + step)
            for cache in best:
                best[cache] = min(best[cache], seconds(cache))
        return best

    def say(builds, what, best):
        print(f"{builds} builds: {what} {best['old']:.3f} s, after one {best['young']:.3f} s, "
              f"ratio {best['old'] / best['young']:.2f}", flush=True)

    shop.build(cache="young")
    shop.build(cache="old")
    for number in range(1, options.builds + 1):
        variant(number)
        shop.build(cache="old")
        if number % 200 == 0:
            say(number, "no-op", no_op())
    say(options.builds, "no-op", no_op())
    say(options.builds, "small change", small_change(options.builds + 1))
