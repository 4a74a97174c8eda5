"""Containers that do not do what they are told, or to which others do something meanwhile: each row of the table in
docs/stopping.md that a real engine can be made to show. A class of tests says on which engine (DockerHost)."""

import os

from server import wait_for
from stopfleet import CLUSTER
from stuck_files import NAME, StuckFiles

GRACE_MS = 1000


class UnrulyContainers:
    worker_flags = ("--stop-timeout", "1s")
    out_of_memory_is_said = True

    def starts(self, container):
        """How often the probe in it has begun, by its own log."""
        return sum(line.startswith("start ") for line in self.docker.docker("logs", container).splitlines())

    def wait_signals(self, container, signals):
        wait_for(lambda: self.docker.signals(container) == signals, 20, f"the signals {signals} at {container}")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stuck_files = StuckFiles(os.path.join(cls.directory, "stuck"))
        cls.addClassCleanup(cls.stuck_files.close)
        # Begun before the other tests, since it takes its time.
        cls.docker.run("stuck", "--label", "io.stopfleet.task=stuck", "-v", f"{cls.stuck_files.directory}:/stuck",
                       command=("open", f"/stuck/{NAME}"))
        cls.stuck = cls.fleet.task_of(cls.api, "stuck")
        cls.zombie_container = cls.docker.run("zombie", "--label", "io.stopfleet.task=zombie", command=("zombie", "obey", "7"))
        cls.zombie = cls.fleet.task_of(cls.api, "zombie")
        assert cls.stuck_files.asked.wait(20), "the container does not open the file"
        for task in (cls.stuck, cls.zombie):
            assert cls.api.call("StopTask", {"cluster": CLUSTER, "task": task})[0] == 200

    # ---- what it does with the signal ----

    def test_it_ignores_the_signal(self):
        container, task = self.run_task("ignores", command=("ignore",))
        document = self.stop_and_wait(task)
        self.assertEqual(self.exit_code(document), 137)
        self.assertNotIn("reason", document["containers"][0])
        self.assertEqual(self.docker.signals(container), ["TERM"])
        self.assert_killed_after_its_grace(task, GRACE_MS)

    def test_pid_1_without_a_handler(self):
        container, task = self.run_task("deaf", command=("deaf",))
        document = self.stop_and_wait(task)
        self.assertEqual(self.exit_code(document), 137)
        self.assertEqual(document["containers"][0]["reason"], "StopSignalUnhandled: PID 1 has no handler for SIGTERM")
        self.assertEqual(self.docker.signals(container), [])
        self.assert_killed_after_its_grace(task, GRACE_MS)
        for kind in ("SignalSent", "KillSent"):
            [sent] = self.fleet.events(task, kind)
            self.assertIn("PID 1 has no handler for SIGTERM", sent["answer"])

    def test_exit_codes_are_the_runtimes(self):
        tasks = {code: self.run_task(f"code-{code}", command=("obey", str(code)))[1] for code in (0, 143, 137, 255)}
        for task in tasks.values():
            self.stop(task)
        for code, task in tasks.items():
            self.assertEqual(self.exit_code(self.fleet.wait_status(self.api, task, "STOPPED")), code)
            self.assertEqual(self.fleet.events(task, "KillSent"), [])

    def test_it_exits_close_to_the_deadline(self):
        """Just before it, just after it: whatever comes first, the record agrees with itself."""
        tasks = {}
        for early_ms in (50, 25, 10, 0, -10, -25, -50):
            container, task = self.run_task(f"close-{early_ms}".replace("--", "-after-"),
                                            command=("late", str(GRACE_MS - early_ms), "7"))
            tasks[task] = container
        for task in tasks:
            self.stop(task)
        for task, container in tasks.items():
            code = self.exit_code(self.fleet.wait_status(self.api, task, "STOPPED"))
            self.assertEqual(self.docker.signals(container), ["TERM"])
            self.assertEqual(code, self.docker.inspect(container)["State"]["ExitCode"])
            if code == 137:
                self.assert_killed_after_its_grace(task, GRACE_MS)
            else:
                self.assertEqual(code, 7)
            events = [e["type"] for e in self.fleet.events(task) if e["type"] in ("KillSent", "ContainerExited")]
            self.assertIn(events, (["ContainerExited"], ["KillSent", "ContainerExited"]))

    def test_it_runs_out_of_memory_in_its_grace(self):
        container, task = self.run_task("gorges", "--memory", "16m", "--label", "io.stopfleet.stop-timeout=60", command=("gorge",))
        document = self.stop_and_wait(task)
        self.assertEqual(self.exit_code(document), 137)
        self.assertEqual(document["containers"][0].get("reason", "").startswith("OutOfMemoryError:"), self.out_of_memory_is_said, document)
        self.assertEqual(self.docker.inspect(container)["State"]["OOMKilled"], self.out_of_memory_is_said)
        self.assertEqual(self.docker.signals(container), ["TERM"])
        self.assertEqual(self.fleet.events(task, "KillSent"), [])

    def test_a_zombie_as_main_process(self):
        """Its first thread has ended, another runs on: runc takes it for stopped and delivers nothing, and it is the engine itself
        that kills it, after ten seconds of trying."""
        document = self.fleet.wait_status(self.api, self.zombie, "STOPPED", seconds=60)
        state = self.docker.inspect(self.zombie_container)["State"]
        self.assertEqual((state["Running"], self.exit_code(document)), (False, state["ExitCode"]))
        self.assertEqual(self.docker.signals(self.zombie_container), [])
        self.assertEqual(document["containers"][0]["reason"],
                         "StopSignalUnhandled: the main process is a zombie and gets no SIGTERM")
        self.assert_killed_after_its_grace(self.zombie, GRACE_MS)

    # ---- restart policies ----

    def assert_one_run(self, container, document, signals):
        self.assertEqual(self.docker.signals(container), signals)
        self.assertEqual(self.starts(container), 1)
        state = self.docker.inspect(container)["State"]
        self.assertFalse(state["Running"] or state["Restarting"])
        self.assertEqual(self.exit_code(document), state["ExitCode"])

    def test_a_restart_policy(self):
        for policy in ("always", "unless-stopped", "on-failure"):
            container, task = self.run_task(f"policy-{policy}", "--restart", policy, command=("obey", "3"))
            self.assert_one_run(container, self.stop_and_wait(task), ["TERM"])
            self.assertEqual(self.docker.inspect(container)["HostConfig"]["RestartPolicy"]["Name"], policy)

    def test_a_restart_policy_that_another_signal_than_the_images_would_not_end(self):
        for policy, after in (("always", "no"), ("on-failure", "no"), ("unless-stopped", "unless-stopped")):
            container, task = self.run_task(f"override-{policy}", "--restart", policy, "--stop-signal", "SIGQUIT", "--label",
                                            "io.stopfleet.stop-signal=SIGTERM", command=("obey", "3"))
            self.assert_one_run(container, self.stop_and_wait(task), ["TERM"])
            self.assertEqual(self.docker.inspect(container)["HostConfig"]["RestartPolicy"]["Name"], after)
            [sent] = self.fleet.events(task, "SignalSent")
            self.assertEqual("restart policy set to no, was " + policy in sent["answer"], after == "no", sent)

    # ---- paused ----

    def test_paused(self):
        container, task = self.run_task("paused")
        self.docker.docker("pause", container)
        self.assertEqual(self.exit_code(self.stop_and_wait(task)), 0)
        self.assertEqual(self.docker.signals(container), ["TERM"])

    def test_paused_with_another_signal_than_its_own(self):
        container, task = self.run_task("frozen", "--stop-signal", "SIGQUIT", "--label", "io.stopfleet.stop-signal=SIGTERM")
        self.docker.docker("pause", container)
        self.assertEqual(self.exit_code(self.stop_and_wait(task)), 0)
        self.assertEqual(self.docker.signals(container), ["TERM"])
        [sent] = self.fleet.events(task, "SignalSent")
        self.assertIn("resumed", sent["answer"])

    # ---- others do something ----

    def test_auto_removed(self):
        container, task = self.run_task("fleeting", "--rm", command=("obey", "5"))
        self.assertEqual(self.exit_code(self.stop_and_wait(task)), 5)
        self.docker.ids.remove(container)

    def test_removed_by_someone_else_in_mid_grace(self):
        container, task = self.run_task("removed", "--label", "io.stopfleet.stop-timeout=60", command=("ignore",))
        self.stop(task)
        self.wait_signals(container, ["TERM"])
        self.docker.docker("rm", "-f", container)
        self.docker.ids.remove(container)
        document = self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual(self.exit_code(document), 137)
        self.assertEqual(self.fleet.events(task, "KillSent"), [])

    def test_stopped_by_someone_else_at_the_same_time(self):
        container, task = self.run_task("shared", "--label", "io.stopfleet.stop-timeout=60", command=("late", "700", "6"))
        self.stop(task)
        self.docker.docker("stop", "-t", "30", container)
        self.assertEqual(self.exit_code(self.fleet.wait_status(self.api, task, "STOPPED")), 6)
        self.assertEqual(set(self.docker.signals(container)), {"TERM"})
        self.assertLessEqual(len(self.fleet.events(task, "SignalSent")), 1)
        self.assertEqual(self.fleet.events(task, "KillSent"), [])

    def test_started_again_in_mid_stop(self):
        """A task of two: one has obeyed and is started again while the other's grace still runs."""
        label = ("--label", "io.stopfleet.task=again")
        first = self.docker.run("again-first", *label)
        second = self.docker.run("again-second", *label, "--label", "io.stopfleet.stop-timeout=6", command=("ignore",))
        task = wait_for(lambda: next((t for t in self.fleet.tasks(self.api)
                                      if len(self.fleet.describe(self.api, t)["containers"]) == 2), None), 20, "a task of two")
        self.stop(task)
        self.wait_signals(second, ["TERM"])
        wait_for(lambda: not self.docker.inspect(first)["State"]["Running"], 20, "the end of the first run")
        self.docker.docker("start", first)
        self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual(self.docker.signals(first), ["TERM", "TERM"])
        self.assertFalse(self.docker.inspect(first)["State"]["Running"])
        runs = [e["started_at"] for e in self.fleet.events(task, "SignalSent") if e["container_id"] == first]
        self.assertEqual(len(set(runs)), 2)

    def test_recreated_under_the_same_name(self):
        old, task = self.run_task("twin", "--label", "io.stopfleet.stop-timeout=60", command=("ignore",))
        self.stop(task)
        self.wait_signals(old, ["TERM"])
        new = self.docker.run("twin", "--label", "io.stopfleet.task=twin")
        self.docker.ids.remove(old)
        self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual(self.docker.signals(new), [])
        self.assertTrue(self.docker.inspect(new)["State"]["Running"])
        self.assertNotEqual(self.fleet.task_of(self.api, "twin"), task)

    def test_a_shared_pid_namespace(self):
        """The one whose namespace it is ends last: with it the kernel would end the other without a signal."""
        label = ("--label", "io.stopfleet.task=space")
        owner = self.docker.run("space-owner", *label)
        guest = self.docker.run("space-guest", *label, "--pid", f"container:{owner}", command=("late", "300", "4"))
        task = wait_for(lambda: next((t for t in self.fleet.tasks(self.api)
                                      if len(self.fleet.describe(self.api, t)["containers"]) == 2), None), 20, "a task of two")
        document = self.stop_and_wait(task)
        codes = {c["name"]: c.get("exitCode") for c in document["containers"]}
        self.assertEqual(codes, {"space-owner": 0, "space-guest": 4})
        self.assertEqual([self.docker.signals(c) for c in (guest, owner)], [["TERM"], ["TERM"]])
        self.assertEqual([c for c, _ in self.ends(task)], [guest, owner])

    def test_never_started(self):
        self.docker.ids.append(self.docker.docker("create", "--network", "none", "--name", "unborn", "--label",
                                                  "io.stopfleet.task=unborn", self.docker.image, "obey"))
        task = self.fleet.task_of(self.api, "unborn")
        document = self.stop_and_wait(task)
        self.assertIsNone(self.exit_code(document))
        self.assertEqual(self.docker.inspect("unborn")["State"]["Status"], "created")
        self.assertEqual([e["type"] for e in self.fleet.events(task) if e["type"] in ("SignalSent", "KillSent")], [])

    def test_a_health_check(self):
        container, task = self.run_task("checked", "--health-cmd", "/probe exit 0", "--health-interval", "1s", command=("ignore",))
        self.assertEqual(self.exit_code(self.stop_and_wait(task)), 137)
        self.assertEqual(self.docker.signals(container), ["TERM"])

    # ---- what no engine can kill ----

    def end_of_the_stuck(self, reason):
        """The Task document of the container that waits uninterruptibly: StopStuck says so, STOPPED comes with its end only."""
        stuck = self.fleet.wait_events(self.stuck, "StopStuck", seconds=60)
        self.assertIn(reason, stuck[-1]["reason"])
        self.assertIn("its process is in state D (uninterruptible sleep)", stuck[-1]["reason"])
        self.assertNotEqual(self.fleet.describe(self.api, self.stuck)["lastStatus"], "STOPPED")
        self.stuck_files.close()
        return self.fleet.wait_status(self.api, self.stuck, "STOPPED", seconds=90)

    def test_what_cannot_be_killed(self):
        """SIGKILL is tried for ever."""
        self.assertEqual(self.exit_code(self.end_of_the_stuck("the container runs on after SIGKILL")), 137)
        self.assert_killed_after_its_grace(self.stuck, GRACE_MS)
