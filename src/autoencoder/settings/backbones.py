"""Keras' applications that can be an encoder's CNN, as plain data: no Keras is needed to refuse a wrong one."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import UsageError
from .fields import nearest


class Backbone(NamedTuple):
    """What must be known of an application before it is built.

    `preprocessing` is the kind of pixels that it expects, of `model.pretrained`; `weights` are counted without its
    top; `values` is how many numbers its layers give for each pixel of an image, `width` how many channels its feature
    maps have.
    """

    preprocessing: str
    weights: int
    values: int
    width: int
    least_side: int = 32


#: The side in pixels at which a network sees images where it takes any size and none is named.
SEEN_SIDE = 96
#: Every application of keras.applications, counted in Keras 3.15 at 96 x 96 pixels.
BACKBONES = {
    "ConvNeXtBase": Backbone("bytes", 87_566_464, 1231, 1024),
    "ConvNeXtLarge": Backbone("bytes", 196_230_336, 1844, 1536),
    "ConvNeXtSmall": Backbone("bytes", 49_454_688, 925, 768),
    "ConvNeXtTiny": Backbone("bytes", 27_820_128, 574, 768),
    "ConvNeXtXLarge": Backbone("bytes", 348_147_968, 2456, 2048),
    "DenseNet121": Backbone("imagenet", 7_037_504, 996, 1024),
    "DenseNet169": Backbone("imagenet", 12_642_880, 1199, 1664),
    "DenseNet201": Backbone("imagenet", 18_321_984, 1541, 1920),
    "EfficientNetB0": Backbone("efficientnet", 4_049_571, 507, 1280),
    "EfficientNetB1": Backbone("efficientnet", 6_575_239, 696, 1280),
    "EfficientNetB2": Backbone("efficientnet", 7_768_569, 729, 1408),
    "EfficientNetB3": Backbone("efficientnet", 10_783_535, 964, 1536),
    "EfficientNetB4": Backbone("efficientnet", 17_673_823, 1251, 1792),
    "EfficientNetB5": Backbone("efficientnet", 28_513_527, 1712, 2048),
    "EfficientNetB6": Backbone("efficientnet", 40_960_143, 2185, 2304),
    "EfficientNetB7": Backbone("efficientnet", 64_097_687, 2914, 2560),
    "EfficientNetV2B0": Backbone("bytes", 5_919_312, 326, 1280),
    "EfficientNetV2B1": Backbone("bytes", 6_931_124, 431, 1280),
    "EfficientNetV2B2": Backbone("bytes", 8_769_374, 466, 1408),
    "EfficientNetV2B3": Backbone("bytes", 12_930_622, 582, 1536),
    "EfficientNetV2L": Backbone("bytes", 117_746_848, 2423, 1280),
    "EfficientNetV2M": Backbone("bytes", 53_150_388, 1375, 1280),
    "EfficientNetV2S": Backbone("bytes", 20_331_360, 846, 1280),
    "InceptionResNetV2": Backbone("symmetric", 54_336_736, 542, 1536, 75),
    "InceptionV3": Backbone("symmetric", 21_802_784, 247, 2048, 75),
    "MobileNet": Backbone("symmetric", 3_228_864, 337, 1024),
    "MobileNetV2": Backbone("symmetric", 2_257_984, 437, 1280),
    "MobileNetV3Large": Backbone("bytes", 2_996_352, 312, 960),
    "MobileNetV3Small": Backbone("bytes", 939_120, 109, 576),
    "NASNetLarge": Backbone("symmetric", 84_916_818, 2603, 4032),
    "NASNetMobile": Backbone("symmetric", 4_269_716, 561, 1056),
    "ResNet101": Backbone("caffe", 42_658_176, 1115, 2048),
    "ResNet101V2": Backbone("symmetric", 42_626_560, 1038, 2048),
    "ResNet152": Backbone("caffe", 58_370_944, 1577, 2048),
    "ResNet152V2": Backbone("symmetric", 58_331_648, 1534, 2048),
    "ResNet50": Backbone("caffe", 23_587_712, 741, 2048),
    "ResNet50V2": Backbone("symmetric", 23_564_800, 634, 2048),
    "VGG16": Backbone("caffe", 14_714_688, 304, 512),
    "VGG19": Backbone("caffe", 20_024_384, 330, 512),
    "Xception": Backbone("symmetric", 20_861_480, 669, 2048, 71),
}


def names() -> tuple[str, ...]:
    """Return the names of all applications."""
    return tuple(BACKBONES)


def least_side(name: str) -> int:
    """Return the least height and width in pixels that an application takes."""
    return BACKBONES[name].least_side


def backbone(name: str, image_shape: tuple[int, int]) -> Backbone:
    """Return what is known of an application.

    Raises
    ------
    UsageError
        If there is none of that name, or images of `image_shape` (height, width) are smaller than its least side.
    """
    if name not in BACKBONES:
        raise UsageError(f"{name}: there is no Keras application of that name{nearest(name, BACKBONES)}")
    least = least_side(name)
    if min(image_shape) < least:
        raise UsageError(
            f"{name} takes images of at least {least} x {least} pixels, and these are {image_shape[0]} x "
            f"{image_shape[1]}: give --image_shape={least} or more"
        )
    return BACKBONES[name]
