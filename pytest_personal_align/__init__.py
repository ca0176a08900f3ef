"""pytest-personal-align: model regression testing of personalised alignment, as a pytest plugin."""

__version__ = "0.1.0"
