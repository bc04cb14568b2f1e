"""Pairs: every two operations of a type, called by two threads on one fresh object.

tests, run once ─► record.py: how objects were made, with which arguments called
                      │
types, functions ► makers.py: the ways to make one, and those that are chosen
                      │
types in C ──────► operations.py: what can be called, with what
                      │
                   survey.py: each call tried alone, in a forked child
                      │
                   corpus.py: what worked, as a folder that people can read
                      │
                   ranking.py, sequences.py: the pairs, and in which order
                      ▼
drivers/pairs_driver.py: each pair is a test ─► rounds.py: two threads, one call each
                      │
                   evidence.py: what a race does to a plain interpreter
                   results.py: results that no order of two calls explains
"""
