#!/usr/bin/env python3
"""StopTask answers a second and their latency, everything on this machine: API, dev broker, Redis, a worker
and the load generator (wrk). With --moto also the peer, moto's server, in the same run.

  tests/bench/stop_task.py [--seconds N] [--moto]

STOPFLEET_BIN says which programs (default build/release/bin). Prints one line a measurement; exit
status 1 if any answer was not 200.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv

from bench import CLUSTER, HERE, cpu_seconds, fleet, memory_mib
from server import CACHE, Server, accepts, free_port, wait_for

TASKS = 50


class Moto(Server):
    """moto's server from PyPI, in a virtual environment of the cache folder."""

    name = "moto"
    home = os.path.join(CACHE, "moto-5.2.5")

    def __init__(self, directory):
        super().__init__(directory)
        self.port = free_port()

    def argv(self):
        if not os.path.exists(os.path.join(self.home, "bin", "moto_server")):
            venv.create(self.home, with_pip=True)
            subprocess.run([os.path.join(self.home, "bin", "pip"), "install", "-q", "moto[server,ecs]==5.2.5", "boto3"], check=True)
        return [os.path.join(self.home, "bin", "moto_server"), "-p", str(self.port)]

    def is_ready(self):
        return accepts("127.0.0.1", self.port)

    def make_task(self):
        script = f"""
import boto3
kw = dict(endpoint_url="http://127.0.0.1:{self.port}", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
ec2, ecs = boto3.client("ec2", **kw), boto3.client("ecs", **kw)
ecs.create_cluster(clusterName="{CLUSTER}")
ecs.register_task_definition(family="f", containerDefinitions=[dict(name="c", image="i", memory=64)], requiresCompatibilities=["FARGATE"],
                             networkMode="awsvpc", cpu="256", memory="512")
subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
task = ecs.run_task(cluster="{CLUSTER}", taskDefinition="f", launchType="FARGATE",
                    networkConfiguration=dict(awsvpcConfiguration=dict(subnets=[subnet])))["tasks"][0]
print(task["taskArn"].rsplit("/", 1)[1])
"""
        result = subprocess.run([os.path.join(self.home, "bin", "python"), "-c", script], check=True, stdout=subprocess.PIPE, text=True)
        return result.stdout.strip()


def measure(what, url, tasks, connections, seconds, signed="unsigned"):
    wrk = shutil.which("wrk")
    if wrk is None:
        sys.exit("stop_task.py: no wrk here: deploy/packages/install.sh bench")
    output = subprocess.run([wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", os.path.join(HERE, "stop_task.lua"), url, "--",
                             CLUSTER, signed, *tasks], check=True, stdout=subprocess.PIPE, text=True).stdout
    found = dict(re.findall(r"(\w+)=([\d.]+)", output[output.index("result "):]))
    rate = float(found["requests"]) / float(found["seconds"])
    print(f"{what}, {connections} connection{'s' if connections > 1 else ''}: {rate:.0f} StopTask/s, "
          f"p50 {found['p50_ms']} ms, p99 {found['p99_ms']} ms, {found['wrong']} wrong answers", flush=True)
    return rate, int(found["wrong"])


def measure_stopfleet(seconds):
    wrong = 0
    with fleet(dev_broker=True) as made:
        worker = made.process_worker()
        api = made.api()
        for i in range(TASKS):
            made.run_process(worker, f"target-{i}", "exec sleep 3600", flags=["--stop-timeout", "1"])
        tasks = wait_for(lambda: len(made.tasks(api)) == TASKS and made.tasks(api), 30, f"{TASKS} tasks in the view")
        best = 0
        parts = {"API": api.pid, "broker": made.kafka.pid, "Redis": made.redis.pid, "worker": worker.pid}
        for connections in (1, 64):
            before = {name: cpu_seconds(pid) for name, pid in parts.items()}
            rate, failed = measure("stopfleet-api", api.url, tasks, connections, seconds)
            used = ", ".join(f"{name} {(cpu_seconds(pid) - before[name]) / (rate * seconds) * 1e6:.0f} us" for name, pid in parts.items())
            print(f"  CPU a StopTask: {used}")
            wrong += failed
            best = max(best, rate)
        print(f"stopfleet-api, peak resident memory: {memory_mib(api.pid, 'VmHWM'):.1f} MiB")
        return best, wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--moto", action="store_true")
    arguments = parser.parse_args()
    directory = tempfile.mkdtemp(prefix="stopfleet-bench-")
    try:
        best, wrong = measure_stopfleet(arguments.seconds)
        if arguments.moto:
            with Moto(os.path.join(directory, "moto")) as moto:
                rate, failed = measure("moto_server", f"http://127.0.0.1:{moto.port}", [moto.make_task()], 64, arguments.seconds, "signed")
                wrong += failed
                print(f"stopfleet-api answers {best / rate:.0f} times as many")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
