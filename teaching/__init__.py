"""For teachers: hand the exercises out, grade what comes back, present the notebooks."""
