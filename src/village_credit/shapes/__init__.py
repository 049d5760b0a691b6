"""Parcels' shapes are looked at: what their areas, places and neighbours say against the register becomes findings."""
