"""Labels that all teachers contradict: a report for people, nothing is relabelled."""
