"""Propose a number of clusters as other processors would, over five seeds, and print the table.

    python scripts/check_k.py [EMBEDDINGS.npy ...] [--seeds=5]

Without embeddings, scikit-learn's ten digits are taken. Each row is a process of its own, in which the libraries are
told to use other instructions, threads or hashes; every row but the first differs from that one in what it names.
OPENBLAS_L2_SIZE and the like are unset in all, so that nothing is held by the machine's own settings. The last column
is the closest call: the rise of the proposed peak, or of a bump at a larger number, that lies nearest to the least that
makes a peak, in units of it (1 is on the line). Exits with 1 where the proposals of one set are not all the same.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
OWN = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "ONEDNN_MAX_CPU_ISA")
VARIATIONS: dict[str, dict[str, str]] = {
    "as it is": {},
    "OPENBLAS_CORETYPE=Haswell": {"OPENBLAS_CORETYPE": "Haswell"},
    "OPENBLAS_CORETYPE=Nehalem": {"OPENBLAS_CORETYPE": "Nehalem"},
    "NUMBA_CPU_NAME=generic": {"NUMBA_CPU_NAME": "generic"},
    "ONEDNN_MAX_CPU_ISA=AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
    "one thread": dict.fromkeys(THREADS, "1"),
    "two threads": dict.fromkeys(THREADS, "2"),
    "PYTHONHASHSEED=1": {"PYTHONHASHSEED": "1"},
    "PYTHONHASHSEED=2": {"PYTHONHASHSEED": "2"},
    "Haswell, generic, AVX2, one thread": {
        "OPENBLAS_CORETYPE": "Haswell",
        "NUMBA_CPU_NAME": "generic",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        **dict.fromkeys(THREADS, "1"),
    },
}


def propose(source: str, seeds: int) -> list[dict]:
    """Propose in this very process; `source` is a file of embeddings, or `digits`."""
    from sklearn.datasets import load_digits

    from autoencoder.clustering.choose_k import propose_k

    vectors = load_digits().data / 16 if source == "digits" else np.load(source)
    return [propose_k(vectors, seed=seed)._asdict() for seed in range(seeds)]


def proposals(source: str, seeds: int, changes: dict[str, str]) -> list[dict]:
    """Propose in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if name not in (*OWN, *THREADS)}
    command = [sys.executable, __file__, source, f"--seeds={seeds}", "--here"]
    done = subprocess.run(command, env=environment | changes, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def closest_call(proposal: dict) -> float:
    """Return the rise that lies nearest to the least that makes a peak, in units of it, of all that could change it."""
    from autoencoder.clustering.choose_k import least_rise, rise

    curve, first = np.array(proposal["silhouette"]), proposal["ks"].index(proposal["best"])
    rises = [rise(curve, place) / least_rise(curve) for place in range(first, len(curve)) if place != curve.argmax()]
    return min((each for each in rises if each > 0), key=distance, default=0.0)


def distance(call: float) -> float:
    """Return how far a rise is from the least, in factors up or down."""
    return abs(float(np.log(max(call, 1e-9))))


def main() -> int:
    """Print the table; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", nargs="*", default=["digits"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        print(json.dumps(propose(given.sources[0], given.seeds)))
        return 0
    steady = True
    print("| set | variation | proposed, a seed each | range | closest call |\n|---|---|---|---|---|")
    for source in given.sources:
        seen = set()
        for name, changes in VARIATIONS.items():
            made = proposals(source, given.seeds, changes)
            best = [each["best"] for each in made]
            seen |= set(best)
            span = f"{min(each['low'] for each in made)} to {max(each['high'] for each in made)}"
            call = min(map(closest_call, made), key=distance)
            print(f"| {Path(source).stem} | {name} | {' '.join(map(str, best))} | {span} | {call:.2f} |", flush=True)
        steady &= len(seen) == 1
    return 0 if steady else 1


if __name__ == "__main__":
    sys.exit(main())
