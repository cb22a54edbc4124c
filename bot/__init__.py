"""Delebot shares every new article of an organisation's feeds on the channels it has configured."""

__version__ = "0.1.0"
