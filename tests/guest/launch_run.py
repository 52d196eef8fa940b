"""Starts a run on a code server, as Dagster's own launcher does; prints the run's id."""

import sys

from dagster import DagsterInstance
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin
from dagster._core.remote_representation.code_location import GrpcServerCodeLocation
from dagster._grpc.types import ExecuteExternalJobArgs
from dagster._serdes import deserialize_value

socket, job_name = sys.argv[1:]
with DagsterInstance.get() as instance:
    origin = GrpcServerCodeLocationOrigin(host="localhost", socket=socket, location_name="x")
    with GrpcServerCodeLocation(origin, instance=instance) as location:
        (repository,) = location.get_repositories().values()
        job = repository.get_full_job(job_name)
        run = instance.create_run(
            job_name=job_name,
            run_id=None,
            run_config=None,
            resolved_op_selection=None,
            step_keys_to_execute=None,
            status=None,
            tags=None,
            root_run_id=None,
            parent_run_id=None,
            job_snapshot=job.job_snapshot,
            execution_plan_snapshot=None,
            parent_job_snapshot=None,
            asset_selection=None,
            asset_check_selection=None,
            remote_job_origin=job.get_remote_origin(),
            job_code_origin=job.get_python_origin(),
            op_selection=None,
            asset_graph=repository.asset_graph,
        )
        args = ExecuteExternalJobArgs(
            job_origin=job.get_remote_origin(), run_id=run.run_id, instance_ref=instance.get_ref()
        )
        result = deserialize_value(location.client.start_run(args))
        assert result.success, result
        print(run.run_id)
