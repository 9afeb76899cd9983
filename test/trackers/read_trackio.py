"""What Trackio finds in a project: its runs, with their configurations and the values of each curve, in JSON."""
import json
import sys

from trackio.sqlite_storage import SQLiteStorage

project = sys.argv[1]
SQLiteStorage.migrate_all_projects()
runs = []
for record in SQLiteStorage.get_run_records(project):
    logs = SQLiteStorage.get_logs(project, record["name"], run_id=record["id"])
    curves = {}
    for log in logs:
        for key, value in log.items():
            if "/" in key:
                curves.setdefault(key, []).append([log["step"], value])
    config = SQLiteStorage.get_run_config(project, record["name"], run_id=record["id"])
    runs.append({"name": record["name"], "config": config, "curves": curves})
print(json.dumps({"projects": SQLiteStorage.get_projects(), "runs": runs}))
