"""The catalog: what there is, what it means, whether it can be trusted; read by people.

Only the web server's entry and the command line import this room.
"""
