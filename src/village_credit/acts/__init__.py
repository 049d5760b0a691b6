"""What people and schedules do, each act once: the command line and the flows call these and nothing else."""
