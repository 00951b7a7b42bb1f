"""The settings of the program, by what they are about; those of a project are on its Overview."""
