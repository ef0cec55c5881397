"""Reader of Gaussian process regression."""

import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor, kernels

from sklime.exact.kernel_sums import KernelProduct, KernelSum, multiplied
from sklime.exact.readers.kernel_machines import power_of_products
from sklime.exact.readers.layout import reads_models
from sklime.exceptions import NoClosedForm


@reads_models
def read(model, response):
    """Read the mean of a Gaussian process as a sum of kernels of its training rows.

    Parameters
    ----------
    model : estimator
        The last step of a pipeline, or the model itself.
    response : Response
        Tells which method and outputs are explained.

    Returns
    -------
    KernelSum or None
        None: it is no Gaussian process regression.

    Raises
    ------
    NoClosedForm
        If its kernel is not a sum of products over columns.
    """
    if type(model) is not GaussianProcessRegressor:
        return None
    kernel = model.kernel_
    # Kernels of other things than rows of numbers are told first.
    _check(kernel)
    vectors = np.asarray(model.X_train_, dtype=np.float64)
    coef = model.alpha_ * model._y_train_std
    coef = coef[:, np.newaxis] if coef.ndim == 1 else coef
    return KernelSum(vectors, coef, _products(kernel, vectors.shape[1]))


def _check(kernel):
    """Refuse kernels that are no sums of products over columns."""
    kind = type(kernel)
    if kind in (kernels.Sum, kernels.Product):
        _check(kernel.k1)
        _check(kernel.k2)
    elif kind is kernels.Exponentiation:
        _check(kernel.kernel)
    elif kind not in _READ and not (kind is kernels.Matern and kernel.nu == np.inf):
        raise NoClosedForm(f"kernel {kernel!r} is not known to be a product over columns")


def _products(kernel, d):
    """A kernel between rows that are not the same, as a list of `KernelProduct`."""
    kind = type(kernel)
    if kind is kernels.Sum:
        return _products(kernel.k1, d) + _products(kernel.k2, d)
    if kind is kernels.Product:
        return multiplied(_products(kernel.k1, d), _products(kernel.k2, d))
    if kind is kernels.Exponentiation:
        return _power(kernel, d)
    return _READ.get(kind, _of_distances)(kernel, d)


def _power(kernel, d):
    own, exponent = kernel.kernel, kernel.exponent
    if type(own) is kernels.DotProduct:
        return [power_of_products(d, own.sigma_0**2, 1.0, exponent)]
    products = _products(own, d)
    if len(products) == 1 and not products[0].powers and products[0].constant >= 0.0:
        [one] = products
        rates = one.squared * exponent, one.absolute * exponent
        return [KernelProduct(one.constant**exponent, *rates)]
    if exponent != int(exponent) or exponent < 1:
        raise NoClosedForm(f"kernel {kernel!r} is not known to be a sum of products")
    return multiplied(*[products] * int(exponent))


def _of_distances(kernel, d):
    rates = 0.5 / np.square(np.asarray(kernel.length_scale, dtype=np.float64))
    return [KernelProduct.of(d, squared=rates)]


_READ = {
    kernels.RBF: _of_distances,
    kernels.ConstantKernel: lambda kernel, d: [
        KernelProduct.of(d, constant=kernel.constant_value)
    ],
    # Noise is a row's own.
    kernels.WhiteKernel: lambda kernel, d: [],
    kernels.DotProduct: lambda kernel, d: [power_of_products(d, kernel.sigma_0**2, 1.0, 1)],
}
