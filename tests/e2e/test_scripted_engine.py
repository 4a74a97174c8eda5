"""What no real engine here can be made to show: GPUs, Windows, published IPv6, and answers that are no answers."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from docker_host import ScriptedHost  # noqa: E402
from scripted_engine import ScriptedEngine, endless, hang_up, html, raw, reply  # noqa: E402
from server import wait_for  # noqa: E402
from stopfleet import CLUSTER  # noqa: E402

INSPECT = r"/containers/[^/]+/json"
LIST = r"/containers/json"
MACVLAN = "d" * 64


class Scripted(ScriptedHost):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.windows = ScriptedEngine(os_type="windows").start()
        cls.addClassCleanup(cls.windows.close)
        cls.fleet.worker("windows-host", "b" * 32, ["--runtime", "docker", "--docker-endpoint", cls.windows.endpoint, *cls.worker_flags])

    def described(self, name, **more):
        """The document of a container with these members of its inspect."""
        _, task = self.add(name, members=more)
        return self.document(task)["containers"][0]

    def document(self, task):
        return self.fleet.describe(self.api, task)

    # ---- documents ----

    def test_gpus(self):
        def asks(*ids):
            return {"DeviceRequests": [{"Driver": "nvidia", "Count": 0, "DeviceIDs": list(ids), "Capabilities": [["gpu"]]}]}
        self.assertEqual(self.described("gpu-two", HostConfig=asks("GPU-aa", "GPU-bb"))["gpuIds"], ["GPU-aa", "GPU-bb"])
        visible = {"Env": ["NVIDIA_VISIBLE_DEVICES=GPU-cc,3,MIG-dd"]}
        self.assertEqual(self.described("gpu-variable", Config=visible)["gpuIds"], ["GPU-cc", "MIG-dd"])
        for name, members in (("gpu-empty", {"HostConfig": asks("")}), ("gpu-all", {"Config": {"Env": ["NVIDIA_VISIBLE_DEVICES=all"]}}),
                              ("gpu-prefix", {"Config": {"Env": ["NVIDIA_VISIBLE_DEVICES=GPU-,MIG-"]}})):
            self.assertNotIn("gpuIds", self.described(name, **members))

    def test_an_address_of_its_own(self):
        self.engine.networks.update({MACVLAN: {"Id": MACVLAN, "Driver": "macvlan"}, "e" * 64: {"Id": "e" * 64, "Driver": "bridge"}})
        c = self.described("macvlan", NetworkSettings={"Networks": {
            "street": {"NetworkID": MACVLAN, "IPAddress": "10.9.8.7", "GlobalIPv6Address": "2001:db8::7"},
            "yard": {"NetworkID": "e" * 64, "IPAddress": "172.18.0.2", "GlobalIPv6Address": ""}}})
        self.assertEqual(c["networkInterfaces"], [{"privateIpv4Address": "10.9.8.7", "ipv6Address": "2001:db8::7"}])

    def test_published_ports(self):
        both = [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}]
        c = self.described("ports", NetworkSettings={"Ports": {
            "80/tcp": both, "443/tcp": None, "5060/sctp": both,
            **{f"{port}/udp": [{"HostIp": "::1", "HostPort": str(port + 1000)}] for port in range(7000, 7005)}}})
        # ECS knows tcp and udp only (botocore: TransportProtocol).
        self.assertCountEqual(c["networkBindings"], [
            {"bindIP": "0.0.0.0", "containerPort": 80, "hostPort": 8080, "protocol": "tcp"},
            {"bindIP": "::", "containerPort": 80, "hostPort": 8080, "protocol": "tcp"},
            {"bindIP": "::1", "containerPortRange": "7000-7004", "hostPortRange": "8000-8004", "protocol": "udp"}])

    def test_the_digest_of_an_image(self):
        digest = "sha256:" + "9" * 64
        image = "sha256:" + "2" * 64
        self.engine.images[image] = {"Id": image, "RepoDigests": ["registry.example:5000/other@sha256:" + "8" * 64,
                                                                  "registry.example:5000/shop@" + digest]}
        c = self.described("digest", Image=image, Config={"Image": "registry.example:5000/shop:7"})
        self.assertEqual((c["image"], c["imageDigest"]), ("registry.example:5000/shop:7", digest))

    def test_a_digest_outlives_its_image(self):
        digest, image = "sha256:" + "7" * 64, "sha256:" + "3" * 64
        self.engine.images[image] = {"Id": image, "RepoDigests": ["shop@" + digest]}
        _, task = self.add("removed", members={"Image": image, "Config": {"Image": "shop:7"}})
        self.assertEqual(self.document(task)["containers"][0]["imageDigest"], digest)
        del self.engine.images[image]
        self.worker.restart()  # what it had asked is forgotten
        self.add("removed-after")
        self.engine.wait_call("GET", f"/images/{image}/json", 2)
        self.assertEqual(self.document(task)["containers"][0]["imageDigest"], digest)
        self.assertEqual(len(self.fleet.events(task, "TaskObserved")), 1)

    # ---- who else uses it ----

    def hosts(self):
        """The ids in the view."""
        status, answer = self.api.call("ListContainerInstances", {"cluster": CLUSTER})
        self.assertEqual(status, 200, answer)
        return {arn.rsplit("/", 1)[1] for arn in answer["containerInstanceArns"]}

    def test_a_second_worker_of_an_engine_is_warned(self):
        engine = ScriptedEngine().start()
        self.addCleanup(engine.close)
        alone = self.fleet.worker("alone-host", "c" * 32, ["--runtime", "docker", "--docker-endpoint", engine.endpoint])
        self.addCleanup(alone.stop)
        second = self.fleet.worker("second-host", "e" * 32, ["--runtime", "docker", "--docker-endpoint", engine.endpoint])
        self.addCleanup(second.stop)
        second.wait_log("engine.shared", seconds=30)
        self.assertIn(engine.endpoint, second.log_text())
        self.assertNotIn("engine.shared", alone.log_text())
        # It is said before the host is registered: whoever looks at the view after this test finds both.
        wait_for(lambda: {"c" * 32, "e" * 32} <= self.hosts(), 30, "both hosts in the view")

    # ---- answers that are none ----

    def survives(self, name, path, *answers):
        """These answers, one after the other, end no task, change nothing that is said of it, and do not stop what comes after them."""
        _, task = self.add(f"{name}-before")
        for answer in reversed(answers):
            self.engine.answer("GET", path, answer, times=1)
        served = len(self.engine.called("GET", path))
        self.add(f"{name}-after", seconds=60)
        self.assertGreaterEqual(len(self.engine.called("GET", path)), served + len(answers))
        self.assertTrue(self.worker.alive())
        self.assertEqual(self.fleet.events(task, "TaskGone"), [])
        self.assertEqual(len(self.fleet.events(task, "TaskObserved")), 1)

    def test_a_list_that_is_none(self):
        self.survives("list", LIST, html(), reply(500, {"message": "broken"}), raw(b'[{"Id":"00', promised=4000),
                      reply(200, {"containers": []}), reply(200, [1, 2, None]), endless())

    def test_an_inspect_that_is_none(self):
        self.survives("inspect", INSPECT, raw(b'{"Id":'), hang_up())

    def test_what_does_not_say_that_it_is_gone_is_no_end(self):
        container, task = self.add("not-gone")
        path = f"/containers/{container}/json"
        for answer in (reply(200, []), html(404), reply(404, {"message": "page not found"})):
            rule = self.engine.answer("GET", path, answer)
            self.engine.emit(container, "update")
            self.engine.wait_call("GET", path, len(self.engine.called("GET", path)) + 2)
            self.engine.forget(rule)
        self.add("not-gone-after")
        self.assertEqual(self.fleet.events(task, "TaskGone"), [])

    def test_events_that_are_none(self):
        _, task = self.add("lines-before")
        for line in (b"<html>\n", b'{"Type":"container"}\n', b'{"Type":"container","Action":"die","Actor":{"ID":7}}\n', b"[1,2]\n", b"\n",
                     b'{"cut', b'":\n'):
            self.engine.emit_raw(line)
        self.add("lines-after")
        self.assertEqual(self.fleet.events(task, "TaskGone"), [])

    # ---- Windows ----

    def test_an_exit_code_of_windows(self):
        """NTSTATUS codes are above 2^31; exitCode is an Integer of 32 bits: its bits are kept, as Windows' own tools show them."""
        container, task = self.add("ctrl-c", self.windows)
        self.windows.exit(container, 3221225786)
        document = self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual(document["containers"][0]["exitCode"], -1073741510)
        [gone] = wait_for(lambda: self.fleet.events(task, "TaskGone"), 20, "TaskGone")
        self.assertIn("3221225786", str(gone))

    def assert_no_signal_is_named(self, container):
        calls = self.windows.called("POST", rf"/containers/{container}/.*")
        self.assertEqual([c for c in calls if "signal" in c.query or b"SIG" in c.body], [])

    def test_a_stop_on_windows(self):
        """By the engine's own stop, with the task's grace."""
        container, task = self.add("web", self.windows, on_signal={"SIGTERM": 0}, labels={"io.stopfleet.stop-timeout": "7"})
        document = self.stop_and_wait(task)
        self.assertEqual(document["containers"][0]["exitCode"], 0)
        self.assertEqual([c.query for c in self.windows.called("POST", rf"/containers/{container}/stop")], [{"t": "7"}])
        self.assertEqual(self.windows.called("POST", rf"/containers/{container}/kill"), [])
        self.assert_no_signal_is_named(container)

    def test_a_stop_on_windows_that_is_not_obeyed(self):
        """The engine is silent until the end: that it was asked is known from its own events."""
        container, task = self.add("deaf", self.windows, on_signal={"SIGTERM": None}, labels={"io.stopfleet.stop-timeout": "4"})
        document = self.stop_and_wait(task)
        self.assertEqual(document["containers"][0]["exitCode"], 137)
        self.assertEqual(len(self.windows.called("POST", rf"/containers/{container}/stop")), 1)
        [sent] = self.fleet.events(task, "SignalSent")
        self.assertIn("the engine waits 4 s", sent["answer"])
        self.assert_no_signal_is_named(container)

    def test_force_on_windows(self):
        container, task = self.add("forced", self.windows, on_signal={"SIGTERM": None})
        self.stop(task, path="/stop-timeout/0")
        self.fleet.wait_status(self.api, task, "STOPPED")
        self.assertEqual(self.windows.called("POST", rf"/containers/{container}/stop"), [])
        self.assertEqual([c.query for c in self.windows.called("POST", rf"/containers/{container}/kill")], [{}])


if __name__ == "__main__":
    unittest.main(verbosity=2)
