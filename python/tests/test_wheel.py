"""The package: what is in the wheel, and that it works from there."""

from __future__ import annotations

import ast
import base64
import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile
from unittest import mock

import peers

import wheel_of

FOLDER = os.path.dirname(peers.HERE)


class Wheel(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def built(self) -> str:
        return os.path.join(self.folder, wheel_of.build_wheel(self.folder))

    def test_its_name_and_files(self):
        path = self.built()
        version = wheel_of.version()
        self.assertEqual(os.path.basename(path), f"quasar_client-{version}-py3-none-any.whl")
        with zipfile.ZipFile(path) as wheel:
            names = set(wheel.namelist())
        info = f"quasar_client-{version}.dist-info"
        self.assertEqual(
            names,
            {
                "websocket_client.py",
                "websocket_client-stubs/__init__.pyi",
                "log_metrics_reader.py",
                "log_metrics_reader-stubs/__init__.pyi",
                "quasar_client/__init__.py",
                "quasar_client/py.typed",
                "quasar_client/sb3.py",
                "quasar_client/tensorboard.py",
                f"{info}/METADATA",
                f"{info}/licenses/LICENSE",
                f"{info}/WHEEL",
                f"{info}/RECORD",
            },
        )

    def test_the_modules_are_those_that_a_hub_serves(self):
        with zipfile.ZipFile(self.built()) as wheel:
            for module in ("websocket_client.py", "log_metrics_reader.py"):
                with open(os.path.join(FOLDER, module), "rb") as file:
                    self.assertEqual(wheel.read(module), file.read(), module)

    def test_its_licence_is_the_projects(self):
        """Which wants to go along with every copy, so with the wheel and the sources too."""
        with open(os.path.join(FOLDER, "..", "LICENSE"), "rb") as file:
            want = file.read()
        base = f"quasar_client-{wheel_of.version()}"
        with zipfile.ZipFile(self.built()) as wheel:
            self.assertEqual(wheel.read(f"{base}.dist-info/licenses/LICENSE"), want)
        with tarfile.open(os.path.join(self.folder, wheel_of.build_sdist(self.folder))) as archive:
            self.assertEqual(archive.extractfile(f"{base}/LICENSE").read(), want)
        for line in ("Metadata-Version: 2.4", "License-Expression: MIT", "License-File: LICENSE"):
            self.assertIn(line + "\n", wheel_of.metadata())

    def test_its_record_holds_for_every_file(self):
        with zipfile.ZipFile(self.built()) as wheel:
            record = next(name for name in wheel.namelist() if name.endswith("/RECORD"))
            rows = [line.split(",") for line in wheel.read(record).decode().splitlines()]
            self.assertEqual(sorted(name for name, _, _ in rows), sorted(wheel.namelist()))
            for name, digest, size in rows:
                if name == record:
                    continue
                data = wheel.read(name)
                want = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
                self.assertEqual((digest, size), ("sha256=" + want, str(len(data))), name)

    def test_it_wants_nothing_that_is_not_asked_for(self):
        wants = [line for line in wheel_of.metadata().splitlines() if line.startswith("Requires-Dist:")]
        self.assertEqual([line for line in wants if "extra ==" not in line], [])

    def test_the_same_sources_make_the_same_bytes(self):
        for build in (wheel_of.build_wheel, wheel_of.build_sdist):
            with self.subTest(build.__name__), tempfile.TemporaryDirectory() as other:
                name = build(self.folder)
                with mock.patch("time.time", return_value=2e9):
                    self.assertEqual(build(other), name)
                with open(os.path.join(self.folder, name), "rb") as a, open(os.path.join(other, name), "rb") as b:
                    self.assertEqual(a.read(), b.read())

    def test_the_source_archive_builds_the_same_wheel(self):
        with open(self.built(), "rb") as file:
            want = file.read()
        with tarfile.open(os.path.join(self.folder, wheel_of.build_sdist(self.folder))) as archive:
            for member in archive.getmembers():  # what we wrote: plain files in one folder
                path = os.path.join(self.folder, member.name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as out:
                    out.write(archive.extractfile(member).read())
        source = os.path.join(self.folder, f"quasar_client-{wheel_of.version()}")
        said = self.python(["wheel_of.py", "dist"], cwd=source)
        with open(os.path.join(source, said.strip()), "rb") as file:
            self.assertEqual(file.read(), want)

    def test_it_publishes_from_where_it_is_installed(self):
        with zipfile.ZipFile(self.built()) as wheel:
            wheel.extractall(self.folder)
        with peers.Hub() as hub:
            script = f"""if True:
                import sys
                sys.path.insert(0, {self.folder!r})
                import quasar_client
                with quasar_client.AssetSpacePublisher("WHEEL", {hub.url!r}) as publisher:
                    publisher.publish_training(quasar_client.TrainingMetrics(training_steps=7))
                print(quasar_client.__file__, quasar_client.__version__)"""
            said = self.python(["-W", "error", "-I", "-c", script], cwd=self.folder)
            peers.wait_until(lambda: hub.peers and hub.peers[0].ended.is_set())
            sent = hub.peers[0].metrics()
        self.assertTrue(said.startswith(self.folder), said)
        self.assertEqual(said.split()[-1], wheel_of.version())
        self.assertEqual([frame["data"] for frame in sent], [{"training_steps": 7}])

    def test_every_file_is_in_the_language_of_the_oldest_python(self):
        """What that Python lacks beyond its grammar, `make python-versions` finds."""
        with zipfile.ZipFile(self.built()) as wheel:
            for name in wheel.namelist():
                if name.endswith((".py", ".pyi")):
                    ast.parse(wheel.read(name), name, feature_version=(3, 9))
        self.assertIn("Requires-Python: >=3.9\n", wheel_of.metadata())

    def test_a_call_without_a_folder_says_how(self):
        done = subprocess.run(
            [sys.executable, os.path.join(FOLDER, "wheel_of.py")], stderr=subprocess.PIPE, text=True, check=False
        )
        self.assertEqual((done.returncode, done.stderr), (2, "usage: wheel_of.py FOLDER\n"))

    def python(self, args: list[str], cwd: str) -> str:
        done = subprocess.run(
            [sys.executable, *args], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout


if __name__ == "__main__":
    unittest.main()
