"""The words that parameters choose from; here, so that the command line's help needs no more."""

from typing import Literal

Geography = Literal["mayoral", "itl1", "local_authority", "mayoral_2026"]
# What publishers' tables are of; ITL 2 and 3 are read as own areas.
Level = Literal["mayoral", "itl1", "itl2", "itl3", "local_authority", "mayoral_2026"]
# What stands for the rest of the UK around areas that were put together.
Rest = Literal["mayoral", "regions", "parts"]
# What stands where a table of own figures has a gap.
Fill = Literal["built_in"]
Sampler = Literal["sobol", "sobol_full", "random"]
Precision = Literal["float32", "float64"]
Prices = Literal["real", "nominal"]
# The answer whose drivers are asked for.
Output = Literal["share", "gain_final_year_gbp_m", "gain_cumulative_gbp_m", "plan_adds", "p_target"]
# What a target is of.
Of = Literal["added", "gain"]
# How the prize is read.
Reading = Literal["final_year", "share_of_economy", "cumulative"]
# What a plan is to be best at.
Goal = Literal["net_present_value", "p_target", "worst_tenth"]
# From where a split of a budget between places is seen.
Viewpoint = Literal["local", "uk"]
# Forms of a board paper.
Paper = Literal["html", "pdf", "docx", "xlsx"]
