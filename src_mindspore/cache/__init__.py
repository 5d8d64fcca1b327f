"""What is kept on the disk from one command to the next: shown, and cleaned."""
