"""Make colour images of ten kinds of photographed things: `python scripts/make_photographs.py FOLDER SOURCES`.

They are no photographs as a camera took them, but put together from photographs: cut-outs of Debian's package
tuxpaint-stamps-default, 6 to 26 things a kind, on places of photographs from mate-backgrounds, lomiri-wallpapers-16.04,
lomiri-wallpapers-20.04, plasma-workspace-wallpapers and ufoai-textures. Each is 100x100, a JPEG; size, turn, view,
place, light, colours, shadow, sharpness and noise are drawn anew for each image, and the seed repeats all of it.
SOURCES holds the unpacked packages at any depth, the .pk3 file of ufoai-textures unzipped as well.
"""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from new_folder import arguments

SIDE, DRAWN = 100, 200  # of an image as it is written, and as it is put together, in pixels

#: The kinds, and the files of each: names under a folder of the stamps.
KINDS = {
    "bird": "birds: blackbird chicken_profile crow cuckoo drake duck hen lark magpie pigeon rooster silver-gull",
    "cattle": "bovines: bison bull cow cow_white gnu-baby-stand gnu-stand yak zebu",
    "coin": "money/*: yen001 yen005 yen010 yen050 yen100 yen500 coins/*",
    "fish": "fish: bluegroper butterflyfish clownfish coraltrout dolphinfish moonwrasse stripedfish",
    "flower": "flowers: adeenia anemone_red bolsom daffodil flower1 flower2 flower3 flower4 flower5 flower6 flower8 "
    "flower9 marigold pigface red-gazania rose whitestar-petunia yellow-flower",
    "fruit": "fruit: apple_* apricot Apricot_whole mandarine orange pomegranate",
    "gravestone": "halloween: grave-a grave-b grave-d grave-e grave-f grave-g grave-h grave-i grave-j",
    "road_sign": "roadsigns: arrow crossroads dead_end_sign give_way_sign hospital no_entry_sign no_uturn roundabout "
    "stop t-junction toilets xing_ped xing_school yield",
    "strings": "string: cello guitar2 guitar_classical guitar_electric guitar_electric_bass violin",
    "vehicle": "vehicles/**: beetle sedan sportscar2 truck firetruck green_korean_bus garbagetruck dumper",
}
ONE_WAY_ROUND = {"coin", "gravestone", "road_sign"}  # there is writing on them
#: Files that show places, and none of the kinds: names without their folders.
PLACES = (
    "Dune.jpg Garden.jpg GreenMeadow.jpg Storm.jpg Wood.jpg Bridge_by* Dragonfly_by* Picture_1A* Wine_by* "
    "aitzgorri_by* free_by* friends_by* life_by* picosdeeuropa_by* sunset_by* Fossa_by* Kleiber_by* "
    "grass_tall_a.* grass_mowed* hedge001.* leaves4.* pjrock1.* pjrock6.* pjrock21.* rock004.* rock012.* rock016.* "
    "rockyground*[0-9].* desert002.* desert008.* dirt003.* railway.* wood003.* wood005.* wood012.* floor001.* "
    "floor035.* floor_se01.* floor_se04.* paving001* wall043.* wall041.* wall_brick0*[0-9].* wall_dirt2.* carpet002.* "
    "carpet010.* concrete018.* wallpaper008.*"
)
WALLPAPERS = "Autumn BytheWater EveningGlow FallenLeaf Grey Path"  # folders, each with one photograph in many sizes

Random = np.random.Generator


def things(sources: Path, kind: str) -> list[np.ndarray]:
    """Return the cut-outs of a kind, float32 (height, width, blue green red and cover), levels 0 to 1."""
    below, names = KINDS[kind].split(": ")
    patterns = [f"stamps/**/{below}/{name}.png" for name in names.split()]
    files = sorted({file for pattern in patterns for file in sources.rglob(pattern)})
    read = [cv2.imread(str(file), cv2.IMREAD_UNCHANGED) for file in files if "cartoon" not in file.parts]
    return [cut_to_cover(np.float32(image) / 255) for image in read if image.shape[2:] == (4,)]


def cut_to_cover(image: np.ndarray) -> np.ndarray:
    """Return a cut-out without its empty borders, its colours multiplied with the cover."""
    rows, columns = np.nonzero(image[..., 3] > 0.1)
    image = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return np.dstack([image[..., :3] * image[..., 3:], image[..., 3]])


def places(sources: Path) -> list[np.ndarray]:
    """Return the photographs behind the things, uint8 (height, width, 3), at most 1,600 pixels wide."""
    found = [file for name in PLACES.split() for file in sorted(sources.rglob(name)) if "_nm" not in file.stem]
    found += [next(iter(sorted(sources.rglob(f"{name}/**/1920x1200.*")))) for name in WALLPAPERS.split()]
    images = [cv2.imread(str(file)) for file in found if file.is_file()]
    scales = [min(1, 1600 / image.shape[1]) for image in images]
    sizes = zip(images, scales, strict=True)
    return [cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for image, scale in sizes]


