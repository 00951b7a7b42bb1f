"""Long work seen from the window: one worker process per job, one job at a time on the GPU, none ever lost."""
