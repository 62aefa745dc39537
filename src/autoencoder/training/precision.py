"""Which precision a network trains in: a rule over what the processor has and what the network is.

Nothing is timed, so that one machine always decides alike.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ..settings import Architecture, Training

CPUINFO = Path("/proc/cpuinfo")
TILES = "amx_bf16"
#: Whose avx512_bf16 is faster than float32. On Intel's, without tiles, products of 4,096 x 4,096 matrices made 166
#: GFLOPS in bfloat16 and 315 in float32; on AMD's, of 2,048 x 2,048, 203 and 120 (docs/decisions/precision.md).
FAST_WITHOUT_TILES = "AuthenticAMD"
#: Instructions that multiply bfloat16, as Linux names them; without them it is worked out in float32 after all.
INSTRUCTIONS = frozenset({"avx512_bf16", TILES})
#: The compute capability from which on graphics cards multiply bfloat16 (NVIDIA, CUDA C++ Programming Guide).
BFLOAT16_CARD = (8, 0)
#: Measured on a processor with AVX2 only: MNIST, 20,000 images, three epochs.
SLOW = (
    "warning: this processor has no instructions for bfloat16, and without them training took ten times as long as in "
    "float32 (425 seconds, not 42, for 20,000 images); leave --precision out"
)


class Choice(NamedTuple):
    """The precision to train in, and what the user is told about it; nothing where it goes without saying."""

    precision: str
    note: str


def choose_precision(architecture: Architecture, training: Training) -> Choice:
    """Return the precision that was asked for, or for `auto` the one that this processor and network call for.

    Parameters
    ----------
    architecture : Architecture
    training : Training
    """
    wanted = training.precision
    card = card_capability()
    if wanted == "bfloat16" and card is None and not computes_bfloat16():
        return Choice(wanted, SLOW)
    if wanted is not None:
        return Choice(wanted, "")
    precision, why = _rule(architecture, training, card)
    return Choice(precision, f"--precision={precision} is taken: {why}")


def _rule(architecture: Architecture, training: Training, card: tuple[int, int] | None) -> tuple[str, str]:
    if card is not None:
        if card < BFLOAT16_CARD:
            return (
                "float32",
                f"graphics cards multiply bfloat16 from compute capability 8.0 on; this one has {card[0]}.{card[1]}",
            )
    elif not computes_bfloat16():
        return "float32", "no instructions for bfloat16 are found in this processor"
    elif TILES not in processor_flags() and processor_maker() != FAST_WITHOUT_TILES:
        return "float32", "of this processor's instructions those for bfloat16 are the slower ones (avx512_bf16)"
    if architecture.batch_norm is not None:
        return "float32", "bfloat16 is no faster with batch normalization"
    if architecture.backbone is not None:
        return "float32", "the network of --encoder_from learned in it"
    if training.contrast:
        return "float32", "what bfloat16 does to contrast was not measured"
    if training.loss == "feature":
        return "float32", "what bfloat16 does to a loss of features was not measured"
    what = "processor" if card is None else "graphics card"
    return "bfloat16", f"this {what} has instructions for it; --precision=float32 is the same on every machine"


def card_capability() -> tuple[int, int] | None:
    """Return the lowest compute capability of the graphics cards that TensorFlow sees; None where it sees none."""
    import tensorflow as tf

    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    return min((tuple(each.get("compute_capability", (0, 0))) for each in details), default=None)


def computes_bfloat16() -> bool:
    """Whether TensorFlow multiplies bfloat16 by instructions of this processor; False where that cannot be known."""
    return bool(INSTRUCTIONS & processor_flags()) and _used_by_tensorflow(os.environ)


def processor_flags() -> frozenset[str]:
    """Return the names of the processor's features; none where the system does not list them, or is not on x86."""
    # Processors of one machine may differ: only what all of them have can be counted on.
    found = [frozenset(text.split()) for text in said_of_processors("flags")]
    return frozenset.intersection(*found) if found else frozenset()


def processor_maker() -> str:
    """Return what the processor calls its maker: GenuineIntel, AuthenticAMD; nothing where it is not listed."""
    return next(iter(said_of_processors("vendor_id")), "")


def said_of_processors(fact: str) -> list[str]:
    """Return what the system lists of each processor under a name."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [text.strip() for name, _, text in (line.partition(":") for line in lines) if name.strip() == fact]


def _used_by_tensorflow(environment: Mapping[str, str]) -> bool:
    """Whether oneDNN, which does TensorFlow's arithmetic, is on and not held below these instructions."""
    if environment.get("TF_ENABLE_ONEDNN_OPTS", "1").strip().lower() in {"0", "false"}:
        return False
    held = environment.get("ONEDNN_MAX_CPU_ISA") or environment.get("DNNL_MAX_CPU_ISA") or "DEFAULT"
    return any(part in held.upper() for part in ("DEFAULT", "BF16", "FP16", "AMX", "AVX10"))
