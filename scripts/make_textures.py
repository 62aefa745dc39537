"""Make images of the surfaces of sixteen materials: `python scripts/make_textures.py FOLDER SOURCES`.

They are pieces of photographs of Debian's packages ufoai-textures and sweethome3d, two to seven photographs a material:
64x64 in colour, at any place, turned by any angle, enlarged 0.7 to 1.4 times, 25% lighter or darker. Pieces of one
photograph may overlap. SOURCES holds the unpacked packages at any depth, with the .pk3 file of ufoai-textures and the
.jar files of sweethome3d unzipped as well. The seed repeats all of it.
"""

from pathlib import Path

import cv2
import numpy as np
from new_folder import arguments

SIDE = 64  # of an image, in pixels
SHORT = 320  # the shorter side to which a photograph is scaled first, in pixels
ZOOM, LIGHT = (0.7, 1.4), (0.75, 1.25)

#: The photographs of each material: names without their suffixes, in folders of textures.
MATERIALS = {
    "bark": "tex_nature: tree001 tree002 tree003 tree_bark_001",
    "brick": "tex_buildings: wall043 wall044 wall_brick01 streetbricks14",
    "carpet": "tex_buildings: carpet002 carpet010 carpet013 carpet018 carpet019 carpet025",
    "cobbles": "tex_buildings: floor_se01 floor_se03 floor_se04 floor033 paving001",
    "earth": "tex_nature: dirt drymud",
    "grass": "tex_nature: grass_mowed_green_a grass_mowed_green_c grass_mowed_dry_a grass_tall_green_a "
    "grass_tall_green_c grass_tall_dry_a",
    "gravel": "tex_nature: railway; textures: pebbles roughcast",
    "leaves": "tex_nature: hedge001 leaves4; textures: boxTree",
    "parquet": "tex_buildings: floor034 floor035 floor036 floor037 floor038 floor039",
    "plaster": "tex_buildings: wall_dirt1 wall_dirt2 wall_dirt3 wall_dirt4 wall_se14",
    "rock": "tex_nature: pjrock1 rock004 rock008 rock010 rock012 rock014 rock016",
    "rust": "tex_material: metall001 metall003 metall013 metall018 metall020 metall023",
    "sand": "tex_nature: desert006 desert007 desert008",
    "tread_plate": "tex_material: metal002 metall007",
    "wood": "tex_material: wood002 wood008 wood010 wood011 wood012 wood013 wood014",
    "wood_chips": "tex_nature: wood_chips01 wood_chips02",
}

Random = np.random.Generator


def photographs(sources: Path, material: str) -> list[np.ndarray]:
    """Return the photographs of a material, uint8 (height, width, 3), the shorter side 320 pixels."""
    files = []
    for part in MATERIALS[material].split("; "):
        folder, names = part.split(": ")
        files += [next(iter(sorted(sources.rglob(f"{folder}/{name}.*g")))) for name in names.split()]
    return [scaled(cv2.imread(str(file))) for file in files]


def scaled(image: np.ndarray) -> np.ndarray:
    """Return an image with a shorter side of 320 pixels."""
    scale = SHORT / min(image.shape[:2])
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


def piece(image: np.ndarray, random: Random) -> np.ndarray:
    """Return a piece of a photograph as it would lie under another camera, uint8 (64, 64, 3)."""
    zoom, angle = random.uniform(*ZOOM), random.uniform(0, 360)
    reach = SIDE / zoom / np.sqrt(2)  # from the middle of the piece to its corners
    row, column = (random.uniform(reach, length - reach) for length in image.shape[:2])
    matrix = cv2.getRotationMatrix2D((column, row), angle, zoom)
    matrix[:, 2] += SIDE / 2 - np.array([column, row])
    turned = cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.rint((turned * random.uniform(*LIGHT)).clip(0, 255)).astype(np.uint8)


def main() -> None:
    """Read the command line and make the images."""
    given = arguments(
        "Make images of the surfaces of sixteen materials.",
        ("sources", "where the packages are unpacked"),
        (150, "material"),
    )
    for index, material in enumerate(MATERIALS):
        found = photographs(given.sources, material)
        (given.folder / material).mkdir(parents=True)
        for number in range(given.count):
            image = piece(found[number % len(found)], np.random.default_rng((given.seed, index, number)))
            file = given.folder / material / f"{number:04d}.png"
            file.write_bytes(cv2.imencode(".png", image)[1].tobytes())
        print(f"{material}: {given.count} images of {len(found)} photographs")


if __name__ == "__main__":
    main()
