"""What the end of the quickstart clears away of commands that were killed together with their stopfleet-run."""

import glob
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from stopfleet import BIN  # noqa: E402
from server import process_start_ticks, wait_for  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class QuickstartEnd(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="stopfleet-quickstart-")
        self.addCleanup(directory.cleanup)
        self.tasks = directory.name

    def run_task(self, task):
        parent = subprocess.Popen([os.path.join(BIN, "stopfleet-run"), "--directory", self.tasks, "--task", task, "--", "sleep", "1000"])
        wait_for(lambda: glob.glob(os.path.join(self.tasks, f"{task}.sleep.json")), 10, "the task file")
        with open(os.path.join(self.tasks, f"{task}.sleep.json"), encoding="utf-8") as f:
            entry = json.load(f)["processes"][0]
        return parent, entry["pid"], entry["cgroup"]

    def kill(self, parent, pid):
        parent.kill()
        parent.wait()
        if process_start_ticks(pid) is not None:
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: process_start_ticks(pid) is None, 10, "the end of the command")

    def clear(self):
        subprocess.run(["bash", "-c", "set -euo pipefail; . deploy/quickstart/processes.sh; remove_cgroups \"$1\"", "bash", self.tasks],
                       cwd=TOP, check=True, timeout=60)

    def test_only_empty_groups_go(self):
        killed, lives = self.run_task("killed"), self.run_task("lives")
        self.addCleanup(lambda: (self.kill(*lives[:2]), self.clear()))
        self.kill(*killed[:2])
        os.mkdir(os.path.join(killed[2], "stopfleet-stop"))  # as the worker marks one whose process it stops
        self.clear()
        self.assertEqual([os.path.exists(task[2]) for task in (killed, lives)], [False, True])
        self.assertIsNone(lives[0].poll())


if __name__ == "__main__":
    unittest.main(verbosity=2)
