"""The sample company: Fernweh sells gear for the outdoors, on a website and in an app.

What belongs here: everything that makes its data: people and what they do, the files that land,
the shop's database, and a manifest of what was planted. What does not: reading any of it.
"""

from platform_assets.sample.config import SampleConfig, SampleError
from platform_assets.sample.generate import generate
from platform_assets.sample.manifest import Manifest

__all__ = ["Manifest", "SampleConfig", "SampleError", "generate"]
