"""What the makers of the golden files of configs share: how a config is written down, and which values its fields accept."""

import json

from clinicadl.utils.json import path_encoder


def text(config):
    """The JSON file of it."""
    return json.dumps(config.to_dict(), indent=4, default=path_encoder)


def tried(cls, field, values, given, refusals=ValueError):
    """Each of the values for a field, with what the others are given beside it, and whether it was accepted."""
    others = {key: value for key, value in given.items() if key != field}

    def accepts(value):
        try:
            cls(**{**others, field: value})
            return True
        except refusals:
            return False

    return {"field": field, "others": others, "tried": [[value, accepts(value)] for value in values]}
