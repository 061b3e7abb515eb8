"""Concepts behind a network's class: words, drawn images, and scores of what moves the class."""
