"""Run one test over many values in a loop.

`for_each` is used like `pytest.mark.parametrize`, for values that exercise the same code and so
fail together: the test runs once, tries every value, and reports all failures. Keep
`pytest.mark.parametrize` for the few cases that can fail apart, such as sync and async.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import reprlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest

Test = TypeVar("Test", bound=Callable[..., None])
Case = tuple[str, dict[str, Any]]
Values = Iterable[Any] | Callable[[], Iterable[Any]]
TRACEBACKS = 10
PARAM = type(pytest.param())


class CasesFailedError(ExceptionGroup[Exception]):
    """Some of the cases of a test failed: the message lists all, with the first tracebacks."""


def for_each(
    names: str | Sequence[str],
    values: Values,
    *,
    ids: Iterable[Any] | Callable[[Any], Any] | None = None,
) -> Callable[[Test], Test]:
    """Run a test for each value, and fail with all failures at once.

    Stacked decorators give the product of their values. Fixtures are set up once for all cases,
    except that each case has a `tmp_path`, a `monkeypatch` and captured output of its own.

    Args:
        names: The arguments to fill in, as for `pytest.mark.parametrize`.
        values: A value for each case, or a tuple of them if there are several names. A function
            is called when the test runs, which keeps slow imports out of the collection.
        ids: What to call the cases in messages, if their values are too long to show.
    """
    keys = [name.strip() for name in names.split(",")] if isinstance(names, str) else [*names]
    axis = _Axis(keys, values, ids)

    def decorate(test: Test) -> Test:
        axes = [axis, *getattr(test, "for_each_axes", [])]
        inner = getattr(test, "for_each_test", test)
        signature = inspect.signature(test)
        left = [each for each in signature.parameters.values() if each.name not in keys]
        assert len(left) == len(signature.parameters) - len(keys), f"{test} does not take {keys}"

        @functools.wraps(test)
        def run(*args: Any, **kwargs: Any) -> None:
            _run(inner, list(_product(axes)), args, kwargs)

        vars(run).update(
            __signature__=signature.replace(parameters=left),
            for_each_axes=axes,
            for_each_test=inner,
        )
        return cast(Test, run)

    return decorate


class _Axis:
    """The cases of one decorator, made when they are first needed."""

    def __init__(self, keys: list[str], values: Values, ids: Any) -> None:
        self._keys = keys
        # An iterator could be read by the first run only.
        self._values = list(values) if isinstance(values, Iterable) else values
        self._ids = ids if ids is None or callable(ids) else list(ids)

    @functools.cached_property
    def cases(self) -> list[Case]:
        values = self._values if isinstance(self._values, list) else list(self._values())
        assert values, f"there is no value for {self._keys}"
        return [
            (self._label(index, value), self._filled(value)) for index, value in enumerate(values)
        ]

    def _filled(self, value: Any) -> dict[str, Any]:
        if isinstance(value, PARAM):
            given = value.values
        else:
            given = value if len(self._keys) > 1 else (value,)
        return dict(zip(self._keys, given, strict=True))

    def _label(self, index: int, value: Any) -> str:
        if isinstance(value, PARAM) and value.id:
            return str(value.id)
        if isinstance(self._ids, list):
            return str(self._ids[index])
        filled = self._filled(value)
        if self._ids is not None:
            return ", ".join(str(self._ids(each)) for each in filled.values())
        return ", ".join(f"{key}={reprlib.repr(each)}" for key, each in filled.items())


def _product(axes: list[_Axis]) -> Iterator[Case]:
    for combination in itertools.product(*(axis.cases for axis in axes)):
        labels, filled = zip(*combination, strict=True)
        yield ", ".join(labels), {key: value for each in filled for key, value in each.items()}


def _run(
    test: Callable[..., None], cases: list[Case], args: tuple[Any, ...], fixtures: dict[str, Any]
) -> None:
    failed: list[tuple[str, Exception]] = []
    skipped: list[BaseException] = []
    for index, (label, filled) in enumerate(cases):
        try:
            with ExitStack() as stack:
                test(*args, **_isolated(fixtures, index, stack), **filled)
        except pytest.skip.Exception as skip:
            skipped.append(skip)
        except pytest.fail.Exception as failure:
            failed.append(
                (label, AssertionError(str(failure)).with_traceback(failure.__traceback__))
            )
        except Exception as error:
            failed.append((label, error))
    if failed:
        raise _as_group(failed, len(cases))
    if len(skipped) == len(cases):
        raise skipped[-1]


def _isolated(fixtures: dict[str, Any], index: int, stack: ExitStack) -> dict[str, Any]:
    """Return the fixtures for one case, with those of pytest that keep a state made anew."""
    fresh = dict(fixtures)
    for name, value in fixtures.items():
        if isinstance(value, pytest.MonkeyPatch):
            fresh[name] = stack.enter_context(pytest.MonkeyPatch.context())
        elif name == "tmp_path" and isinstance(value, Path):
            fresh[name] = value / str(index)
            fresh[name].mkdir()
        elif isinstance(value, pytest.CaptureFixture):
            value.readouterr()
        elif isinstance(value, pytest.LogCaptureFixture):
            value.clear()
    return fresh


def _as_group(failed: list[tuple[str, Exception]], total: int) -> CasesFailedError:
    lines = [f"{len(failed)} of {total} cases failed:"]
    for label, error in failed:
        summary = f"{type(error).__name__}: {error}".partition("\n")[0]
        lines.append(f"    {label}: {summary}")
        error.add_note(f"Failed with {label}")
    return CasesFailedError("\n".join(lines) + "\n", [error for _, error in failed[:TRACEBACKS]])
