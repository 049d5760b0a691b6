"""Hostile files by the thousand: none may crash, hang, lose a line or pass without a reason."""
