"""What Groat replaces, written as a good engineer would write it with those tools; run by bench/.venv."""
