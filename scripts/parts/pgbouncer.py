"""PgBouncer in transaction mode before a PostgreSQL."""

from pathlib import Path

import psycopg

from scripts.parts.child import Child, find_program
from scripts.parts.postgres import DATABASE, Postgres
from scripts.parts.workspace import hand_over, other_user
from scripts.ports import free_port

_CONFIGURATION = """\
[databases]
{database} = host=127.0.0.1 port={upstream} dbname={database}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
admin_users = postgres
pool_mode = transaction
default_pool_size = {pool_size}
max_client_conn = 500
server_reset_query =
ignore_startup_parameters = extra_float_digits
"""


class PgBouncer(Child):
    """Many clients on few connections: a connection is lent for a transaction, not for a session."""

    def __init__(self, folder: Path, upstream: Postgres, *, pool_size: int = 8) -> None:
        """Before `upstream`, with at most `pool_size` connections to it; its files go into `folder`."""
        super().__init__(folder / "pgbouncer.log", user=other_user())
        self._program = find_program("pgbouncer", "pgbouncer")
        self._password = upstream.password
        self._file = folder / "pgbouncer.ini"
        users = folder / "pgbouncer.users"
        self.port = free_port()
        text = _CONFIGURATION.format(
            database=DATABASE, upstream=upstream.port, port=self.port, users=users, pool_size=pool_size
        )
        for path, content in ((users, f'"postgres" "{upstream.password}"\n'), (self._file, text)):
            path.touch(mode=0o600)
            path.write_text(content)
            hand_over(path)

    def command(self) -> list[str]:
        return [self._program, str(self._file)]

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.Error:
            return False
        return True

    def url(self, database: str = DATABASE) -> str:
        """The address clients use; the database `pgbouncer` is its console."""
        return f"postgresql://postgres:{self._password}@127.0.0.1:{self.port}/{database}"
