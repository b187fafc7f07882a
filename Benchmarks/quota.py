"""Control groups that hold processes to a share of a core, by version 1 or 2 of the kernel's interface, whichever can
be written here."""

import os
import pathlib
import subprocess
import time

# A short period: who has used up his share while he holds a lock gives it back soon.
PERIOD = 20_000  # microseconds


class QuotaRefused(Exception):
    """No quota can be set here."""


class Quota:
    def __init__(self, count: int, share: float) -> None:
        self.groups: list[pathlib.Path] = []
        self.share = int(PERIOD * share)
        refused = []
        for version, parent in ((1, own_group(1)), (2, own_group(2))):
            try:
                self.make(version, parent, count)
                return
            except (OSError, QuotaRefused) as failure:
                self.remove([])
                refused.append(f"version {version}: {failure}")
        raise QuotaRefused("no control group can be written here to hold a worker to a share of a core "
                           f"({'; '.join(refused)})")

    def make(self, version: int, parent: pathlib.Path | None, count: int) -> None:
        if parent is None:
            raise QuotaRefused("not there")
        if version == 2 and "cpu" not in parent.joinpath("cgroup.subtree_control").read_text().split():
            parent.joinpath("cgroup.subtree_control").write_text("+cpu")
        for number in range(count):
            group = parent / f"recourse-benchmark-{os.getpid()}-{number}"
            group.mkdir()
            self.groups.append(group)
            if version == 1:
                group.joinpath("cpu.cfs_period_us").write_text(str(PERIOD))
                group.joinpath("cpu.cfs_quota_us").write_text(str(self.share))
            else:
                group.joinpath("cpu.max").write_text(f"{self.share} {PERIOD}")

    def release(self) -> None:
        """The processes may use what they need again, to end in time."""
        for group in self.groups:
            name, value = ("cpu.cfs_quota_us", "-1") if (group / "cpu.cfs_quota_us").exists() else ("cpu.max", "max")
            group.joinpath(name).write_text(value)

    def remove(self, children: list[subprocess.Popen]) -> None:
        """Only groups without processes can be removed: ends those of `children` that are still in one."""
        inside = {int(line) for group in self.groups for line in group.joinpath("cgroup.procs").read_text().split()}
        for child in children:
            if child.pid in inside and child.poll() is None:
                child.kill()
                child.wait(10)
        for group in self.groups:
            for _ in range(50):
                try:
                    group.rmdir()
                    break
                except OSError:
                    time.sleep(0.1)
        self.groups = []


def own_group(version: int) -> pathlib.Path | None:
    """The folder of this process's control group, where there is one with processor quotas."""
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if version == 1 and "cpu" in controllers.split(","):
            folder = pathlib.Path("/sys/fs/cgroup") / controllers / path.lstrip("/")
            return folder if (folder / "cgroup.procs").exists() else None
        if version == 2 and not controllers:
            for root in (pathlib.Path("/sys/fs/cgroup"), pathlib.Path("/sys/fs/cgroup/unified")):
                folder = root / path.lstrip("/")
                if (folder / "cgroup.subtree_control").exists():
                    return folder
    return None
