"""Builds quasar-client: a wheel and a source archive, by the standard library alone.

    python3 wheel_of.py FOLDER    puts the wheel into FOLDER and prints its name

It is the build backend (PEP 517) of this folder too: `pip install .` and
`pip wheel .` need neither a network nor another package. The same sources make
the same bytes, whenever and wherever they are built.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import os
import re
import sys
import tarfile
import zipfile
from typing import Any, Optional

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = ("websocket_client", "log_metrics_reader")
PACKAGE = "quasar_client"
SOURCES = ("pyproject.toml", "wheel_of.py", "README.md", "LICENSE")
WHEN = (1980, 1, 1, 0, 0, 0)  # the first day of a zip file

METADATA = """\
Metadata-Version: 2.4
Name: quasar-client
Version: {version}
Summary: Publishes the live metrics of a training process to a Quasar hub. It cannot receive.
License-Expression: MIT
License-File: LICENSE
Project-URL: Source, https://github.com/karlquant/quasar
Requires-Python: >=3.9
Classifier: Operating System :: OS Independent
Classifier: Programming Language :: Python :: 3
Classifier: Typing :: Typed
Provides-Extra: sb3
Requires-Dist: stable-baselines3>=2; extra == "sb3"
Description-Content-Type: text/markdown

{description}"""

WHEEL = """\
Wheel-Version: 1.0
Generator: quasar
Root-Is-Purelib: true
Tag: py3-none-any
"""


def version() -> str:
    """Returns the version that the publisher itself states."""
    found = re.search(r'^__version__ = "([^"]+)"$', read("websocket_client.py").decode(), re.MULTILINE)
    if found is None:
        raise ValueError('websocket_client.py: got no line __version__ = "...", want one')
    return found.group(1)


def read(*name: str) -> bytes:
    with open(os.path.join(HERE, *name), "rb") as file:
        return file.read()


def package_files() -> list[str]:
    names = os.listdir(os.path.join(HERE, PACKAGE))
    return sorted(name for name in names if name.endswith(".py") or name == "py.typed")


def metadata() -> str:
    return METADATA.format(version=version(), description=read("README.md").decode())


def contents() -> dict[str, bytes]:
    """Returns what a wheel holds, RECORD aside, by its path."""
    files = {f"{PACKAGE}/{name}": read(PACKAGE, name) for name in package_files()}
    for module in MODULES:
        source = read(module + ".py")
        files[f"{module}.py"] = source
        # Type checkers believe a single module only by its stubs (PEP 561).
        # The module itself serves as such, and cannot differ from itself.
        files[f"{module}-stubs/__init__.pyi"] = source
    info = f"quasar_client-{version()}.dist-info"
    files[f"{info}/METADATA"] = metadata().encode()
    files[f"{info}/WHEEL"] = WHEEL.encode()
    files[f"{info}/licenses/LICENSE"] = read("LICENSE")  # PEP 639
    return files


def record(files: dict[str, bytes], own: str) -> bytes:
    lines = []
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(data)}\n")
    return "".join([*lines, f"{own},,\n"]).encode()


def build_wheel(wheel_directory: str, config_settings: Any = None, metadata_directory: Optional[str] = None) -> str:
    """PEP 517: writes the wheel and returns its name."""
    files = contents()
    own = f"quasar_client-{version()}.dist-info/RECORD"
    files[own] = record(files, own)
    name = f"quasar_client-{version()}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w", zipfile.ZIP_STORED) as wheel:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path, WHEN)
            entry.external_attr = 0o100644 << 16
            entry.create_system = 3  # Unix, wherever it is built
            wheel.writestr(entry, data)
    return name


def build_sdist(sdist_directory: str, config_settings: Any = None) -> str:
    """PEP 517: writes the source archive and returns its name."""
    base = f"quasar_client-{version()}"
    files = {name: read(name) for name in (*SOURCES, *(module + ".py" for module in MODULES))}
    files.update({f"{PACKAGE}/{name}": read(PACKAGE, name) for name in package_files()})
    files["PKG-INFO"] = metadata().encode()
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(files):
            entry = tarfile.TarInfo(f"{base}/{name}")
            entry.size = len(files[name])
            tar.addfile(entry, io.BytesIO(files[name]))
    with open(os.path.join(sdist_directory, base + ".tar.gz"), "wb") as out:
        out.write(gzip.compress(raw.getvalue(), mtime=0))
    return base + ".tar.gz"


def main(args: list[str]) -> int:
    if len(args) != 1 or args[0].startswith("-"):
        print("usage: wheel_of.py FOLDER", file=sys.stderr)
        return 2
    os.makedirs(args[0], exist_ok=True)
    print(os.path.join(args[0], build_wheel(args[0])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
