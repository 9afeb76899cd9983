"""What MLflow's own client finds in an experiment: its runs, with the whole history of each metric, in JSON."""
import json
import sys

from mlflow.tracking import MlflowClient

uri, name = sys.argv[1:]
client = MlflowClient(uri)
experiment = client.get_experiment_by_name(name)
runs = []
for run in client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"]):
    history = {
        key: [[m.step, str(m.value)] for m in client.get_metric_history(run.info.run_id, key)] for key in run.data.metrics
    }
    runs.append(
        {
            "id": run.info.run_id,
            "name": run.info.run_name,
            "status": run.info.status,
            "tags": run.data.tags,
            "params": run.data.params,
            "metrics": history,
            "artifacts": [file.path for file in client.list_artifacts(run.info.run_id, "config")],
        }
    )
print(json.dumps(runs))
