"""Keras' applications that can be an encoder's CNN, as plain data: no Keras is needed to refuse a wrong one."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import UsageError
from .fields import nearest


class Backbone(NamedTuple):
    """What must be known of an application before it is built.

    `preprocessing` is the kind of pixels that it expects, of `model.pretrained`; `weights` are counted without its
    top; `values` is how many numbers its layers give for each pixel of an image.
    """

    preprocessing: str
    weights: int
    values: int
    least_side: int = 32


#: Every application of keras.applications, counted in Keras 3.15 at 96 x 96 pixels.
BACKBONES = {
    "ConvNeXtBase": Backbone("bytes", 87_566_464, 1231),
    "ConvNeXtLarge": Backbone("bytes", 196_230_336, 1844),
    "ConvNeXtSmall": Backbone("bytes", 49_454_688, 925),
    "ConvNeXtTiny": Backbone("bytes", 27_820_128, 574),
    "ConvNeXtXLarge": Backbone("bytes", 348_147_968, 2456),
    "DenseNet121": Backbone("torch", 7_037_504, 996),
    "DenseNet169": Backbone("torch", 12_642_880, 1199),
    "DenseNet201": Backbone("torch", 18_321_984, 1541),
    "EfficientNetB0": Backbone("efficientnet", 4_049_571, 507),
    "EfficientNetB1": Backbone("efficientnet", 6_575_239, 696),
    "EfficientNetB2": Backbone("efficientnet", 7_768_569, 729),
    "EfficientNetB3": Backbone("efficientnet", 10_783_535, 964),
    "EfficientNetB4": Backbone("efficientnet", 17_673_823, 1251),
    "EfficientNetB5": Backbone("efficientnet", 28_513_527, 1712),
    "EfficientNetB6": Backbone("efficientnet", 40_960_143, 2185),
    "EfficientNetB7": Backbone("efficientnet", 64_097_687, 2914),
    "EfficientNetV2B0": Backbone("bytes", 5_919_312, 326),
    "EfficientNetV2B1": Backbone("bytes", 6_931_124, 431),
    "EfficientNetV2B2": Backbone("bytes", 8_769_374, 466),
    "EfficientNetV2B3": Backbone("bytes", 12_930_622, 582),
    "EfficientNetV2L": Backbone("bytes", 0, 0),
    "EfficientNetV2M": Backbone("bytes", 0, 0),
    "EfficientNetV2S": Backbone("bytes", 0, 0),
    "InceptionResNetV2": Backbone("tf", 0, 0, 75),
    "InceptionV3": Backbone("tf", 0, 0, 75),
    "MobileNet": Backbone("tf", 0, 0),
    "MobileNetV2": Backbone("tf", 0, 0),
    "MobileNetV3Large": Backbone("bytes", 0, 0),
    "MobileNetV3Small": Backbone("bytes", 0, 0),
    "NASNetLarge": Backbone("tf", 0, 0),
    "NASNetMobile": Backbone("tf", 0, 0),
    "ResNet101": Backbone("caffe", 0, 0),
    "ResNet101V2": Backbone("tf", 0, 0),
    "ResNet152": Backbone("caffe", 0, 0),
    "ResNet152V2": Backbone("tf", 0, 0),
    "ResNet50": Backbone("caffe", 0, 0),
    "ResNet50V2": Backbone("tf", 0, 0),
    "VGG16": Backbone("caffe", 0, 0),
    "VGG19": Backbone("caffe", 0, 0),
    "Xception": Backbone("tf", 0, 0, 71),
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
