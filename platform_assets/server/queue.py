"""Celery as the platform uses it: one Redis, whole runs as tasks, none taken before it can start.

What belongs here: the configuration that launcher and workers share. What does not: those two.
"""

from typing import Any

from celery import Celery

from platform_assets.server.workers import ANSWER_SECONDS, DEFAULT_QUEUE

# A message that a worker took and did not start, because it died in between, is given to another.
REDELIVER_SECONDS = 120
RESULTS_KEPT_SECONDS = 30 * 86_400  # longer than any run: its result tells of a process that died


def configuration(url: str) -> dict[str, Any]:
    """Return Celery's settings for the Redis at `url`."""
    return {
        "broker_url": url,
        "result_backend": url,
        "result_expires": RESULTS_KEPT_SECONDS,
        "result_extended": True,
        "broker_transport_options": {
            "visibility_timeout": REDELIVER_SECONDS,
            "socket_connect_timeout": ANSWER_SECONDS,
            "socket_keepalive": True,
        },
        "redis_socket_connect_timeout": ANSWER_SECONDS,
        "redis_socket_timeout": 4 * ANSWER_SECONDS,
        "redis_backend_health_check_interval": 30,
        "result_backend_transport_options": {"retry_policy": {"timeout": ANSWER_SECONDS}},
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "task_default_queue": DEFAULT_QUEUE,
        "task_track_started": True,
        # A free place takes one run; what is more waits where every worker can take it.
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": True,
        # A run is a process of its own, forked from one that has imported everything.
        "worker_pool": "prefork",
        "worker_max_tasks_per_child": 1,
        # Dagster captures what a run prints, at the file descriptors.
        "worker_redirect_stdouts": False,
        "worker_hijack_root_logger": False,
    }


def application(url: str) -> Celery:
    """Return the Celery application on the Redis at `url`, with no task yet."""
    app = Celery("dagster", set_as_current=False)
    app.conf.update(configuration(url))
    return app
