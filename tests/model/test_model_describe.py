from autoencoder.model.build import build
from autoencoder.model.describe import fitting_batch_size, layer_rows, layer_table, training_bytes
from autoencoder.settings import Architecture


def models():
    return build(Architecture(filters=(4,), dims=(3,)), (8, 8), 1)


def test_rows_name_every_layer_once_and_add_up():
    rows = layer_rows(models())
    assert rows[0].name == "image" and rows[-1].shape == (8, 8, 1)
    assert sum(row.parameters for row in rows) == models().autoencoder.count_params()
    assert "total" in layer_table(rows).splitlines()[-1]


def test_memory_grows_with_the_batch_and_the_suggestion_fits():
    small, large = training_bytes(models(), 1), training_bytes(models(), 1000)
    assert small < large
    suggested = fitting_batch_size(models(), large)
    assert 512 <= suggested <= 1000
    assert training_bytes(models(), suggested) <= large
    assert fitting_batch_size(models(), 0) == 1
