"""Synthetic practice: the teacher's samples, and the critic's verdict on each with its reasons."""
