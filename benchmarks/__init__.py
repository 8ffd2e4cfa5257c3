"""Speed and memory, measured: each figure beside what a user would pick instead, and the limit."""
