"""Every count of parameters that ViTCA's tables 1 to 4 print, 66 of them."""

import pytest
import torch

from ncabench import catalog, schema
from ncabench.nca.state import Layout

RGB, GRAY = 3, 1
XY, INVERTED = {"encoding": "xy"}, {"embedding": 64, "mlp": 256}
TABLE_1 = {  # name: kind, what a suite gives, RGB, gray
    "U-Net": ("vitca_unet", {}, 106_635, 104_473),
    "ViT": ("vit", {}, 83_907, 83_393),
    "UNetCA": ("unetca", {}, 54_019, 51_969),
    "ViTCA": ("vitca", {}, 92_515, 91_745),
    "ViTCA-32": ("vitca", {"heads": 32}, 92_515, 91_745),
    "ViTCA-32xy": ("vitca", {"heads": 32, **XY}, 92_771, 92_001),
    "ViTCA-i": ("vitca", INVERTED, 54_691, 54_305),
    "ViTCA-i16": ("vitca", {**INVERTED, "heads": 16}, 54_691, 54_305),
    "ViTCA-ixy": ("vitca", {**INVERTED, **XY}, 54_819, 54_433),
    "ViTCA-i16xy": ("vitca", {**INVERTED, **XY, "heads": 16}, 54_819, 54_433),
}
HIDDEN = {
    8: 86_347,
    16: 88_403,
    32: 92_515,
    64: 100_739,
    128: 117_187,
    256: 150_083,
    512: 215_875,
}
TABLE_2 = [
    *(({"embedding": 8}, 2_035), ({"embedding": 16}, 4_483), ({"embedding": 32}, 10_915)),
    *(({"embedding": 64}, 29_923), ({"embedding": 128}, 92_515)),
    *(({"embedding": 256}, 316_003), ({"embedding": 512}, 1_156_195)),
    ({"heads": 1}, 76_003),
    *(({"heads": heads}, 92_515) for heads in (4, 8, 16, 32, 64)),
    *(({"depth": 1}, 92_515), ({"depth": 2}, 175_267), ({"depth": 3}, 258_019)),
    *(({"encoding": "sincos5"}, 95_075), ({"encoding": "sincos5xy"}, 95_331), (XY, 92_771)),
    *(({"encoding": "handcrafted"}, 92_515), ({"encoding": "learned"}, 223_587)),
    ({"encoding": "none"}, 92_515),
]
VIT_DEPTH = {1: 83_907, 2: 166_659, 3: 249_411}
TABLE_4 = {1: 92_515, 2: 95_980, 4: 109_840, 8: 165_280, 16: 387_040}
TABLE_3 = {  # what a linear probe is shown, for 10 classes
    "vitca_unet": 15_370,
    "vit": 1_310_730,
    "vitca": 327_690,
}
RAW = {  # hidden units of a classifier of pixels: gray, RGB
    None: (10_250, 30_730),
    100: (103_510, 308_310),
    1000: (1_035_010, 3_083_010),
}


def built(kind, given, *, channels=RGB, hidden=32):
    """A model as a suite asks for it, without storage, for 32 x 32 pixels."""
    spec, problems = schema.complete("model", {"kind": kind, **given}, where="model")
    assert problems == []
    layout = Layout(height=32, width=32, frozen=channels, visible=channels, hidden=hidden)
    with torch.device("meta"):
        return catalog.build("model", spec, layout)


@pytest.mark.parametrize(("kind", "given", "rgb", "gray"), TABLE_1.values(), ids=TABLE_1)
def test_table_1(kind, given, rgb, gray):
    assert built(kind, given).parameter_count() == rgb
    assert built(kind, given, channels=GRAY).parameter_count() == gray


@pytest.mark.parametrize(("hidden", "count"), HIDDEN.items())
def test_table_2_hidden_channels(hidden, count):
    assert built("vitca", {}, hidden=hidden).parameter_count() == count


@pytest.mark.parametrize(("given", "count"), TABLE_2, ids=str)
def test_table_2(given, count):
    assert built("vitca", given).parameter_count() == count


@pytest.mark.parametrize(("depth", "count"), VIT_DEPTH.items())
def test_table_2_vit(depth, count):
    assert built("vit", {"depth": depth}).parameter_count() == count


@pytest.mark.parametrize(("size", "count"), TABLE_4.items())
def test_table_4(size, count):
    assert built("vitca", {"patch_size": size}).parameter_count() == count


@pytest.mark.parametrize(("kind", "count"), TABLE_3.items())
def test_table_3_probes_of_trained_models(kind, count):
    model = built(kind, {}, channels=GRAY)
    if model.iterative:
        shown = model.pixels.hidden * model.layout.height * model.layout.width
    else:
        shown = model.features(torch.zeros(1, GRAY, 32, 32, device="meta"))[0].numel()
    assert classifier(shown) == count


@pytest.mark.parametrize(("hidden", "counts"), RAW.items())
@pytest.mark.parametrize("which", [GRAY, RGB])
def test_table_3_classifiers_of_pixels(hidden, counts, which):
    assert classifier(which * 32 * 32, hidden) == counts[(GRAY, RGB).index(which)]


def classifier(inputs, hidden=None):
    """Weights of a linear classifier of 10 classes, or of one with a hidden layer."""
    if hidden is None:
        return (inputs + 1) * 10
    return (inputs + 1) * hidden + (hidden + 1) * 10


def test_all_of_them_are_here():
    table_2 = len(HIDDEN) + len(TABLE_2) + len(VIT_DEPTH)
    assert 2 * len(TABLE_1) + table_2 + len(TABLE_4) + len(TABLE_3) + 2 * len(RAW) == 66


@pytest.mark.parametrize(("kind", "right"), [("vitca", 92_515), ("vit", 83_907)])
def test_an_mlp_of_128_as_the_text_has_it_does_not_fit(kind, right):
    assert built(kind, {"mlp": 128}).parameter_count() == right + 64 * (2 * 128 + 1)


@pytest.mark.parametrize("given", [{"kernel_size": 7}, {"unfolded": True}, {"fire_rate": 1.0}])
def test_neither_window_nor_copies_nor_rate_have_weights(given):
    assert built("vitca", given).parameter_count() == 92_515
