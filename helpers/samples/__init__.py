"""The embedded data: texts written for this project, so that every notebook runs with no network."""