def scene(place: np.ndarray, random: Random) -> np.ndarray:
    """Return a square piece of a place, out of focus, more or less calm, float32 (200, 200, 3)."""
    short = min(place.shape[:2])
    side = int(short * np.exp(random.uniform(np.log(min(0.8, 128 / short)), np.log(0.9))))
    top, left = (int(random.integers(0, length - side + 1)) for length in place.shape[:2])
    piece = place[top : top + side, left : left + side][:, :: int(random.choice([1, -1]))]
    piece = cv2.resize(np.ascontiguousarray(piece[..., :3]), (DRAWN, DRAWN), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(np.float32(piece) / 255, (0, 0), random.uniform(1, 12))
    calm = random.uniform(0, 0.5)
    return blurred * (1 - calm) + blurred.mean(axis=(0, 1)) * calm


def view(thing: np.ndarray, random: Random) -> np.ndarray:
    """Return a thing as it stands in the image: its size, turn, view and place, float32 (200, 200, 4)."""
    scale = min(random.uniform(0.5, 0.75) / np.sqrt(np.prod(thing.shape[:2])), 0.95 / max(thing.shape[:2])) * DRAWN
    size = scale * max(thing.shape[:2])
    thing = cv2.resize(thing, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    height, width = thing.shape[:2]
    corners = np.float32([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    angle, stretch, shear = np.deg2rad(random.uniform(-20, 20)), np.exp(random.uniform(-0.15, 0.15)), 0.15
    slant = np.array([[stretch, random.uniform(-shear, shear)], [0, 1 / stretch]])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    room = max(0.05 * DRAWN, (DRAWN - size) / 2)
    centre = DRAWN / 2 + random.uniform(-room, room, 2)
    target = corners @ (turn @ slant).T + centre + random.uniform(-0.05, 0.05, (4, 2)) * size
    source = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    matrix = cv2.getPerspectiveTransform(source, np.float32(target))
    return cv2.warpPerspective(thing, matrix, (DRAWN, DRAWN), flags=cv2.INTER_LINEAR).clip(0, 1)


def recolour(image: np.ndarray, random: Random) -> np.ndarray:
    """Return an image with its hue turned a little, and paler or stronger, lighter or darker."""
    hue, saturation, value = cv2.split(cv2.cvtColor(np.ascontiguousarray(image[..., :3]), cv2.COLOR_BGR2HSV))
    hue = (hue + random.uniform(-15, 15)) % 360
    saturation = (saturation * random.uniform(0.6, 1.3)).clip(0, 1)
    return cv2.cvtColor(cv2.merge([hue, saturation, value * random.uniform(0.85, 1.15)]), cv2.COLOR_HSV2BGR)


def slope(random: Random, depth: float) -> np.ndarray:
    """Return light that changes evenly from one side to the other, around 1, float32 (200, 200, 1)."""
    rows, columns = np.mgrid[-1 : 1 : DRAWN * 1j, -1 : 1 : DRAWN * 1j]
    angle, strength = random.uniform(0, 2 * np.pi), random.uniform(0, depth)
    return np.float32(1 + strength * (np.cos(angle) * rows + np.sin(angle) * columns))[..., None]


def compose(thing: np.ndarray, place: np.ndarray, random: Random) -> np.ndarray:
    """Return an image of a thing at a place, with its shadow, float32 (200, 200, 3)."""
    back, front = recolour(scene(place, random), random), view(thing, random)
    cover = front[..., 3:]
    moved = np.roll(cover[..., 0], random.integers(-12, 13, 2), axis=(0, 1))
    shadow = cv2.GaussianBlur(moved, (0, 0), random.uniform(3, 10))[..., None]
    back = back * (1 - random.uniform(0.1, 0.6) * shadow)
    return back * (1 - cover) + recolour(front, random) * slope(random, 0.4)


def expose(image: np.ndarray, random: Random) -> np.ndarray:
    """Return an image as a camera takes it: light, its colour, sharpness and noise; uint8 (100, 100, 3)."""
    image = image * slope(random, 0.3) * random.uniform(0.6, 1.4) * random.uniform(0.87, 1.15, 3)
    image = cv2.GaussianBlur(np.float32(image.clip(0, 1)), (0, 0), random.uniform(0.3, 2))
    image = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    noise = random.normal(0, random.uniform(0, 0.035), image.shape)
    return np.rint((image + noise).clip(0, 1) * 255).astype(np.uint8)


def images(kind: str, found: list[np.ndarray], behind: list[np.ndarray], count: int, seed: int) -> Iterator[np.ndarray]:
    """Yield `count` images of a kind: its things in turn, each time at another place."""
    for number in range(count):
        random = np.random.default_rng((seed, sorted(KINDS).index(kind), number))
        thing = found[number % len(found)]
        if kind not in ONE_WAY_ROUND and random.random() < 0.5:
            thing = thing[:, ::-1]
        place = behind[int(random.integers(len(behind)))]
        yield expose(compose(np.ascontiguousarray(thing), place, random), random)


def main() -> None:
    """Read the command line and make the images."""
    given = arguments(
        "Make colour images of ten kinds of photographed things.",
        ("sources", "where the packages are unpacked"),
        (220, "kind"),
    )
    behind = places(given.sources)
    print(f"{len(behind)} places")
    for kind in KINDS:
        found = things(given.sources, kind)
        (given.folder / kind).mkdir(parents=True)
        for number, image in enumerate(images(kind, found, behind, given.count, given.seed)):
            file = given.folder / kind / f"{number:04d}.jpg"
            file.write_bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes())
        print(f"{kind}: {given.count} images of {len(found)} things")


if __name__ == "__main__":
    main()
