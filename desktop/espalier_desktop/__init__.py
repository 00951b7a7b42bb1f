"""The window of Espalier: Qt, the open project, and the worker seen as a job."""
