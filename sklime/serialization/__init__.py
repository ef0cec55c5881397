"""Values of tables as plain arrays, strings and numbers, and back: nothing is run.

The documents of explanations are written in these words, and so is what fitted objects keep
of a table, wherever a library of tables has classes of its own.
"""
