"""Delivered bytes become numbered rows of text: nothing is interpreted here, and nothing is lost."""
