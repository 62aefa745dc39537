from autoencoder.model.build import build
from autoencoder.model.describe import activations, fitting_batch_size, layer_rows, layer_table
from autoencoder.settings import Architecture


def models():
    return build(Architecture(filters=(4,), dims=(3,)), (8, 8), 1)


def test_rows_name_every_layer_once_and_add_up():
    rows = layer_rows(models())
    assert rows[0].name == "image" and rows[-1].shape == (8, 8, 1)
    assert sum(row.parameters for row in rows) == models().autoencoder.count_params()
    assert "total" in layer_table(rows).splitlines()[-1]


def test_the_batch_that_fits_is_a_power_of_two_and_never_below_one():
    made = models()
    room = 16 * made.autoencoder.count_params() + 12 * activations(made) * 700
    assert fitting_batch_size(made, room) == 512
    assert fitting_batch_size(made, 0) == 1
