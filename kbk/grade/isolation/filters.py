"""Which system calls a submission may make: all but those that reach beyond its process."""

from __future__ import annotations

import os
import platform
import struct

from kbk.grade.isolation import linux

_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# By processor: fork and vfork are calls of their own on x86-64 only.
_X86 = {
    "fork": 57, "vfork": 58, "execve": 59, "execveat": 322, "socket": 41, "socketpair": 53,
    "connect": 42, "bind": 49, "listen": 50, "accept": 43, "ptrace": 101, "mount": 165,
    "umount2": 166, "unshare": 272, "setns": 308, "pivot_root": 155, "chroot": 161,
    "process_vm_readv": 310, "process_vm_writev": 311, "bpf": 321, "perf_event_open": 298,
    "userfaultfd": 323, "io_uring_setup": 425, "add_key": 248, "keyctl": 250, "request_key": 249,
    "open_by_handle_at": 304, "pidfd_getfd": 438, "pidfd_send_signal": 424, "setsid": 112,
    "init_module": 175, "kexec_load": 246, "reboot": 169, "mount_setattr": 442, "move_mount": 429,
    "open_tree": 428, "fsopen": 430, "shmget": 29, "msgget": 68, "semget": 64,
}  # fmt: skip
_ARM = {
    "execve": 221, "execveat": 281, "socket": 198, "socketpair": 199, "connect": 203, "bind": 200,
    "listen": 201, "accept": 202, "ptrace": 117, "mount": 40, "umount2": 39, "unshare": 97,
    "setns": 268, "pivot_root": 41, "chroot": 51, "process_vm_readv": 270,
    "process_vm_writev": 271, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282,
    "io_uring_setup": 425, "add_key": 217, "keyctl": 219, "request_key": 218,
    "open_by_handle_at": 265, "pidfd_getfd": 438, "pidfd_send_signal": 424, "setsid": 157,
    "init_module": 105, "kexec_load": 104, "reboot": 142, "mount_setattr": 442, "move_mount": 429,
    "open_tree": 428, "fsopen": 430, "shmget": 194, "msgget": 186, "semget": 190,
}  # fmt: skip
_CALLS = {"x86_64": _X86, "aarch64": _ARM}
_CLONE = {"x86_64": 56, "aarch64": 220}
_SIGNALS = {"x86_64": (62, 234, 200), "aarch64": (129, 131, 130)}  # kill, tgkill, tkill
_CLONE3 = 435
_CLONE_THREAD = 0x10000
_X32 = 0x40000000  # a second set of numbers on x86-64

_LOAD, _EQUAL, _AT_LEAST, _ANY_OF, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE, _UNKNOWN, _KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
_NUMBER, _ARCH, _FIRST = 0, 4, 16  # offsets in struct seccomp_data


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)


def program(machine: str, process: int) -> bytes:
    """The BPF program for a processor: no processes, no programs, no network, no other's memory.

    Args:
        machine: "x86_64" or "aarch64".
        process: the only one that may get a signal.
    """
    steps = [
        _step(_LOAD, _ARCH),
        _step(_EQUAL, _ARCHITECTURE[machine], 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
    ]
    if machine == "x86_64":
        steps += [_step(_AT_LEAST, _X32, 0, 1), _step(_RETURN, _REFUSE)]
    for number in sorted(set(_CALLS[machine].values())):
        steps += [_step(_EQUAL, number, 0, 1), _step(_RETURN, _REFUSE)]
    # clone makes threads; so does clone3, whose flags no filter can see: libc tries clone then.
    steps += [_step(_EQUAL, _CLONE3, 0, 1), _step(_RETURN, _UNKNOWN)]
    steps += [
        _step(_EQUAL, _CLONE[machine], 0, 4),
        _step(_LOAD, _FIRST),
        _step(_ANY_OF, _CLONE_THREAD, 0, 1),
        _step(_RETURN, _ALLOW),
        _step(_RETURN, _REFUSE),
    ]
    for number in _SIGNALS[machine][:2]:
        steps += [
            _step(_EQUAL, number, 0, 4),
            _step(_LOAD, _FIRST),
            _step(_EQUAL, process, 0, 1),
            _step(_RETURN, _ALLOW),
            _step(_RETURN, _REFUSE),
        ]
    steps += [_step(_EQUAL, _SIGNALS[machine][2], 0, 1), _step(_RETURN, _REFUSE)]
    steps.append(_step(_RETURN, _ALLOW))
    return b"".join(steps)


def install() -> bool:
    """Filter the system calls of this process, if the system lets us."""
    machine = platform.machine()
    if not linux.IS_LINUX or machine not in _CALLS:
        return False
    return linux.install_filter(program(machine, os.getpid()))
