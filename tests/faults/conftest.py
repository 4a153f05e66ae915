"""Commands as a user types them, and settings as they make them."""

from tests.experiments.conftest import command, settings_of  # noqa: F401  fixtures
