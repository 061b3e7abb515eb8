"""The study host: describes, serves and records studies that people and machines take."""

__version__ = "0.1.0"
