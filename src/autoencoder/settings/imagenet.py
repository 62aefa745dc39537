"""ImageNet's weights of Keras' applications without their top: where they lie, and where Keras keeps them."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import ModelFileError

_ROOT = "https://storage.googleapis.com"
#: Of Keras 3.15, by the folder that they lie in.
_FOLDERS = {
    "keras-applications": {
        "EfficientNetB0": "efficientnetb0_notop.h5",
        "EfficientNetB1": "efficientnetb1_notop.h5",
        "EfficientNetB2": "efficientnetb2_notop.h5",
        "EfficientNetB3": "efficientnetb3_notop.h5",
        "EfficientNetB4": "efficientnetb4_notop.h5",
        "EfficientNetB5": "efficientnetb5_notop.h5",
        "EfficientNetB6": "efficientnetb6_notop.h5",
        "EfficientNetB7": "efficientnetb7_notop.h5",
    },
    "tensorflow/keras-applications/convnext": {
        "ConvNeXtBase": "convnext_base_notop.h5",
        "ConvNeXtLarge": "convnext_large_notop.h5",
        "ConvNeXtSmall": "convnext_small_notop.h5",
        "ConvNeXtTiny": "convnext_tiny_notop.h5",
        "ConvNeXtXLarge": "convnext_xlarge_notop.h5",
    },
    "tensorflow/keras-applications/densenet": {
        "DenseNet121": "densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "DenseNet169": "densenet169_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "DenseNet201": "densenet201_weights_tf_dim_ordering_tf_kernels_notop.h5",
    },
    "tensorflow/keras-applications/efficientnet_v2": {
        "EfficientNetV2B0": "efficientnetv2-b0_notop.h5",
        "EfficientNetV2B1": "efficientnetv2-b1_notop.h5",
        "EfficientNetV2B2": "efficientnetv2-b2_notop.h5",
        "EfficientNetV2B3": "efficientnetv2-b3_notop.h5",
        "EfficientNetV2L": "efficientnetv2-l_notop.h5",
        "EfficientNetV2M": "efficientnetv2-m_notop.h5",
        "EfficientNetV2S": "efficientnetv2-s_notop.h5",
    },
    "tensorflow/keras-applications/inception_resnet_v2": {
        "InceptionResNetV2": "inception_resnet_v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
    },
    "tensorflow/keras-applications/inception_v3": {
        "InceptionV3": "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
    },
    "tensorflow/keras-applications/mobilenet": {
        "MobileNet": "mobilenet_1_0_224_tf_no_top.h5",
    },
    "tensorflow/keras-applications/mobilenet_v2": {
        "MobileNetV2": "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
    },
    "tensorflow/keras-applications/mobilenet_v3": {
        "MobileNetV3Large": "weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5",
        "MobileNetV3Small": "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
    },
    "tensorflow/keras-applications/nasnet": {
        "NASNetLarge": "NASNet-large-no-top.h5",
        "NASNetMobile": "NASNet-mobile-no-top.h5",
    },
    "tensorflow/keras-applications/resnet": {
        "ResNet101": "resnet101_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "ResNet101V2": "resnet101v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "ResNet152": "resnet152_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "ResNet152V2": "resnet152v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "ResNet50": "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "ResNet50V2": "resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
    },
    "tensorflow/keras-applications/vgg16": {
        "VGG16": "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
    },
    "tensorflow/keras-applications/vgg19": {
        "VGG19": "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
    },
    "tensorflow/keras-applications/xception": {
        "Xception": "xception_weights_tf_dim_ordering_tf_kernels_notop.h5",
    },
}
#: The address of each application's file.
ADDRESSES = {name: f"{_ROOT}/{folder}/{file}" for folder, files in _FOLDERS.items() for name, file in files.items()}
#: Keras keeps a file under the name that it has there, but these.
_KEPT_AS = {
    "NASNetLarge": "nasnet_large_no_top.h5",
    "NASNetMobile": "nasnet_mobile_no_top.h5",
}


def imagenet_file(name: str, flag: str = "--encoder_weights", otherwise: str = "") -> Path:
    """Return where Keras keeps an application's ImageNet weights; nothing is fetched.

    Parameters
    ----------
    name : str
        A name of `backbones.BACKBONES`.
    flag : str
        The flag that takes the file from elsewhere.
    otherwise : str
        What can be done without it.

    Raises
    ------
    ModelFileError
        If they are not there.
    """
    address = ADDRESSES[name]
    kept = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models"
    path = kept / _KEPT_AS.get(name, address.rsplit("/", 1)[1])
    if not path.is_file():
        raise ModelFileError(
            f"{name}: its ImageNet weights are not in {kept}; fetch {address} and name the file by {flag}=FILE"
            f"{otherwise}"
        )
    return path


def weights_file(name: str, weights: str, may_be_random: bool = True) -> Path | None:
    """Return the file that holds an application's weights, by the words of `encoder_weights`; None of random ones.

    Parameters
    ----------
    name : str
    weights : str
    may_be_random : bool
        Whether the advice may name random ones.

    Raises
    ------
    ModelFileError
        If it is not there.
    """
    if weights == "none":
        return None
    if weights == "imagenet":
        return imagenet_file(name, otherwise=", or start without by --encoder_weights=none" if may_be_random else "")
    file = Path(weights).absolute()
    if not file.is_file():
        raise ModelFileError(f"--encoder_weights={weights}: there is no such file of {name}'s weights")
    return file
