"""Small data sets in the published formats, with tables of their own digests."""

import gzip
import hashlib
import pickle
import struct
import tarfile

import numpy as np
import pytest
from PIL import Image

from ncabench.nca.data.celeba import SPLITS, CelebA
from ncabench.nca.data.cifar10 import BATCHES, META, Cifar10
from ncabench.nca.data.dtd import Dtd
from ncabench.nca.data.mnist import Mnist


def idx(array):
    """An array of bytes as an IDX file."""
    shape = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, 8, array.ndim]) + shape + array.tobytes()


def md5(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


def picture(path, seed, *, size=(20, 30)):
    """A picture file of random pixels; ``size`` is height and width."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


@pytest.fixture(scope="session")
def draw_picture():
    return picture


@pytest.fixture
def small_idx(tmp_path):
    """Writes the four files; returns a set that takes them for the published ones."""

    def small_idx(kind=Mnist, *, sides=(28, 28), labels=range(10), packed=True, root=tmp_path):
        rng, published = np.random.default_rng(0), {}
        folder = root / kind.folder
        folder.mkdir(parents=True, exist_ok=True)
        for prefix, repeats in (("train", 3), ("t10k", 1)):
            classes = np.array([*labels] * repeats, dtype=np.uint8)
            images = rng.integers(0, 256, (len(classes), *sides), dtype=np.uint8)
            for name, array in (("images-idx3", images), ("labels-idx1", classes)):
                raw = idx(array)
                published[f"{prefix}-{name}-ubyte"] = hashlib.sha256(raw).hexdigest()
                ending, content = (".gz", gzip.compress(raw)) if packed else ("", raw)
                (folder / f"{prefix}-{name}-ubyte{ending}").write_bytes(content)
        return type(kind.__name__, (kind,), {"published": published})(root)

    return small_idx


@pytest.fixture
def small_cifar10(tmp_path):
    """Writes the batches, or their archive alone; returns a set that believes in them."""

    def small_cifar10(*, archived=False, names=Cifar10.classes):
        rng, folder = np.random.default_rng(0), tmp_path / Cifar10.folder
        folder.mkdir()
        for name in (*BATCHES["train"], *BATCHES["test"]):
            pixels = rng.integers(0, 256, (10, 3072), dtype=np.uint8)
            batch = {"batch_label": name, "labels": [*range(10)], "data": pixels}
            (folder / name).write_bytes(pickle.dumps(batch))
        (folder / META).write_bytes(pickle.dumps({"label_names": [*names]}))
        published = {name: md5(folder / name) for name in Cifar10.published}
        archive = tmp_path / "cifar-10-python.tar.gz"
        if archived:
            with tarfile.open(archive, "w:gz") as tar:
                tar.add(folder, folder.name)
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()
        tables = {"published": published}
        if archived:
            tables["archive"] = (archive.name, md5(archive))
        return type("Cifar10", (Cifar10,), tables)(tmp_path)

    return small_cifar10


@pytest.fixture
def small_celeba(tmp_path):
    """Writes seven images, three of them to train on, and the five lists."""
    folder = tmp_path / "celeba"
    names = [f"{number:06}.jpg" for number in range(1, 8)]
    for number, name in enumerate(names):
        picture(folder / "img_align_celeba" / name, number, size=(218, 178))
    order = ("train", "train", "valid", "test", "test", "train", "valid")
    splits = [SPLITS[split] for split in order]
    numbers = {
        "identity_CelebA.txt": (0, ["7"] * 7),
        "list_attr_celeba.txt": (2, ["-1  1"] * 7),
        "list_bbox_celeba.txt": (2, ["1 2 3 4"] * 7),
        "list_landmarks_align_celeba.txt": (2, ["1 2 3 4 5 6 7 8 9 10"] * 7),
        "list_eval_partition.txt": (0, splits),
    }
    for file, (heads, rows) in numbers.items():
        lines = [f"{name} {row}" for name, row in zip(names, rows, strict=True)]
        (folder / file).write_text("\n".join([*["7", "A B"][:heads], *lines]) + "\n")
    published = {file: md5(folder / file) for file in CelebA.published}
    return type("CelebA", (CelebA,), {"published": published})(tmp_path)


@pytest.fixture
def small_dtd(tmp_path):
    """Writes one photograph a class and split, and the lists of the first partition."""
    folder, size = tmp_path / "dtd" / "dtd", (20, 30)
    for number, split in enumerate(Dtd.splits):
        names = [f"{one}/{one}_{number:04}.jpg" for one in Dtd.classes]
        (folder / "labels").mkdir(parents=True, exist_ok=True)
        (folder / "labels" / f"{split}1.txt").write_text("\n".join(names) + "\n")
        for seed, name in enumerate(names):
            picture(folder / "images" / name, seed, size=size)
    return Dtd(tmp_path)


@pytest.fixture
def published_gopro(tmp_path):
    """Writes five sequences of two frames, 256 x 128 px, as GOPRO_Large has them."""
    base = tmp_path / "GOPRO_Large"
    for number in range(5):
        sequence = base / ("train" if number < 3 else "test") / f"GOPR000{number}_11_00"
        for frame in (1, 2):
            for side in ("blur", "sharp"):
                seed = [number, frame, side == "sharp"]
                picture(sequence / side / f"00000{frame}.png", seed, size=(128, 256))
    return base
