"""What a guest may use; each limit carries its unit in its name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits for one guest.

    Args:
        load_time_s: Wall time to import the libraries and run the student's file once.
        call_time_s: Wall time of one call of a student's function.
        total_time_s: Wall time of all calls of one exercise together, new starts included.
        memory_mib: Resident memory of the guest and its children together.
        address_space_mib: Virtual memory of one process, where the kernel enforces it; 0 sets none.
        processes: Processes and threads of the guest.
        file_mib: Largest file the guest may write.
        disk_mib: Size of the guest's own scratch disk.
        output_mib: What may be printed before the guest is stopped.
        open_files: File descriptors of one process.
    """

    load_time_s: float = 30.0
    call_time_s: float = 5.0
    total_time_s: float = 120.0
    memory_mib: int = 1024
    address_space_mib: int = 4096
    processes: int = 64
    file_mib: int = 16
    disk_mib: int = 64
    output_mib: int = 64
    open_files: int = 256
