"""Prefect's part, and all of it: flows that call the same acts as the command line, on a schedule or on request.

Read `steps` (the tasks), then `score`, `rescore`, `publish`, `train` (the flows), then `serve` (a local server).
"""
