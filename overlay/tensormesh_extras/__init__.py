"""Installation hints for the optional dependencies ("extras") of this project.

A package of its own, because the SDK, `tm`, the local host and the code generator all need it and
must not import each other. It imports nothing.
"""

from __future__ import annotations


def install_hint(extra: str) -> str:
    """Return a sentence that says how to install an extra.

    The commands name a checkout or a wheel, never the distribution: a package registry may serve
    somebody else's distribution under that name.
    """
    return (
        f"install the extra {extra!r}: `pip install '.[{extra}]'` in a checkout, "
        f"or `pip install 'PATH/TO/WHEEL[{extra}]'`"
    )
