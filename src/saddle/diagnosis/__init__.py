"""What is wrong with a run: symptoms that are measured, and a table of causes that they are compared with."""
