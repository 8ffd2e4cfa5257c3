"""One dbt build for a whole run, one Dagster step for each model.

Starting dbt costs more than most models do, so the models of a run share one invocation, in
dbt's own order; each model's step waits for its own result. Dagster sees every model as a step:
its time, its failure, and what does not depend on it going on.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from resources.dbt import DbtProject, NodeResult

SKIPPED = NodeResult("", "", "skipped", "dbt ended without a result for it", 0.0, 0)


@dataclass
class Session:
    """Results of one dbt build, as they arrive."""

    nodes: frozenset[str]
    results: dict[str, NodeResult] = field(default_factory=dict)
    error: BaseException | None = None
    ended: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    def run(self, build: Callable[[], Iterable[NodeResult]]) -> None:
        """Collect results until dbt ends; the body of the session's thread."""
        try:
            for result in build():
                with self.changed:
                    self.results[result.unique_id] = result
                    self.changed.notify_all()
        except BaseException as error:
            self.error = error
        finally:
            with self.changed:
                self.ended = True
                self.changed.notify_all()

    def wait_for(self, unique_ids: Iterable[str]) -> dict[str, NodeResult]:
        """Return the results of these nodes, when dbt is done with all of them.

        Raises:
            PlatformError: dbt could not run at all.
        """
        wanted = [u for u in unique_ids if u in self.nodes]
        with self.changed:
            self.changed.wait_for(lambda: self.ended or all(u in self.results for u in wanted))
            if self.error is not None:
                raise self.error
            return {u: self.results.get(u, SKIPPED) for u in wanted}


class Sessions:
    """The dbt builds of the runs of this process: one for each run and wave."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._open: dict[tuple[str, int], Session] = {}

    def get(
        self,
        run_id: str,
        wave: int,
        nodes: Callable[[], Mapping[str, str]],
        full_refresh: bool = False,
    ) -> Session:
        """Return the session of a run's wave; the first call starts it.

        Args:
            nodes: returns the wave's nodes as `{unique_id: dbt selector}`.
        """
        with self._guard:
            session = self._open.get((run_id, wave))
            if session is None:
                selectors = nodes()
                session = Session(frozenset(selectors))
                self._open[(run_id, wave)] = session
                project = DbtProject.from_settings()
                started = session

                def build() -> Iterable[NodeResult]:
                    return project.build(sorted(selectors.values()), full_refresh)

                threading.Thread(target=lambda: started.run(build), daemon=True).start()
            return session


SESSIONS = Sessions()
