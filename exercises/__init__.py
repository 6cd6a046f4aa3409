"""What is asked: one folder an exercise, which proves itself."""
