"""A synthetic county: one latent truth per household becomes the files that offices would deliver.

Read it as the county is made: places → people → shocks → land → economy → bank (together `world`),
deliver_* (rows as each office keeps them) → damage_* → write_* (bytes) → truth, history, county.
"""

from village_credit.synthetic.county import SyntheticCounty, synthesize

__all__ = ["SyntheticCounty", "synthesize"]
