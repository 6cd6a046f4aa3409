"""A warm process from which guests are forked: it imports the libraries of its kind once and runs no student's code.

    host ── requests ── template                      one a kind, in namespaces that show the libraries where guests see them
                           │ fork
    host ──── report ──── keeper ── bwrap ── pid 1    one a guest: makes the guest's namespaces around an idle process,
                           │ fork             │       joins them, and tells the host how the guest ended
    host ──── frames ──── guest ·· in the namespaces

A request is one byte and four descriptors: the guest's end of the channel, where it prints, the arguments of bwrap,
and where its keeper reports.  The template reads none of them: what it does not know, no guest can find in its memory.
A keeper outlives its template, and ends with the host, with the guest, or when it is killed; whichever ends first,
the namespace's first process dies, and the kernel kills everything in the namespace with it.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":  # template.py SOCKET PACKAGES KIND [many]
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path[:0] = [own, "/guest", sys.argv[2]]

import gc
import json
import select
import signal
import socket

import guest
import namespace

if __name__ == "__main__":
    sys.path.remove(own)  # as in a guest that is started cold

START_S = 15  # for the namespaces of one guest; they need some milliseconds
# As pid 1 it inherits orphans: who ignores SIGCHLD has them buried by the kernel.
BURY = ["env", "--ignore-signal=CHLD"]
# Says that all mounts are made, and ends with its keeper.
IDLE = ["/bin/sh", "-c", f"unset PWD; echo; exec {' '.join(BURY)} cat >/dev/null 2>&1"]


def serve(control: socket.socket) -> int:
    """Fork a keeper for each request until the host closes the socket; return in guests only, with their channel."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries keepers
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, 1, 4)
        if not request:
            os._exit(0)
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)  # recv_fds does not: bwrap and what it starts would have them
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            control.close()
            return keep(*descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def keep(channel: int, output: int, arguments: int, report: int) -> int:
    """Make a guest and stay until it ends; return in the guest only."""
    os.setsid()
    told = socket.socket(fileno=report)
    try:
        first, pid, alive = make_namespaces(arguments, output)
        namespace.join(pid, first)
    except (OSError, ValueError) as error:
        told.send(f"failed {error}".encode()[:1000])
        os._exit(1)
    child = os.fork()
    if child == 0:
        told.close()
        enter(channel, output)
        return channel
    own = os.pidfd_open(os.getpid())
    socket.send_fds(told, [f"started {os.getpid()}".encode()], [own, first])
    for descriptor in (channel, output, arguments, own, first):
        os.close(descriptor)
    watch(child, told)
    os.close(alive)
    os._exit(0)


def make_namespaces(arguments: int, output: int) -> tuple[int, int, int]:
    """Have bwrap make the namespaces around an idle process.

    Returns:
        A pidfd of that process, its pid, and the end of a pipe that keeps it alive.
    """
    (alive_there, alive), (echo, echo_there), (info, info_there) = os.pipe(), os.pipe(), os.pipe()
    for descriptor in (arguments, info_there):
        os.set_inheritable(descriptor, True)
    os.posix_spawn(
        "/template/bwrap",
        ["bwrap", "--args", str(arguments), "--info-fd", str(info_there), "--as-pid-1", "--", *IDLE],
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_DUP2, there, number) for number, there in enumerate((alive_there, echo_there, output))
        ],
    )
    for descriptor in (alive_there, echo_there, info_there):
        os.close(descriptor)
    ready, _, _ = select.select([echo], [], [], START_S)
    if not ready or not os.read(echo, 1):
        raise OSError("bwrap did not make the namespaces of a guest")
    pid = int(json.loads(os.read(info, 4096))["child-pid"])
    os.close(echo)
    os.close(info)
    return os.pidfd_open(pid), pid, alive


def enter(channel: int, output: int) -> None:
    """In the guest, before anything of the student's: leave behind what a fresh process would not have."""
    os.setsid()
    os.chdir("/tmp")
    null = os.open("/dev/null", os.O_RDONLY)
    for number, descriptor in enumerate((null, output, output)):
        os.dup2(descriptor, number)
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if descriptor > 2 and descriptor != channel:
            close_if_open(descriptor)
    namespace.drop_privileges()
    for name in ("template", "namespace"):
        sys.modules.pop(name, None)
    sys.modules["__main__"] = sys.modules.pop("guest")
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()  # not the template's numbers, which every guest would begin with


def close_if_open(descriptor: int) -> None:
    """Close a descriptor; the one that listed the folder is closed already."""
    try:
        os.close(descriptor)
    except OSError:
        return


def watch(child: int, told: socket.socket) -> None:
    """Wait until the guest or the host ends; report how the guest ended, as bwrap would: a signal n as 128 + n."""
    ended = os.pidfd_open(child)
    ready, _, _ = select.select([ended, told.fileno()], [], [])
    if ended not in ready:
        return
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    told.send(f"ended {code if code >= 0 else 128 - code}".encode())


if __name__ == "__main__":
    requests = socket.socket(fileno=int(sys.argv[1]))
    namespace.adopt_orphans()
    if os.spawnvp(os.P_WAIT, BURY[0], [*BURY, "true"]) != 0:
        sys.exit("the program env cannot ignore a signal here")
    is_for_many = "many" in sys.argv[4:]
    guest.warm_up(sys.argv[3], training=True, optimizers=is_for_many)
    if len(os.listdir("/proc/self/task")) != 1:
        sys.exit("the libraries have started threads, which a fork would lose")
    gc.collect()
    gc.freeze()
    if is_for_many:
        namespace.join_pages()
    requests.send(b"ready")
    # At the top, so that a student's recursion goes as deep as in a fresh process.
    guest.serve(guest.Channel(serve(requests)))
