"""The data: what this organisation has (`defs/`) and how a declaration becomes assets."""
