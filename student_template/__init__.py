"""What a student starts from; generated from the exercises, see grader/template.py."""
