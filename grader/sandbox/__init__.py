"""The wall: a trusted host on one side, an untrusted guest on the other, data in between."""
