"""How far people and machines agree on which units can be understood.

`his` scores units by people's answers, `correlation` compares such scores, `noise` says how well
any score could do, `groups` compares chosen units, and `diptych correlate` does all of it.
Definitions, with equations and sources: docs/agreement.md.
"""
