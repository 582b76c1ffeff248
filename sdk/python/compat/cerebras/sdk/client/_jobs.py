"""run_meta.json and wsjob-*.json: the records that scripts of clusters expect, and remove, in the current directory."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import time
import uuid


def record(kind):
    """Notes a job; `kind` is compile_jobs or execute_jobs. A folder that cannot be written is not an error."""
    job = {"id": f"wsjob-{uuid.uuid4().hex[:24]}", "start_time": time.strftime("%Y-%m-%dT%H:%M:%S"), "platform": "weft"}
    try:
        try:
            with open("run_meta.json", encoding="utf-8") as f:
                meta = json.load(f)
        except (OSError, ValueError):
            meta = {}
        meta.setdefault(kind, []).append(job)
        unfinished = f"run_meta.json.{os.getpid()}.tmp"
        with open(unfinished, "w", encoding="utf-8") as f:
            json.dump(meta, f, indent=2)
        os.replace(unfinished, "run_meta.json")
        with open(f"{job['id']}.json", "w", encoding="utf-8") as f:
            json.dump(job, f, indent=2)
    except OSError:
        pass
