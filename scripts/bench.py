"""Measure how fast the program is, and write docs/performance.md: `python scripts/bench.py [PART ...] [--quick]`.

Every part writes its figures to docs/performance/PART.json, so that parts can be measured one by one; the page and
its pictures are made anew from all figures that are there. `--quick` uses tiny sizes, to see that the scripts work,
and leaves the page alone. Without names all parts are measured, each in a process of its own. What is made on the way
lies in a temporary folder (TMPDIR says where), 12 GB at most.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench_parts import (
    ceilings,
    decoder256,
    decoding,
    encoding,
    end_to_end,
    feeding,
    growth,
    kmeans,
    memory,
    precision,
    report_page,
    start,
)
from bench_parts.measure import Setup
from checkout import ROOT

PARTS = {
    "ceilings": ceilings.PART,
    "end_to_end": end_to_end.PART,
    "decoding": decoding.PART,
    "feeding": feeding.PART,
    "precision": precision.PART,
    "decoder256": decoder256.PART,
    "memory": memory.PART,
    "start": start.PART,
    "encoding": encoding.PART,
    "kmeans": kmeans.PART,
    "growth": growth.PART,
    "report_page": report_page.PART,
}


def main() -> int:
    """Measure the parts that are named, and write the page."""
    asked = arguments()
    names = asked.parts or list(PARTS)
    if len(names) > 1:
        print(f"about {sum(PARTS[name].minutes for name in names):.0f} minutes on two quiet cores", flush=True)
        flags = [word for word in sys.argv[1:] if word not in PARTS]
        return max(subprocess.run([sys.executable, __file__, name, *flags]).returncode for name in names)
    (name,) = names
    print(f"{name}: about {PARTS[name].minutes:g} minutes on two quiet cores", flush=True)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        docs = Path(place) / "docs" if asked.quick else ROOT / "docs"
        figures = {"processor": processor(), **measured(name, asked, Path(place))}
        (docs / "performance").mkdir(parents=True, exist_ok=True)
        text = json.dumps(rounded(figures), indent=1, ensure_ascii=False)
        (docs / "performance" / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        write_page(docs)
        print("\n".join(section(name, rounded(figures))))
    print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
    return 0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Measure how fast the program is, and write docs/performance.md.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all")
    for name in ("mnist", "cifar10"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="a folder that holds train and test")
    parser.add_argument("--torch", help="an interpreter that has PyTorch and OpenCV, for end_to_end")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured, in turns (3)")
    parser.add_argument("--epochs", type=int, default=5, help="of end_to_end (5)")
    parser.add_argument("--max_images", type=int, help="of each class, in end_to_end; all")
    parser.add_argument("--quick", action="store_true", help="tiny sizes; prints, and leaves the page alone")
    asked = parser.parse_args()
    if unknown := [name for name in asked.parts if name not in PARTS]:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return asked


def measured(name: str, asked: argparse.Namespace, place: Path) -> dict[str, Any]:
    """Return the figures of a part."""
    rounds = 1 if asked.quick else asked.rounds
    mnist, cifar10 = asked.mnist.resolve(), asked.cifar10.resolve()
    setup = Setup(mnist, cifar10, asked.torch, rounds, asked.epochs, asked.max_images, asked.quick, place)
    return PARTS[name].measure(setup)


def rounded(figures: Any) -> Any:
    """Return figures with five digits that count: the files stay small."""
    if isinstance(figures, dict):
        return {key: rounded(value) for key, value in figures.items()}
    if isinstance(figures, list | tuple):
        return [rounded(value) for value in figures]
    return float(f"{figures:.5g}") if isinstance(figures, float) else figures


def write_page(docs: Path) -> None:
    """Write performance.md and its pictures from every JSON file in performance/."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (docs / "performance").glob("*.json")}
    lines = [
        "# Speed, memory and growth",
        "",
        "Made by `make bench` (`scripts/bench.py`): medians of runs in turns, on one machine without a graphics card. "
        "`python scripts/bench.py PART` measures one part again. How much is gained hangs on the processor: "
        "[figures of others](decisions/precision.md).",
        "",
    ]
    (docs / "pictures").mkdir(exist_ok=True)
    for name, part in PARTS.items():
        if name in found:
            lines += section(name, found[name])
            if part.draw is not None:
                part.draw(found[name], docs / "pictures")
    (docs / "performance.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def section(name: str, figures: dict[str, Any]) -> list[str]:
    """Return the lines of a part's section."""
    where = figures.get(
        "processor", "not written down; two cores with AVX-512, on which bfloat16 is faster than float32"
    )
    head = [f"## {PARTS[name].title}", "", f"`python scripts/bench.py {name}`. Processor: {where}.", ""]
    return [*head, *PARTS[name].page(figures)]


def processor() -> str:
    """Name the processor, its number of cores, and what it computes in at once."""
    from autoencoder.training.precision import processor_flags, said_of_processors

    if not said_of_processors("model name"):
        return platform.processor() or platform.machine()
    facts = [next(iter(said_of_processors(name)), "unknown") for name in ("model name", "cpu family", "model")]
    sets = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in processor_flags()]
    return f"{facts[0]} (family {facts[1]}, model {facts[2]}), {', '.join([f'{os.cpu_count()} cores', *sets])}"


if __name__ == "__main__":
    sys.exit(main())
