"""What a worker may not do: talk to anyone, start a program, write a file, outgrow its memory.

A second line behind the policy, kept by the kernel: a system call filter (seccomp) that needs no
privilege. Where the kernel or the processor is not one of those known here, `forbid_system_calls`
says so, and the lexer's policy stands alone.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
from typing import ClassVar

_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_ALLOW = 0x7FFF0000
_FAIL_WITH_EPERM = 0x00050000 | 1

# Classic BPF: load a word of the call's description; jump if equal, if greater or equal; return.
_LOAD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _RETURN = 0x20, 0x15, 0x35, 0x06
_OFFSET_OF_CALL, _OFFSET_OF_PROCESSOR = 0, 4
_FIRST_X32_CALL = 0x40000000

# fmt: off
_FORBIDDEN = {
    # processor: (its audit number, {system call: number})
    "x86_64": (0xC000003E, {
        "socket": 41, "connect": 42, "accept": 43, "bind": 49, "listen": 50, "socketpair": 53,
        "execve": 59, "kill": 62, "ptrace": 101, "accept4": 288, "process_vm_readv": 310,
        "process_vm_writev": 311, "execveat": 322, "pidfd_send_signal": 424, "io_uring_setup": 425,
        "io_uring_enter": 426, "io_uring_register": 427, "pidfd_open": 434, "pidfd_getfd": 438,
    }),
    "aarch64": (0xC00000B7, {
        "ptrace": 117, "kill": 129, "socket": 198, "socketpair": 199, "bind": 200, "listen": 201,
        "accept": 202, "connect": 203, "execve": 221, "accept4": 242, "process_vm_readv": 270,
        "process_vm_writev": 271, "execveat": 281, "pidfd_send_signal": 424, "io_uring_setup": 425,
        "io_uring_enter": 426, "io_uring_register": 427, "pidfd_open": 434, "pidfd_getfd": 438,
    }),
}
# fmt: on


class _Instruction(ctypes.Structure):
    _fields_: ClassVar = [
        ("code", ctypes.c_ushort),
        ("if_true", ctypes.c_ubyte),
        ("if_false", ctypes.c_ubyte),
        ("operand", ctypes.c_uint),
    ]


class _Program(ctypes.Structure):
    _fields_: ClassVar = [
        ("length", ctypes.c_ushort),
        ("instructions", ctypes.POINTER(_Instruction)),
    ]


def forbid_system_calls() -> str | None:
    """Forbid sockets, other programs and other processes to this process, for ever.

    Returns:
        None when done, else why it could not be.
    """
    processor = platform.machine()
    if processor not in _FORBIDDEN:
        return f"no list of system calls for {processor}"
    number, calls = _FORBIDDEN[processor]
    to_refusal = len(calls) + 1
    instructions = [
        (_LOAD, 0, 0, _OFFSET_OF_PROCESSOR),
        (_JUMP_EQUAL, 1, 0, number),
        (_RETURN, 0, 0, _FAIL_WITH_EPERM),
        (_LOAD, 0, 0, _OFFSET_OF_CALL),
        (_JUMP_GREATER_EQUAL, to_refusal, 0, _FIRST_X32_CALL),
        *(
            (_JUMP_EQUAL, to_refusal - 1 - place, 0, call)
            for place, call in enumerate(calls.values())
        ),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _FAIL_WITH_EPERM),
    ]
    array = (_Instruction * len(instructions))(*(_Instruction(*parts) for parts in instructions))
    program = _Program(len(instructions), array)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return f"no_new_privs: {os.strerror(ctypes.get_errno())}"
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
        return f"seccomp: {os.strerror(ctypes.get_errno())}"
    return None


def die_with_parent(parent: int) -> None:
    """Be killed when the thread that forked this process ends, or at once if it has."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def limit_memory(more_bytes: int, *, file_bytes: int = 0) -> None:
    """Allow so much address space beyond what is in use now, and no core file.

    Args:
        more_bytes: of address space.
        file_bytes: the largest file that may be written; 0 for none at all.
    """
    limit = address_space_bytes() + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))


def address_space_bytes() -> int:
    """Return the size of this process's address space."""
    return _memory_pages(0) * resource.getpagesize()


def resident_bytes() -> int:
    """Return how much of it is in memory."""
    return _memory_pages(1) * resource.getpagesize()


def _memory_pages(field: int) -> int:
    # Asked after each query: bare calls cost a tenth of what a file object does.
    descriptor = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return int(os.read(descriptor, 128).split()[field])
    finally:
        os.close(descriptor)


def return_free_memory() -> None:
    """Give memory that the allocator keeps back to the system, where the allocator can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, musl has not
    if trim is not None:
        trim(0)
