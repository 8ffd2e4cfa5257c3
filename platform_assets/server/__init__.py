"""The running platform: its processes, the code server, the daemon, the web server.

What belongs here: starting, watching and stopping processes, and the entry point of each. What does
not: the definitions that they serve (`platform_assets.definitions`) and what is printed to a person
(`platform_assets.commands`).
"""
