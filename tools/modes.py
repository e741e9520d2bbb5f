"""Modes of the ring of 8 and the grid of 25: the networks of the PacGAN paper, many remedies.

    python tools/modes.py --steps 4000                     # all, five seeds; writes docs/modes.md
    python tools/modes.py --only GAN PacGAN2 --data ring
    python tools/modes.py --table                          # writes the page anew

G: 2-400-400-400-400-2, batch norm and ReLU. D: three layers of 200 maxout units of 5 pieces. Adam
1e-4 (0.8, 0.999), a batch of 100 samples (200 where D sees two at a time). The paper trains for
400,000 steps; here the runs are as long as --steps says, with the learning rate of --lr. Runs are
kept in the folder --work and go on from there.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ganc
from ganc import bench, nn
from ganc.models import MADGAN, MGAN, PacGAN, Preset, ToyGAN, UnrolledGAN
from ganc.models._heads import TwoHeads
from ganc.models._several import Generators

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
from _harness import machine  # noqa: E402

RESULTS, PAGE = ROOT / "benchmarks/results/modes.csv", ROOT / "docs/modes.md"
G, D, PIECES = (400,) * 4, (200,) * 3, 5
PUBLISHED = {  # Lin et al. 2018, table 1: modes, high quality, reverse KL
    ("GAN", "ring"): "6.3; 98.2 %; 0.45", ("GAN", "grid"): "17.3; 94.8 %; 0.70",
    ("PacGAN2", "ring"): "7.9; 95.6 %; 0.07", ("PacGAN2", "grid"): "23.8; 91.3 %; 0.13",
    ("unrolled", "ring"): "7.6; 35.6 % (VEEGAN's networks)",
    ("unrolled", "grid"): "23.6; 16 % (VEEGAN's networks)",
}  # fmt: skip


def body(network: nn.Module) -> list[nn.Module]:
    """The layers of a Sequential but the last."""
    return list(network.children())[:-1]


def paper(packing: int = 1) -> tuple[nn.Module, nn.Module]:
    """The paper's networks."""
    c = SimpleNamespace(
        features=2, latent_dim=2, g_hidden=G, d_hidden=D, pieces=PIECES, packing=packing
    )
    return PacGAN.networks(None, c)


class Unrolled(UnrolledGAN):
    """Unrolled steps on the paper's networks."""

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        return paper()


class Minibatch(PacGAN):
    """Minibatch discrimination before D's last layer."""

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        generator, discriminator = paper()
        compare = nn.MinibatchDiscrimination(D[-1], 100, 5)
        return generator, nn.Sequential(*body(discriminator), compare, nn.Linear(D[-1] + 100, 1))


class ManyAgents(MADGAN):
    """Four generators that share all but the last layer, and a D of five classes."""

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        from ganc.models._madgan import _WhoMadeIt

        generator, discriminator = paper()
        own: list[nn.Module] = [nn.Linear(G[-1], 2) for _ in range(c.generators)]
        several = Generators(nn.Sequential(*body(generator)), own, nn.Identity())
        return several, _WhoMadeIt(nn.Sequential(*body(discriminator)), D[-1], c.generators + 1)


class Mixture(MGAN):
    """Four generators that share all but the first layer, and a classifier of them."""

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        generator, discriminator = paper()
        own: list[nn.Module] = [
            nn.Sequential(nn.Linear(2, G[0]), nn.BatchNorm1d(G[0]), nn.ReLU())
            for _ in range(c.generators)
        ]
        behind = nn.Sequential(*list(generator.children())[3:])
        several = Generators(nn.Identity(), own, behind)
        return several, TwoHeads(nn.Sequential(*body(discriminator)), D[-1], c.generators)


def contestants(lr: float) -> dict[str, tuple[type[Preset], dict[str, Any]]]:
    """Each remedy: a class, and its numbers."""
    adam = {"g_lr": lr, "d_lr": lr, "betas": (0.8, 0.999)}
    toy = {"g_hidden": G, "batch_norm": True, "d_hidden": D, "maxout": PIECES, "batch_size": 100}
    calm = {"g_lr": lr, "d_lr": lr, "betas": (0.5, 0.9)}
    return {
        "GAN": (PacGAN, {"packing": 1, "batch_size": 100} | adam),
        "PacGAN2": (PacGAN, {"packing": 2, "batch_size": 200} | adam),
        "unrolled": (Unrolled, {"latent_dim": 2, "unroll_steps": 5, "batch_size": 100,
                                "loss": "non_saturating", "saddle": False} | adam),
        "WGAN-GP": (ToyGAN, toy | calm | {"loss": "wgan", "penalty": "wgan_gp",
                                          "penalty_weight": 0.1, "n_critic": 5}),
        "minibatch": (Minibatch, {"packing": 1, "batch_size": 100} | adam),
        "MGAN": (Mixture, {"features": 2, "generators": 4, "per_generator": 25, "latent_dim": 2,
                           "batch_size": 100} | adam),
        "MADGAN": (ManyAgents, {"generators": 4, "latent_dim": 2, "batch_size": 100} | adam),
        "RpGAN + R1 + R2": (ToyGAN, toy | adam | {"loss": "relativistic", "penalty": ("r1", "r2"),
                                                  "penalty_weight": 0.1}),
    }  # fmt: skip


