"""Whole-village credit pre-approval (整村授信): read the folders in the order of a delivery's journey.

extract → validate → link → features → score → decide → publish → report; `usage` is what comes back.
"""

__version__ = "0.1.0"
