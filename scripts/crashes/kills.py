"""SIGKILL at random moments in builds."""
import random, signal, time


def kill(shop, options):
    reference, _ = shop.build(cache="reference")
    started = time.time()
    shop.build(cache="timing")
    whole = time.time() - started
    chance = random.Random(options.seed)
    kills = rounds = 0
    while kills < (options.count or 500):
        rounds += 1
        # Several kills in a row in one store, each going on where the one before was cut off.
        for _ in range(chance.randint(1, 6)):
            process = shop.start("build", "small.yaml", "--checkpoint-seconds", "0", cache="victim")
            time.sleep(chance.uniform(0, whole))
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                kills += 1
            process.communicate()
        shop.expect_whole(reference, "victim", f"{kills} kills")
        shop.remove("victim")
    print(f"{kills} builds killed in {rounds} stores (a whole build takes {whole:.1f} s): every fsck clean, the same commits each time")
