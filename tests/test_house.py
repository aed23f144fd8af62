"""The rules of the house: small files and functions, rooms with doors, one direction."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "modelfleet"
MOST_LINES, MOST_IN_A_FUNCTION, MOST_PARAMETERS, MOST_NESTED = 400, 40, 6, 3

EXCEPTIONS: dict[str, str] = {
    "src/modelfleet/catalog/migrations/versions/0001_first_tables.py:_create_tables": (
        "a migration lists tables, in Alembic's own form, and is never changed again"
    ),
}
"""A file, or a file and a function, that may be larger; each with its reason."""

PYTHON = sorted(
    path
    for folder in ("src", "tests", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
    if "__pycache__" not in path.parts
)
PACKAGES = sorted(path.parent for path in SOURCE.rglob("__init__.py"))
NESTING = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match, ast.AsyncFor, ast.AsyncWith)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

# Spelled in parts, so that this file doesn't hold them.
FORBIDDEN = {
    "a folder of one machine": re.compile(r"(?<![\w.])/(work|root|home)/\w"),
    "a registry's host": re.compile("|".join(["pypi" + r"\.org", "files.python" + "hosted"])),
    "how it was made": re.compile(
        r"\b(" + "|".join(["Cl" + "aude", "Chat" + "GPT", "sub" + "agent"]) + r")\b"
    ),
}
TEXTS = {".py", ".md", ".toml", ".jsonl", ".html", ".css", ".js", ".yml", ".yaml", ".cfg", ".txt"}
NOT_OURS = {".git", ".venv", "node_modules", "__pycache__", ".hypothesis", "data", "dist", "world"}


def name_of(path: Path) -> str:
    """A path as the exceptions name it."""
    return path.relative_to(ROOT).as_posix()


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Each function and method."""
    return (node for node in ast.walk(tree) if isinstance(node, FUNCTIONS))


def lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its decorators and docstring."""
    count = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        count -= (first.end_lineno or 0) - first.lineno + 1
    return count


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Parameters, ``self`` and ``cls`` not counted."""
    told = function.args
    named = [*told.posonlyargs, *told.args, *told.kwonlyargs]
    return sum(argument.arg not in {"self", "cls"} for argument in named)


def depth(node: ast.AST, inside: int = 0) -> int:
    """How deep blocks are nested; an ``elif`` isn't deeper than its ``if``."""
    deepest = inside
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FUNCTIONS):
            continue
        is_elif = isinstance(node, ast.If) and node.orelse == [child] and isinstance(child, ast.If)
        more = isinstance(child, NESTING) and not is_elif
        deepest = max(deepest, depth(child, inside + more))
    return deepest


def too_large(path: Path) -> Iterator[str]:
    """What in a file is larger than the house allows."""
    text = path.read_text()
    tree = ast.parse(text)
    where = name_of(path)
    if len(text.splitlines()) > MOST_LINES and where not in EXCEPTIONS:
        yield f"{where} has {len(text.splitlines())} lines"
    for function in functions(tree):
        place = f"{where}:{function.name}"
        if place in EXCEPTIONS:
            continue
        if lines(function) > MOST_IN_A_FUNCTION:
            yield f"{place} has {lines(function)} lines"
        if parameters(function) > MOST_PARAMETERS and not is_command(where, function):
            yield f"{place} has {parameters(function)} parameters"
        if depth(function) > MOST_NESTED:
            yield f"{place} is nested {depth(function)} deep"


def is_command(where: str, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A command of the command line has a parameter for each of its options."""
    return where.startswith("src/modelfleet/cli/") and not function.name.startswith("_")


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_files_and_functions_are_small(path: Path) -> None:
    if path.relative_to(ROOT).parts[0] != "src":
        assert len(path.read_text().splitlines()) <= MOST_LINES
    else:
        assert list(too_large(path)) == []


def test_exceptions_are_still_needed_and_say_why() -> None:
    for place, reason in EXCEPTIONS.items():
        file, _, function = place.partition(":")
        tree = ast.parse((ROOT / file).read_text())
        assert reason
        assert not function or function in {one.name for one in functions(tree)}


@pytest.mark.parametrize("package", PACKAGES, ids=name_of)
def test_a_room_says_what_comes_in_what_goes_out_what_it_keeps_and_ignores(package: Path) -> None:
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""
    if package == SOURCE or "migrations" in package.parts:
        assert docstring
        return
    missing = [
        word
        for word in ("In", "Out", "Keeps", "Ignores")
        if not re.search(rf"\b{word}\b\*?:", docstring)
    ]
    assert not missing


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_a_module_says_first_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_nothing_names_the_machine_that_it_was_written_on() -> None:
    found = [
        f"{name_of(path)}: {what} ({match[0]!r})"
        for path in sorted(ROOT.rglob("*"))
        if path.suffix in TEXTS
        and path != Path(__file__)
        and not NOT_OURS & set(path.relative_to(ROOT).parts)
        for what, pattern in FORBIDDEN.items()
        if (match := pattern.search(path.read_text(errors="replace")))
    ]
    assert found == []


def test_imports_go_one_way() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    if "importlinter" not in settings["tool"]:
        pytest.skip("no contracts in pyproject.toml yet")
    program = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert program is not None
    done = subprocess.run(  # noqa: S603 - installed beside our interpreter
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_nothing_is_pickled_and_no_error_is_swallowed() -> None:
    for path in PYTHON:
        if "src" not in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in getattr(node, "names", []) if hasattr(alias, "name")]
            assert not {"pickle", "joblib", "dill"} & set(names), path
            if isinstance(node, ast.ExceptHandler):
                assert [type(one) for one in node.body] != [ast.Pass], path
