"""The resources of the API, a class each. To add one: a class here, its attribute in `client.py`, and the
same in TypeScript.
"""
