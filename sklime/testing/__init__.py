"""Checks that a Sampler, a Kernel or a Selector keeps the contract of the house.

`check_sampler`, `check_kernel` and `check_selector` run all checks of a component;
`sampler_checks`, `kernel_checks` and `selector_checks` yield them one by one with their
names, for a test runner:

.. code-block:: python

    @pytest.mark.parametrize(("name", "check"), sampler_checks(MySampler()))
    def test_my_sampler(name, check):
        check()
"""

from sklime.testing.kernels import check_kernel, kernel_checks
from sklime.testing.samplers import check_sampler, sampler_checks
from sklime.testing.selectors import check_selector, selector_checks

__all__ = [
    "check_kernel",
    "check_sampler",
    "check_selector",
    "kernel_checks",
    "sampler_checks",
    "selector_checks",
]
