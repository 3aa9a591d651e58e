"""`python -m tests.campaign --seeds 500`: the whole campaign; exit code 1 when an invariant broke."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor

from tests.campaign.system import run


def judge(seed: int) -> tuple[int, int, int, list[str], list[str]]:
    """Seed, accepted orders, dead letters, orders lost, orders charged amiss."""
    found = run(seed)
    return seed, len(found.accepted), len(found.kept), found.lost, found.charged_amiss


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=500)
    parser.add_argument("--first", type=int, default=0)
    arguments = parser.parse_args()
    broken = accepted = kept = 0
    with ProcessPoolExecutor() as pool:
        seeds = range(arguments.first, arguments.first + arguments.seeds)
        for seed, orders, letters, lost, amiss in pool.map(judge, seeds, chunksize=5):
            accepted, kept = accepted + orders, kept + letters
            if lost or amiss:
                broken += 1
                print(f"seed {seed}: lost {lost}, charged amiss {amiss}")
    print(f"{arguments.seeds} schedules, {accepted} orders accepted, {kept} dead letters, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
