"""What `./learn bench` can measure, one module each; the module's name is the bench's.

A module has SUMMARY, NEEDS, measure(context, rounds) -> dict for JSON, and show(term, dict).
"""
