"""The table of methods. To add one: write a module of its name with a `METHOD`, and add the name in the settings."""

from importlib import import_module
from typing import get_args

from ..settings.clustering import Method as Name
from . import soft
from .method import Method

#: Methods that train the encoder further are in deep/; here is how they assign new vectors.
_DEEP = {"dec": soft.BY_KERNEL, "idec": soft.BY_KERNEL, "self_label": soft.BY_SOFTMAX}

METHODS: dict[str, Method] = {
    name: _DEEP[name] if name in _DEEP else import_module(f".{name}", __package__).METHOD for name in get_args(Name)
}
