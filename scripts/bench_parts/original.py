"""Train as the original program did; the part `end_to_end` runs this.

`python original.py TRAIN VALID EPOCHS BATCH COLOR FLIP`: Keras' ImageDataGenerator over the files, and a default `fit`
of the same network. Prints a line that begins with "trained" and ends with the validation loss.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import keras
from keras.src.legacy.preprocessing.image import ImageDataGenerator

from autoencoder.model.build import build
from autoencoder.settings import Architecture


def main(train: str, valid: str, epochs: str, batch: str, color: str, flip: str) -> None:
    """Train, and say so."""
    keras.utils.set_random_seed(1)
    shape = cv2.imread(str(next(Path(train).glob("*/*")))).shape[:2]

    def images(folder: str, **changes: Any) -> Any:
        generator = ImageDataGenerator(rescale=1 / 255, **changes)
        return generator.flow_from_directory(
            folder, shape, color_mode=color, class_mode="input", batch_size=int(batch), seed=1
        )

    model = build(Architecture(), shape, 1 if color == "grayscale" else 3).autoencoder
    model.compile(optimizer="adam", loss="binary_crossentropy")
    given = images(train, horizontal_flip=flip == "flip")
    history = model.fit(given, epochs=int(epochs), validation_data=images(valid), verbose=0)
    print("trained", model.count_params(), history.history["val_loss"][-1])


if __name__ == "__main__":
    main(*sys.argv[1:])
