"""A stream that never ends: each row is answered when it comes, and a kill loses nothing.

    lines -> rows -> answers -> record

A line becomes the instants that it brings, each of them is answered by the one loop, and the record
holds, in one file, all that it takes to go on: who forecasts, the questions that wait, where the
grid stands, and how far was read and written.
"""
