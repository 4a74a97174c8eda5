"""What must hold after any fault (O1 to O5), by witnesses that are not the worker: the probe's own record, the kernel, the log, the view."""

import os

import probe_record

REASON = "fault run"
LATENESS_MS = 300  # of a probe on a machine with more to do than it can: it notes a signal when it is next on a processor
TERMINAL = ("TaskStopped", "TaskGone")


class Stop:
    """A task of one run whose StopTask was answered 200; name: for people.

    read: its probe's record as text; read_command: that of its pre-stop command, None if it has none. pid: of the probe, by the host. code: the exit code that it ends with when it obeys, None if it
    ignores its signal. history: whether the engine can tell which signals it sent."""

    def __init__(self, name, task, read, pid, *, grace_ms, code, history):
        self.name = name
        self.task = task
        self.read = read
        self.read_command = None
        self.pid = pid
        self.grace_ms = grace_ms
        self.code = code
        self.history = history


def _events_by_task(fleet):
    by_task = {}
    for event in fleet.events():
        by_task.setdefault(event.get("task"), []).append(event)
    return by_task


def _distinct(events, *kinds):
    """Those of these types, each id once: what is folded."""
    return list({e["id"]: e for e in events if e["type"] in kinds}.values())


def _ended(stop, events, document, ended_boot_ms):
    """O1: one terminal event, the process gone, the document right."""
    if ended_boot_ms is None:
        yield f"O1: process {stop.pid} still runs"
    ends = [e["type"] for e in _distinct(events, *TERMINAL)]
    if ends != ["TaskStopped"]:
        yield f"O1: terminal events {ends}"
    if document is None:
        yield "O1: no document"
        return
    found = [document.get(key) for key in ("lastStatus", "desiredStatus", "stopCode", "stoppedReason")]
    if found != ["STOPPED", "STOPPED", "UserInitiated", REASON]:
        yield f"O1: document says {found}"
    codes = [c.get("exitCode") for c in document["containers"]]
    if codes != [137 if stop.code is None else stop.code]:
        yield f"O1: exit codes {codes}, not {stop.code}"


def _out_of_grace(stop, events):
    """Whether the pre-stop command, and a death of the worker with it, may have left nothing of the grace for a signal."""
    return stop.code is None and bool(_distinct(events, "PreStopStarted"))


def _one_command(stop, events):
    """A pre-stop command is run at most once, and what is said of it is so."""
    if stop.read_command is None:
        return
    runs = [line for line in probe_record.lines(stop.read_command()) if line.what == "start"]
    started, ended = _distinct(events, "PreStopStarted"), _distinct(events, "PreStopEnded")
    if len(runs) > 1 or len(started) > 1 or len(ended) > 1:
        yield f"O2: the pre-stop command ran {len(runs)} times, {len(started)} PreStopStarted, {len(ended)} PreStopEnded"
    if started and not runs:
        yield "O2: PreStopStarted, but the command did not run"
    if not started and not ended:
        yield "O2: nothing is said of the pre-stop command"


def _one_signal(stop, events, signals):
    """O2: one signal of ours, by the probe; a second one only where the engine has no history, and then it is said."""
    said = [e for e in _distinct(events, "SignalSent") if e.get("maybe_repeated")]
    names = [s.name for s in signals]
    allowed = [["TERM"]] if stop.history or not said else [["TERM"], ["TERM", "TERM"]]
    if _out_of_grace(stop, events):
        allowed.append([])
    if names not in allowed:
        yield f"O2: the probe got {names}, {len(said)} SignalSent say maybe_repeated"
    sent = len(_distinct(events, "SignalSent"))
    # One that obeys a worker that dies at once may be gone before anybody can tell who sent the signal.
    if sent > 1 or (sent == 0 and stop.code is None and not _out_of_grace(stop, events)):
        yield f"O2: {sent} SignalSent"


def _grace_began(stop, events, signals):
    """By the log and by a probe: with the pre-stop command where one was started, else with the signal. None = not known."""
    started, sent = _distinct(events, "PreStopStarted"), _distinct(events, "SignalSent")
    if started:
        noted = [line for line in probe_record.lines(stop.read_command()) if line.what == "start"]
        return started[0]["begun_boot_ms"], noted[0].boot_ms if noted else None
    return sent[0]["sent_boot_ms"] if sent else None, signals[-1].boot_ms if signals else None


def _grace(stop, events, signals, ended_boot_ms):
    """O3: no SIGKILL before the grace, by the probe and the kernel, and by the log."""
    if stop.code is not None:
        if _distinct(events, "KillSent"):
            yield "O3: SIGKILL to one that obeyed"
        return
    killed = _distinct(events, "KillSent")
    begun_boot_ms, noted_boot_ms = _grace_began(stop, events, signals)
    if ended_boot_ms is None or begun_boot_ms is None or noted_boot_ms is None:
        return
    after = {"by the log": (ended_boot_ms - begun_boot_ms, 0),
             "by the probe": (ended_boot_ms - noted_boot_ms, LATENESS_MS),
             "by the log alone": (killed[0]["sent_boot_ms"] - begun_boot_ms, 0) if killed else (stop.grace_ms, 0)}
    for who, (passed_ms, late_ms) in after.items():
        if passed_ms < stop.grace_ms - late_ms:
            yield f"O3: {who} SIGKILL {passed_ms} ms after the signal, grace {stop.grace_ms}"


def broken(fleet, api, stops, watch):
    """What does not hold of O1 to O3 for these stops, as texts that begin with the task; O4 raises."""
    by_task = _events_by_task(fleet)
    found = []
    for stop in stops:
        events = by_task.get(stop.task, [])
        signals = probe_record.signals(stop.read())
        ended = watch.ended_boot_ms(stop.pid)
        document = fleet.describe(api, stop.task)
        for problem in (*_ended(stop, events, document, ended), *_one_command(stop, events), *_one_signal(stop, events, signals),
                        *_grace(stop, events, signals, ended)):
            found.append(f"{stop.name} ({stop.task}): {problem}")
    fleet.assert_view_is_fold()
    return found


class Usage:
    """O5: what a process holds. Connections come and go, with pipes that wake their threads; of the rest nothing may be left."""

    SLACK_BYTES = 8 << 20  # buffers of librdkafka and the allocator's own

    def __init__(self, pid, connections):
        """connections: how many more than before it may have."""
        self.connections = connections
        targets = [_link(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        self.sockets = sum(target.startswith(("socket:", "pipe:")) for target in targets)
        # The record of fault points is opened at the first one.
        self.others = sorted(target for target in targets if target and not target.startswith(("socket:", "pipe:"))
                             and not target.endswith(".passings"))
        with open(f"/proc/{pid}/statm", encoding="ascii") as f:
            _, resident, shared = [int(word) for word in f.read().split()[:3]]
        self.own_bytes = (resident - shared) * os.sysconf("SC_PAGE_SIZE")

    def is_back_to(self, before):
        of_tasks = before.others.count("anon_inode:[pidfd]")
        return (len(self.others) <= len(before.others) - of_tasks and self.sockets <= before.sockets + self.connections
                and self.own_bytes <= before.own_bytes + self.SLACK_BYTES)

    def __str__(self):
        return f"{self.sockets} sockets and pipes, {self.own_bytes >> 10} KiB, {', '.join(self.others)}"


def _link(path):
    """"" of a descriptor that has just been closed."""
    try:
        return os.readlink(path)
    except FileNotFoundError:
        return ""
