"""What people see of a run: terminal, HTML, markdown."""
