"""Put the third-party parts of the site where the server finds them: ``web/static/vendor/``.

Run by ``make`` after ``npm ci`` in this folder. The parts come from npm, pinned by
``package-lock.json``, and are never committed; without them the site has a plain editor and a map
of dots. The folder is written beside its place and moved there, so it is whole or absent.

    npm ci && python install.py
"""

from __future__ import annotations

import json
import math
import shutil
import sys
from pathlib import Path

WEB = Path(__file__).resolve().parent
MODULES = WEB / "node_modules"
VENDOR = WEB / "static" / "vendor"
sys.path.insert(0, str(WEB.parent / "ontology"))

from territory import OUTLINES, read_outlines  # noqa: E402

from collex_graph.server.drawn_map import FRAMES, Frame  # noqa: E402

FINEST = 0.8
"""Points of an outline that are nearer to each other than this are one (units of the drawing)."""
EDITOR = ("@zazuko/yasqe/build/yasqe.esm.js", "@zazuko/yasqe/build/yasqe.min.css")
LICENCE_FILES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE", "license", "LICENSE-MIT.txt")


def write_outlines(target: Path) -> None:
    """Write the outlines of the départements as paths in the coordinates of the drawn map.

    Pages refer to the two paths, ``mainland`` and ``overseas``, and give them their colours.
    """
    outlines, _ = read_outlines(json.loads((MODULES / OUTLINES).read_text(encoding="utf-8")))
    paths: dict[str, list[str]] = {"mainland": [], "overseas": []}
    for name in sorted(outlines):
        for polygon in outlines[name]:
            for ring in polygon:
                longitude, latitude = ring[0]
                frame = next((f for f in FRAMES if f.project(latitude, longitude)), None)
                if frame:
                    paths["overseas" if frame.region else "mainland"].append(_path(frame, ring))
    body = "\n".join(f'<path id="{key}" d="{"".join(d)}"/>' for key, d in paths.items())
    target.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg"><defs>\n{body}\n</defs></svg>\n',
        encoding="utf-8",
    )


def _path(frame: Frame, ring: list[tuple[float, float]]) -> str:
    points: list[tuple[float, float]] = []
    for longitude, latitude in ring:
        point = frame.place(latitude, longitude)
        if not points or math.dist(point, points[-1]) > FINEST:
            points.append(point)
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) + "Z" if len(points) > 2 else ""


def write_licences(target: Path) -> None:
    """Write the licences of what is sent to browsers, with the names and versions they are for."""
    locked = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    parts = []
    for path, package in sorted(locked.items()):
        if not path.startswith("node_modules/") or package.get("dev"):
            continue
        folder = WEB / path
        texts = [folder / name for name in LICENCE_FILES if (folder / name).is_file()]
        parts.append(
            f"{path.removeprefix('node_modules/')} {package['version']}: "
            f"{package.get('license', 'see below')}\n\n"
            + "\n".join(text.read_text(encoding="utf-8", errors="replace") for text in texts[:1])
        )
    target.write_text(("\n" + "-" * 72 + "\n").join(parts), encoding="utf-8")


def main() -> None:
    """Write the folder anew."""
    if not MODULES.is_dir():
        raise SystemExit(f"{MODULES} is missing: run `npm ci` in {WEB} first")
    fresh = VENDOR.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name in EDITOR:
        text = (MODULES / name).read_text(encoding="utf-8")
        # the map of the minified code is not sent
        kept = [line for line in text.splitlines() if not line.startswith("//# sourceMappingURL")]
        (fresh / Path(name).name).write_text("\n".join(kept) + "\n", encoding="utf-8")
    write_outlines(fresh / "france.svg")
    write_licences(fresh / "LICENCES.txt")
    shutil.rmtree(VENDOR, ignore_errors=True)
    fresh.rename(VENDOR)


if __name__ == "__main__":
    main()
