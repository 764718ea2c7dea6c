"""Prometheus, which asks web servers for their figures and keeps them while it runs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from app.config import PROJECT
from scripts.parts.child import Child, find_program
from scripts.ports import free_port

RULES = PROJECT / "monitoring" / "alerts.yml"


class Prometheus(Child):
    """It looks every second, and keeps to the alert rules of the house."""

    def __init__(self, folder: Path, ports: Sequence[int], token: str) -> None:
        """Watch the servers on these ports of this machine, with `token` as METRICS_TOKEN."""
        super().__init__(folder / "prometheus.log")
        self._program = find_program("prometheus", "prometheus")
        self._folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        secret = folder / "metrics-token"
        secret.touch(mode=0o600)
        secret.write_text(token)
        watched = {
            "job_name": "aisle",
            "authorization": {"type": "Bearer", "credentials_file": str(secret)},
            "static_configs": [{"targets": [f"127.0.0.1:{port}" for port in ports]}],
        }
        configuration = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(RULES)],
            "scrape_configs": [watched],
        }
        self._file = folder / "prometheus.yml"
        self._file.write_text(json.dumps(configuration, indent=2))  # all JSON is YAML

    def command(self) -> list[str]:
        return [
            self._program,
            f"--config.file={self._file}",
            f"--storage.tsdb.path={self._folder / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn",
        ]

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def ask(self, query: str) -> dict[str, float]:
        """What an expression gives now: values by their labels. Raises ValueError when it is none."""
        found = self._get("query", query=query)["result"]
        return {_shown(series["metric"]): float(series["value"][1]) for series in found}

    def ask_since(self, query: str, began: float) -> dict[str, list[float]]:
        """What an expression gave in each second since a moment (Unix time) until now, as a dashboard asks."""
        # `time()` is Prometheus' own clock: none of ours is compared with it
        now = float(self._get("query", query="time()")["result"][1])
        found = self._get("query_range", query=query, start=began, end=now, step=1)["result"]
        return {_shown(series["metric"]): [float(value) for _, value in series["values"]] for series in found}

    def targets_up(self) -> int:
        """How many servers answered the last look."""
        return sum(int(value) for value in self.ask('up{job="aisle"}').values())

    def alerts(self) -> list[str]:
        """The rules that fire now, or would if it lasted, each with which of the two."""
        return sorted(f"{alert['labels']['alertname']} ({alert['state']})" for alert in self._get("alerts")["alerts"])

    def rules(self) -> int:
        """How many rules it has loaded."""
        return sum(len(group["rules"]) for group in self._get("rules")["groups"])

    def _get(self, what: str, **query: Any) -> Any:
        answer = httpx.get(f"{self.url}/api/v1/{what}", params=query, timeout=30).json()
        if answer["status"] != "success":
            raise ValueError(f"{answer['error']}: {query.get('query', what)}")
        return answer["data"]


def _shown(labels: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))
