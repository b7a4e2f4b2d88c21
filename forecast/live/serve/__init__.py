"""A page on this machine that shows a live run while it goes on.

    answers -> window -> events -> page

The loop puts each answer into a bounded window and never waits; whoever watches takes the rows that
are new to him from there, and of what he was too slow for he is told how much it was. Nothing that
a viewer does, or leaves undone, reaches the loop.
"""
