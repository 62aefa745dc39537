"""Train the same network in plain PyTorch; the part `end_to_end` runs this by an interpreter that has it.

`python torch_images.py TRAIN VALID EPOCHS BATCH COLOR FLIP`: a Dataset of files read by OpenCV, a DataLoader of two
workers. Prints a line that begins with "trained" and ends with the validation loss.
"""

import random
import sys
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

KERNELS = (5, 5, 3)


class Images(Dataset):
    """The files of a folder of class folders, as float32 in [0, 1], channels first."""

    def __init__(self, folder: str, color: str, flip: bool) -> None:
        self._files = sorted(map(str, Path(folder).glob("*/*")))
        self._how = cv2.IMREAD_GRAYSCALE if color == "grayscale" else cv2.IMREAD_COLOR_RGB
        self._flip = flip

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, row: int) -> torch.Tensor:
        pixels = np.atleast_3d(cv2.imread(self._files[row], self._how))
        if self._flip and random.random() < 0.5:
            pixels = pixels[:, ::-1]
        return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32) / 255)


class Cropped(nn.Module):
    """Cut an image to the side that the encoder had there."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self._side = side

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Cut below and at the right."""
        return x[:, :, : self._side, : self._side]


def network(side: int, channels: int) -> nn.Sequential:
    """Return the default network of three levels: strided convolutions, an embedding of 10, and their mirror."""
    widths, sides = [channels, 32, 64, 128], [side]
    for _ in KERNELS:
        sides.append(-(-sides[-1] // 2))
    flat = widths[-1] * sides[-1] ** 2
    layers: list[nn.Module] = []
    for level, kernel in enumerate(KERNELS):
        layers += [nn.Conv2d(widths[level], widths[level + 1], kernel, 2, kernel // 2), nn.ReLU()]
    layers += [nn.Flatten(), nn.Linear(flat, 10), nn.Linear(10, flat), nn.ReLU()]
    layers += [nn.Unflatten(1, (widths[-1], sides[-1], sides[-1]))]
    for level, kernel in reversed(list(enumerate(KERNELS))):
        grown = nn.ConvTranspose2d(widths[level + 1], widths[level], kernel, 2, kernel // 2, output_padding=1)
        layers += [grown, Cropped(sides[level]), nn.ReLU() if level else nn.Sigmoid()]
    return nn.Sequential(*layers)


def main(train: str, valid: str, epochs: str, batch: str, color: str, flip: str) -> None:
    """Train, and say so."""
    torch.manual_seed(1)
    random.seed(1)
    images, judges = Images(train, color, flip == "flip"), Images(valid, color, False)
    model = network(images[0].shape[1], images[0].shape[0])
    optimizer, loss = torch.optim.Adam(model.parameters(), 0.001), nn.BCELoss()
    batches = DataLoader(images, int(batch), shuffle=True, num_workers=2)
    for _ in range(int(epochs)):
        for given in batches:
            optimizer.zero_grad()
            loss(model(given), given).backward()
            optimizer.step()
        with torch.no_grad():
            losses = [loss(model(given), given).item() for given in DataLoader(judges, 256, num_workers=2)]
    print("trained", sum(weights.numel() for weights in model.parameters()), float(np.mean(losses)))


if __name__ == "__main__":
    main(*sys.argv[1:])
