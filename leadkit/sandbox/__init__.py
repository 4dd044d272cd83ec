"""A local server that speaks the providers' protocols over real HTTP, with invented people.

It is the other side of the wire, and shares no code with the clients: what it says was charged is the
measure of what they say they spent. LeadLeap, LeadIQ, Leadfeeder and Leadey see one world of people, each its own
part of it and with its own spelling; what a contract leaves open is an option (``Options`` of each subpackage).

>>> with Sandbox(credits=10) as box:
...     box.environ["LEADKIT_LEADLEAP_URL"].endswith("/api/v1"), box.charges
(True, [])
"""

from leadkit.sandbox.attached import AttachedSandbox, attach
from leadkit.sandbox.box import Sandbox
from leadkit.sandbox.faults import Fault
from leadkit.sandbox.record import Charge, RequestRecord
from leadkit.sandbox.world import Company, Person, World

__all__ = [
    "AttachedSandbox",
    "Charge",
    "Company",
    "Fault",
    "Person",
    "RequestRecord",
    "Sandbox",
    "World",
    "attach",
]
