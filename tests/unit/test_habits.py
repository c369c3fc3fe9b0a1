"""Habits of the code base that nothing else checks."""

import ast
import importlib
import importlib.util
import inspect
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingitdb import errors

ROOT = Path(__file__).resolve().parents[2]
ROOTS = ("engine/ingitdb", "flight_server/ingitdb_flight", "cli/ingitdb_cli")
DRIVERS = ("drivers/ingitdb_dbapi", "drivers/ingitdb_sqlalchemy")
GUIDE, LIMIT = 400, 600
VAGUE = {"utils", "util", "manager", "common", "helpers", "misc", "base"}


def modules() -> list[Path]:
    """Gives every module of the packages."""
    return sorted(p for root in (*ROOTS, *DRIVERS) for p in (ROOT / root).rglob("*.py"))


def own_errors(root: type[errors.IngitdbError] = errors.IngitdbError) -> Iterator[type]:
    """Gives every error class of the engine."""
    yield root
    for below in root.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from own_errors(below)


def names(tree: ast.AST) -> set[str]:
    """Gives the dotted names that a module imports."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_error_codes_are_unique_and_well_formed() -> None:
    codes = [known.code for known in own_errors()]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"IGD-\d{4}", code) for code in codes)


def test_errors_are_all_in_one_file_and_its_tree() -> None:
    tree = inspect.getdoc(errors) or ""
    assert not [known.__name__ for known in own_errors() if known.__name__ not in tree]
    elsewhere = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in modules()
        if path.name != "errors.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
        and any(getattr(b, "id", "") in {e.__name__ for e in own_errors()} for b in node.bases)
    ]
    assert not elsewhere


def test_generated_documents_are_in_step() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


IMPORT_QUIETLY = """
import sys
watching, opened = [False], []
def hook(event, args):
    if watching[0] and event in ("open", "subprocess.Popen", "socket.connect"):
        opened.append((event, str(args[0])))
sys.addaudithook(hook)
watching[0] = True
import ingitdb
watching[0] = False
code = (".py", ".pyc", ".so", ".pth", ".json", "METADATA")
outside = [
    (event, name) for event, name in opened
    if not (name.endswith(code) or name.isdigit())
    and not any(part in name for part in ("__pycache__", "site-packages"))
]
print(outside)
print([m for m in ("pyarrow.flight", "click", "ingitdb_cli") if m in sys.modules])
"""


def test_import_is_light_and_quiet(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_QUIETLY],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[]", "[]"]


def test_command_line_imports_no_flight() -> None:
    offenders = [
        path.relative_to(ROOT)
        for path in (ROOT / "cli").rglob("*.py")
        if any(n.startswith("pyarrow.flight") for n in names(ast.parse(path.read_text("utf-8"))))
    ]
    assert not offenders


def test_command_line_starts_without_the_engine() -> None:
    if not (ROOT / "cli/ingitdb_cli/main.py").exists():
        pytest.skip("no command line yet")
    heavy = ("duckdb", "pyarrow", "pygit2", "rich", "yaml")
    script = f"import sys, ingitdb_cli.main; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_public_names_have_docstrings(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    said = ast.get_docstring(tree) or ""
    assert len(said) > 10, "a module opens with a sentence on what it holds"
    bare = [node.name for node in public(tree) if not ast.get_docstring(node)]
    assert not bare


def public(
    tree: ast.Module | ast.ClassDef,
) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """Gives the public classes, functions and methods."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name.startswith("_"):
                continue
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node)


def test_modules_stay_small() -> None:
    lengths = {p.relative_to(ROOT): len(p.read_text("utf-8").splitlines()) for p in modules()}
    past = {str(p): n for p, n in lengths.items() if n > GUIDE}
    print("past the guide size:", past or "none")  # noqa: T201 - shown with -rP
    assert not {p: n for p, n in past.items() if n > LIMIT}


def test_names_say_something() -> None:
    assert not [p for p in modules() if p.stem in VAGUE]


def test_package_inits_hold_no_logic() -> None:
    allowed = (ast.Expr, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.If)
    for path in modules():
        if path.name == "__init__.py" and path.parent.name != "ingitdb":
            body = ast.parse(path.read_text("utf-8")).body
            assert all(isinstance(node, allowed) for node in body), path


def test_version_stands_in_one_place() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert not [p for p in modules() if f'"{version}"' in p.read_text("utf-8")]


def test_entry_points_resolve() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    groups = project["entry-points"]
    # imports Superset, see tests/recipes
    (apart,) = groups.pop("superset.db_engine_specs").values()
    assert importlib.util.find_spec(apart.partition(":")[0])
    for group in groups.values():
        for target in group.values():
            module, _, name = target.partition(":")
            assert hasattr(importlib.import_module(module), name), target


def test_every_contract_is_named_in_the_architecture() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    assert not [c["name"] for c in settings["contracts"] if c["name"] not in page]


def test_links_between_documents_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{page.relative_to(ROOT)} → {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))
        if not (page.parent / link).exists()
    ]
    assert not broken


def test_no_address_of_a_machine_or_registry() -> None:
    files = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "-z"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    hosts = re.compile(r"(pyp[i]|pythonhoste[d]|npmj[s]|crate[s])\.(org|io)|/(home|Users)/[a-z]+/")
    found = []
    for name in filter(None, files):
        path = ROOT / name
        if path.suffix in {".py", ".toml", ".txt", ".md", ".yaml", ".yml", ".sh", ""}:
            text = path.read_text("utf-8", errors="replace") if path.is_file() else ""
            found += [f"{name}: {m[0]}" for m in hosts.finditer(text)]
    assert [f for f in found if "test_habits.py" not in f] == []
