"""Give the program command lines that cannot be carried out: it says so at once, and begins nothing."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .hostile import put
from .part import Part, Setup

#: Of the processor, so that a machine that is busy with other things changes nothing.
MOST_SECONDS = 2.0
LINES = """
trian
Run
run extra words
run --train_dir
run --train_dir=
run --train_dir=pictures --train_epoch=3
run --train_dir=pictures --train_epochs=0
run --train_dir=pictures --train_epochs=-1
run --train_dir=pictures --train_epochs=1.5
run --train_dir=pictures --train_epochs=many
run --train_dir=pictures --train_epochs=1e99
run --train_dir=pictures --train_epochs=99999999999999999999999
run --train_dir=pictures --train_epochs=[1,2
run --train_dir=pictures --batch_size=0
run --train_dir=pictures --batch_size=nan
run --train_dir=pictures --filters=[]
run --train_dir=pictures --filters=[0]
run --train_dir=pictures --filters=[-4]
run --train_dir=pictures --filters=[a]
run --train_dir=pictures --filters=[[[[[[[[[[[[[[[[[[[[[[[[4]]]]]]]]]]]]]]]]]]]]]]]]
run --train_dir=pictures --dims=[inf]
run --train_dir=pictures --learning_rate=-1
run --train_dir=pictures --learning_rate=nan
run --train_dir=pictures --learning_rate=inf
run --train_dir=pictures --loss=mean
run --train_dir=pictures --optimizer=adma
run --train_dir=pictures --valid_split=1
run --train_dir=pictures --valid_split=-0.1
run --train_dir=pictures --image_shape=[0,8]
run --train_dir=pictures --image_shape=[8]
run --train_dir=pictures --image_shape=[1000000,1000000]
run --train_dir=pictures --seed=-1
run --train_dir=pictures --seed=99999999999
run --train_dir=pictures --max_images=0
run --train_dir=pictures --max_bad=2
run --train_dir=pictures --augment=rotte
run --train_dir=pictures --noise=much
run --train_dir=pictures --precision=float8
run --train_dir=pictures --save_dir=a_file.txt
run --train_dir=pictures --save_dir=pictures
run --train_dir=pictures --config=not_there.yml
run --train_dir=pictures --config=a_file.txt
run --train_dir=pictures --config=pictures
run --train_dir=pictures --train_dir=pictures --train_epochs=x
run --resume=not_there
run --resume=pictures
run --train_dir=pictures --quality='sharpness >'
run --train_dir=pictures --weight_files=not_there.h5
sort --train_dir=pictures --budget=soon
sort --train_dir=pictures --k=0
encode
encode not_there
encode pictures
encode latest
cluster latest --k=1
cluster --k=two
cluster pictures --method=kmaens
assign not_there --images=pictures
evaluate not_there --images=pictures
similar not_there pictures/0.png
outliers latest --top=-3
duplicates not_there --threshold=much
suspects
export not_there --format=word
restore_train --modified=pictures
restore not_there --images=pictures --out=out
label_next not_there --count=0
classify not_there --train_dir=pictures
predict not_there --images=pictures
runs --where='mse <'
show not_there
clean --dry_run=perhaps
import_data
report not_there
"""
#: What they name is no image, no table or no model, which has a status of its own.
OTHERS = {
    "run --train_dir=not_there": 3,
    "run --train_dir=a_file.txt": 3,
    "run --train_dir=/dev/null": 3,
    "encode not_there.keras --images=pictures": 4,
    "import_data not_there.npz --out=out": 3,
}


def measure(setup: Setup) -> dict[str, Any]:
    """Return how many lines were given, and what came of them."""
    place = setup.place / "place"
    (place / "pictures").mkdir(parents=True)
    (place / "a_file.txt").write_text("[not: yaml", encoding="utf-8")
    for number in range(8):
        picture = np.random.default_rng(number).integers(0, 256, (8, 8), np.uint8)
        cv2.imwrite(str(place / "pictures" / f"{number}.png"), picture)
    faults = ("another status", "a fault of the program", "began something", "above 2 s", "not a plain refusal")
    figures: dict[str, Any] = dict.fromkeys(("lines", *faults), 0)
    slowest = 0.0
    lines = [(line, 2) for line in LINES.strip().splitlines()] + list(OTHERS.items())
    for line, right in lines:
        if not re.search(setup.only, line):
            continue
        before = _inside(place)
        ended = put(tuple(shlex.split(line)), place)
        found = {
            "another status": ended.status != right,
            "a fault of the program": ended.status == 1 or ended.status < 0,
            "began something": _inside(place) != before,
            "above 2 s": ended.seconds > MOST_SECONDS,
            "not a plain refusal": ended.said.count("error:") != 1 or not ended.said.startswith("error:"),
        }
        figures["lines"] += 1
        for name, wrong in found.items():
            figures[name] += wrong
        slowest = max(slowest, ended.seconds)
        marks = [name for name, wrong in found.items() if wrong]
        print(f"{line}: {ended.status}, {ended.seconds:.1f} s {marks or ''} {ended.said.rstrip()[:300]}", flush=True)
    return figures | {"most seconds": round(slowest, 1)}


def _inside(place: Path) -> set[tuple[Path, int]]:
    return {(path, path.stat().st_mtime_ns) for path in place.rglob("*")}


PART = Part(
    "A command line that cannot be carried out begins nothing, and is refused in one sentence at once",
    measure,
    ("another status", "a fault of the program", "began something", "above 2 s", "not a plain refusal"),
)
