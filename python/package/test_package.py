"""The package as its users meet it: installed by pip, checked by mypy, removed.

`make python-package` runs this, with a Python that has pip, venv and mypy. Nothing
is fetched: pip is told to use no index.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
import venv

FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [FOLDER, os.path.join(FOLDER, "tests")]

import peers  # noqa: E402
import wheel_of  # noqa: E402

# A user's program with all that is public, as --strict wants it.
TYPED = """
    from __future__ import annotations

    from typing import Any

    import log_metrics_reader
    import quasar_client
    from quasar_client.tensorboard import PublishingWriter
    from websocket_client import AssetSpacePublisher, TrainingMetrics, VotingMetrics

    def train(hub: str) -> dict[str, Any]:
        with AssetSpacePublisher("V75", hub, token="t", max_rate=5, max_vote_age=None) as publisher:
            publisher.publish_training(TrainingMetrics(training_steps=1, actor_loss=0.5))
            publisher.publish_voting(VotingMetrics(dominant_signal="BUY", buy_count=7, sell_count=3))
            publisher.publish_combined({"training_steps": 2}, None)
            writer = PublishingWriter(object(), publisher, {"eval/hits": "avn_accuracy"})
            writer.add_scalar("losses/actor_loss", 0.5, 1)
            return publisher.stats

    same: type[quasar_client.AssetSpacePublisher] = AssetSpacePublisher
    version: str = quasar_client.__version__
    code: int = log_metrics_reader.main(["x.log", "--once"])
"""

# What it must find in programs that are wrong, one line each.
MISTYPED = {
    'AssetSpacePublisher("V75")': "Missing positional argument",
    'AssetSpacePublisher("V75", "ws://h", "token")': "Too many positional arguments",
    'AssetSpacePublisher("V75", "ws://h", rate=3)': "Unexpected keyword argument",
    'TrainingMetrics(training_steps="many")': "incompatible type",
    'AssetSpacePublisher("V75", "ws://h").receive()': "has no attribute",
}


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        cls.wheel = os.path.join(cls.folder, wheel_of.build_wheel(cls.folder))
        cls.sdist = os.path.join(cls.folder, wheel_of.build_sdist(cls.folder))
        environment = os.path.join(cls.folder, "venv")
        venv.create(environment, with_pip=True)
        cls.python = os.path.join(environment, "Scripts" if os.name == "nt" else "bin", "python")

    def run_python(self, *args: str, python: str = "") -> str:
        done = subprocess.run(
            [python or self.python, *args],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env={k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON"))},
        )
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def pip(self, *args: str) -> str:
        return self.run_python("-m", "pip", "--disable-pip-version-check", *args)

    def install(self, what: str) -> None:
        self.addCleanup(self.pip, "uninstall", "--yes", "quasar-client")
        self.pip("install", "--no-index", what)

    def installed_files(self) -> list[str]:
        code = "import sysconfig; print(sysconfig.get_path('purelib'))"
        root = self.run_python("-c", code).strip()
        found = [os.path.relpath(os.path.join(path, name), root) for path, _, names in os.walk(root) for name in names]
        return sorted(name for name in found if not name.startswith(("pip", "setuptools", "_distutils", "pkg_res")))

    def test_it_installs_publishes_and_leaves_nothing(self) -> None:
        for what in (self.wheel, self.sdist, FOLDER):
            with self.subTest(os.path.basename(what)):
                before = self.installed_files()
                self.pip("install", "--no-index", what)
                self.assertIn("No broken requirements found", self.pip("check"))
                self.assertIn(f"Version: {wheel_of.version()}", self.pip("show", "quasar-client"))
                self.check_publishes()
                self.pip("uninstall", "--yes", "quasar-client")
                self.assertEqual(self.installed_files(), before)
        self.assertEqual([n for n in os.listdir(FOLDER) if n.endswith((".egg-info", ".dist-info")) or n == "build"], [])

    def check_publishes(self) -> None:
        script = """if True:
            import sys, log_metrics_reader
            from websocket_client import AssetSpacePublisher, TrainingMetrics
            with AssetSpacePublisher("PIP", sys.argv[1]) as publisher:
                publisher.publish_training(TrainingMetrics(training_steps=7))"""
        with peers.Hub() as hub:
            self.run_python("-I", "-W", "error", "-c", script, hub.url)
            peers.wait_until(lambda: hub.peers and hub.peers[0].ended.is_set())
            self.assertEqual([frame["data"] for frame in hub.peers[0].metrics()], [{"training_steps": 7}])

    def test_the_reader_is_a_command(self) -> None:
        self.install(self.wheel)
        self.assertIn("--authorization-file", self.run_python("-I", "-m", "log_metrics_reader", "--help"))

    def mypy(self, program: str) -> subprocess.CompletedProcess[str]:
        path = os.path.join(self.folder, "program.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(program))
        return subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", "--python-executable", self.python, path],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def test_a_users_program_is_checked_strictly(self) -> None:
        self.install(self.wheel)
        done = self.mypy(TYPED)
        self.assertEqual((done.returncode, done.stdout.count("error:")), (0, 0), done.stdout)
        imports = "from websocket_client import AssetSpacePublisher, TrainingMetrics\n"
        done = self.mypy(imports + "\n".join(MISTYPED) + "\n")
        for number, want in enumerate(MISTYPED.values(), 2):
            line = next((line for line in done.stdout.splitlines() if f"program.py:{number}:" in line), "nothing")
            self.assertIn(want, line)


if __name__ == "__main__":
    unittest.main()