def run(names: list[str], data: list[str], steps: int, lr: float, seeds: int, work: Path) -> None:
    """Make the runs and enter a row for each remedy and set."""
    known = {key: row for row in rows() if (key := (row["remedy"], row["data"]))}
    for where in data:
        for name in names:
            cls, numbers = contestants(lr)[name]
            found = bench.compare(
                {name: lambda seed, c=cls, n=numbers: c(**n, seed=seed)}, where,
                seeds=range(seeds), steps=steps, n=2500, workers=1, folder=work / where / name,
            )  # fmt: skip
            row = found.rows()[0]
            known[name, where] = {
                "remedy": name, "data": where, "steps": steps, "lr": lr, "seeds": seeds,
                "failed": row["failed"], "cpu": machine()["cpu"],
                **{k: round(v, 4) for k, v in row.items() if k.startswith(_NUMBERS)},
            }  # fmt: skip
            write(list(known.values()))


_NUMBERS = ("modes_covered", "high_quality_share", "reverse_kl", "seconds")


def rows() -> list[dict[str, Any]]:
    """The rows of earlier runs."""
    if not RESULTS.exists():
        return []
    with RESULTS.open(newline="") as file:
        return list(csv.DictReader(file))


def write(found: list[dict[str, Any]]) -> None:
    """Write the table and the page."""
    with RESULTS.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        writer.writerows(found)
    PAGE.write_text(page(found))


def page(found: list[dict[str, Any]]) -> str:
    """The page."""
    first = found[0]
    lines = [
        "# Modes: many remedies on the ring and the grid",
        "",
        "Written by `tools/modes.py`. Each remedy on the networks of the PacGAN paper (Lin et al.",
        f"2018), {first['seeds']} seeds, **{first['steps']} steps** with a rate of {first['lr']}",
        "where the paper trains 400,000 steps with 1e-4: the figures are of runs that have just",
        "begun, and none can be compared with published ones but by its order. Means and standard",
        "deviations of 2,500 samples. A step of WGAN-GP is one update of D, one in five of G.",
        "",
        f"    python tools/modes.py --steps {first['steps']} --lr {first['lr']}",
        "",
    ]
    for data, most in (("ring", 8), ("grid", 25)):
        mine = [row for row in found if row["data"] == data]
        if not mine:
            continue
        lines += [
            f"## The {data}: {most} modes",
            "",
            "| | modes | high quality | reverse KL | seconds a run | published |",
            "|---|---|---|---|---|---|",
        ]
        for row in mine:
            modes, share, kl = (
                f"{float(row[n]) * k:.{d}f} ± {float(row[n + '_std']) * k:.{d}f}"
                for n, k, d in zip(_NUMBERS, (1, 100, 1), (1, 1, 2), strict=False)
            )
            said = PUBLISHED.get((row["remedy"], data), "")
            lines.append(
                f"| {row['remedy']} | {modes} | {share} % | {kl} | {float(row['seconds']):.0f} "
                f"| {said} |"
            )
        lines.append("")
    return "\n".join([*lines, f"One thread of {first['cpu']}, beside other work."]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    names = list(contestants(1e-4))
    parser.add_argument("--only", nargs="+", default=names, choices=names, metavar="REMEDY")
    parser.add_argument("--data", nargs="+", default=["ring", "grid"], choices=("ring", "grid"))
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--lr", type=float, default=4e-4)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--work", type=Path, default=Path("modes"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--table", action="store_true", help="only write the page")
    args = parser.parse_args()
    ganc.set_num_threads(args.threads)
    if args.table:
        write(rows())
    else:
        run(args.only, args.data, args.steps, args.lr, args.seeds, args.work)


if __name__ == "__main__":
    main()
