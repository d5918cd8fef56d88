"""The n-th write, rename, link or flush fails, is cut short, or is the last call."""
import os, re, shutil, subprocess, sys

from .shop import RECIPE, ROOT


def fault(shop, options):
    library = os.path.join(shop.folder, "faults.so")
    subprocess.run(["clang", "-shared", "-fPIC", "-O1", "-o", library, os.path.join(ROOT, "Tests/Faults/faults.c"), "-ldl"], check=True)
    warm = RECIPE.replace("group_size: 32", "group_size: 16")
    # From nothing to the data; and from the student to the end, build commit and all.
    shop.build(cache="warm")
    parts = {"first": ("from nothing", RECIPE, ["data"], None), "last": ("the last stages", warm, [], "warm")}
    for name, recipe, targets, base in [parts[part] for part in options.parts.split(",")]:
        shop.write(recipe)
        reference, _ = shop.build(cache="reference")
        count_file = os.path.join(shop.folder, "count")

        def prepare():
            shop.remove("victim")
            if base:
                shutil.copytree(os.path.join(shop.folder, base), os.path.join(shop.folder, "victim"), symlinks=True)

        def attempt(extra, status):
            victim = os.path.join(shop.folder, "victim")
            return shop.run("build", "small.yaml", "--jobs", "1", *targets, cache="victim", status=status,
                            environment={"LD_PRELOAD": library, "FAULT_BELOW": victim, **extra})

        prepare()
        attempt({"FAULT_COUNT": count_file}, 0)
        total = int(open(count_file).read())
        tried = silent = 0
        messages = set()
        for kind in options.kinds.split(","):
            for n in range(options.first, total + 1, options.every):
                prepare()
                status, out, err = attempt({"FAULT_AT": str(n), "FAULT_KIND": kind}, None)
                if status not in (0, 1, 3, 137) or (status == 137 and kind != "crash"):
                    sys.exit(f"{name}, {kind} at {n}: ended with {status}\n{err}")
                if status in (1, 3) and "error:" not in err and "FAILED" not in err:
                    sys.exit(f"{name}, {kind} at {n}: nothing said\n{err}")
                if status == 0:
                    silent += 1
                for line in err.splitlines():
                    if line.startswith("error:"):
                        messages.add(re.sub(r"/\S+|[0-9a-f]{8,}", "…", line))
                shop.expect_whole(reference, "victim", f"{name}, {kind} at {n}")
                tried += 1
                if tried % 25 == 0:
                    print(f"    {name}, {kind}: call {n} of {total}", file=sys.stderr, flush=True)
        print(f"{name}: {total} calls, {tried} faults ({options.kinds}), {silent} of them without consequence: every fsck clean, the same commits each time")
        for message in sorted(messages):
            print("   ", message)
    shop.write(RECIPE)
