"""pytest explains a failed assert of a test module by itself; of a suite that modules inherit it has to be told."""

import pytest

pytest.register_assert_rewrite("tests.providers.suite.step", "tests.providers.suite.search")
