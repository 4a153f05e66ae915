"""A private Slurm of one node with accounting, for as long as standard input is open.

    python tests/slurm/one_node.py

It prints the path of its configuration once it is ready: SLURM_CONF=PATH reaches it. Everything it
is made of lies in a temporary folder; of a Slurm that the machine may have it touches nothing.
"""

from __future__ import annotations

import getpass
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory

#: In Debian: slurmctld, slurmd, slurmdbd, slurm-client, munge and mariadb-server.
PROGRAMS = ("munged", "mariadbd", "mariadb-install-db", "slurmdbd", "slurmctld", "slurmd", "srun")
#: So long a job that is put into the queue again has to wait, and so long a start may take.
_REQUEUE_SECONDS = 30

CONFIG = """
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire={requeue}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/affinity
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=1,bf_interval=1
ReturnToService=2
KillWait=2
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort={accounts}
AccountingStoragePass={folder}/munge/socket
JobAcctGatherType=jobacct_gather/linux
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={megabytes} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
ACCOUNTING = """
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
DbdHost=localhost
DbdPort={accounts}
SlurmUser={user}
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={database}
StorageUser=slurm
StoragePass=slurm
StorageLoc=accounts
"""
DATABASE = """
create database accounts;
create user slurm@'localhost' identified by 'slurm';
create user slurm@'127.0.0.1' identified by 'slurm';
grant all on accounts.* to slurm@'localhost';
grant all on accounts.* to slurm@'127.0.0.1';
"""


def main() -> None:
    """Start everything, say so, and stop it when nobody listens any more."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))
    with TemporaryDirectory(prefix="slurm-") as folder, ExitStack() as stack:
        print(start(Path(folder).resolve(), stack), flush=True)
        sys.stdin.read()


def start(folder: Path, stack: ExitStack) -> Path:
    """Start the daemons, each once the one before it answers; their configuration."""
    # munged wants its folder to be reached by everybody and written by nobody else.
    folder.chmod(0o711)
    for name, mode in {"munge": 0o711, "state": 0o700, "spool": 0o700, "database": 0o755}.items():
        (folder / name).mkdir(mode)
    user = getpass.getuser()
    of_database = ["--no-defaults", f"--datadir={folder}/database"]
    if os.geteuid() == 0:
        # It refuses to run as root.
        of_database.append("--user=mysql")
        subprocess.run(["chown", "mysql", folder / "database"], check=True)
    ports = dict(zip(("controller", "node", "accounts", "database"), free_ports(4), strict=True))
    values = {
        "folder": folder,
        "user": user,
        "host": socket.gethostname().partition(".")[0],
        "cpus": os.cpu_count(),
        "megabytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 9 // 10 >> 20,
        "requeue": _REQUEUE_SECONDS,
        **ports,
    }
    config, accounting = folder / "slurm.conf", folder / "slurmdbd.conf"
    config.write_text(CONFIG.format(**values))
    accounting.write_text(ACCOUNTING.format(**values))
    accounting.chmod(0o600)
    os.environ["SLURM_CONF"] = str(config)

    def daemon(program: str, *arguments: str | Path, answers: Callable[[], bool]) -> None:
        with (folder / f"{program}.log").open("w") as log:
            process = subprocess.Popen(
                [program, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        stack.callback(stop, process)
        deadline = time.monotonic() + 60
        while not answers():
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{program} does not start:\n{(folder / f'{program}.log').read_text()}")
            time.sleep(0.1)

    (folder / "munge" / "key").write_bytes(os.urandom(1024))
    (folder / "munge" / "key").chmod(0o600)
    munge = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log"}
    munge["seed-file"] = "seed"
    daemon(
        "munged",
        "--foreground",
        *(f"--{option}={folder}/munge/{name}" for option, name in munge.items()),
        answers=lambda: (folder / "munge" / "socket").exists(),
    )
    subprocess.run(
        ["mariadb-install-db", *of_database, "--auth-root-authentication-method=normal"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    at = f"--socket={folder}/database/socket"
    client = ["mariadb", "--no-defaults", at, "--user=root", "--execute"]
    daemon(
        "mariadbd",
        *of_database,
        at,
        f"--pid-file={folder}/database/pid",
        "--bind-address=127.0.0.1",
        f"--port={ports['database']}",
        answers=lambda: succeeds(*client, "select 1"),
    )
    subprocess.run([*client, DATABASE], check=True)
    daemon("slurmdbd", "-D", answers=lambda: succeeds("sacctmgr", "--noheader", "list", "cluster"))
    subprocess.run(
        ["sacctmgr", "--immediate", "add", "cluster", "tests"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    daemon("slurmctld", "-D", answers=lambda: succeeds("scontrol", "ping"))
    daemon("slurmd", "-D", "-N", str(values["host"]), answers=idle)
    # Jobs outlive their daemon.
    stack.callback(cancel_all)
    return config


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a daemon, politely at first."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def cancel_all() -> None:
    """End all jobs, those that wait too."""
    subprocess.run(["scancel", "--user", getpass.getuser()])
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and not idle():
        time.sleep(0.1)


def succeeds(*command: str) -> bool:
    """Whether a command ends well."""
    return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0


def idle() -> bool:
    """Whether the node waits for work."""
    asked = subprocess.run(["sinfo", "--noheader", "--format=%T"], capture_output=True, text=True)
    return "idle" in asked.stdout


def free_ports(n: int) -> list[int]:
    """Ports that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(closing(socket.socket())) for _ in range(n)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


if __name__ == "__main__":
    main()
