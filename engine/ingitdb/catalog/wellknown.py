"""The lists that discovery goes by: containers, names left out of the root, extensions."""

from ingitdb.formats.registry import extension_of

CONTAINERS = frozenset(
    {
        "_collections",
        "_data",
        "collections",
        "content",
        "contents",
        "csv",
        "data",
        "database",
        "databases",
        "dataset",
        "datasets",
        "db",
        "doc",
        "docs",
        "json",
        "processed",
        "raw",
        "records",
        "resources",
        "source",
        "sources",
        "src",
        "tables",
        "yaml",
    }
)
"""Folders that hold tables and are none themselves, compared in lower case."""

ROOT_NAMES = frozenset(
    {
        # JavaScript
        "angular.json",
        "babel.config.json",
        "biome.json",
        "bower.json",
        "composer.json",
        "deno.json",
        "firebase.json",
        "jsconfig.json",
        "jsr.json",
        "lerna.json",
        "manifest.json",
        "netlify.toml",
        "npm-shrinkwrap.json",
        "nx.json",
        "package.json",
        "pnpm-workspace.yaml",
        "renovate.json",
        "tsconfig.json",
        "tslint.json",
        "turbo.json",
        "typedoc.json",
        "vercel.json",
        "wrangler.toml",
        # Python
        "conda.yaml",
        "environment.yaml",
        "environment.yml",
        "pyproject.toml",
        "pyrightconfig.json",
        "ruff.toml",
        "tox.toml",
        "uv.toml",
        # other languages and tools
        "app.yaml",
        "appveyor.yml",
        "azure-pipelines.yml",
        "bitbucket-pipelines.yml",
        "book.toml",
        "buf.gen.yaml",
        "buf.yaml",
        "cargo.toml",
        "chart.yaml",
        "circle.yml",
        "clippy.toml",
        "cloudbuild.yaml",
        "codecov.yml",
        "codemeta.json",
        "config.toml",
        "dbt_project.yml",
        "devbox.json",
        "dvc.yaml",
        "fly.toml",
        "flake8.toml",
        "gitversion.yml",
        "goreleaser.yml",
        "helmfile.yaml",
        "hugo.json",
        "hugo.toml",
        "hugo.yaml",
        "kustomization.yaml",
        "lefthook.yml",
        "mkdocs.yaml",
        "mkdocs.yml",
        "openapi.json",
        "openapi.yaml",
        "project.toml",
        "pubspec.yaml",
        "render.yaml",
        "rust-toolchain.toml",
        "rustfmt.toml",
        "serverless.yml",
        "skaffold.yaml",
        "snapcraft.yaml",
        "swagger.json",
        "swagger.yaml",
        "taplo.toml",
        "taskfile.yaml",
        "taskfile.yml",
        "typos.toml",
        "vcpkg.json",
        "_config.toml",
        "_config.yaml",
        "_config.yml",
        # what a host shows about a repository
        "authors.md",
        "changelog.md",
        "code_of_conduct.md",
        "contributing.md",
        "governance.md",
        "history.md",
        "license.md",
        "readme.md",
        "security.md",
        "support.md",
    }
)
"""Files of tools that are no data when they lie in the root, compared in lower case."""

ROOT_PREFIXES = ("docker-compose.", "compose.", "tsconfig.", "readme.")
"""Beginnings of such names, compared in lower case."""

LOCK_NAMES = ("lock.json", "-lock.yaml", ".lock.yml", "-lock.json", ".lock.toml")
"""Endings of the names of lock files, compared in lower case."""

GENERATED_FOLDERS = frozenset({"$ingitdb"})
"""Folders of the root that hold outputs made from the records."""

PACKAGE_NAMES = ("datapackage.json", "datapackage.yaml", "datapackage.yml")
"""Descriptions of data packages, the strongest first."""

LEGACY_PREFIX = ".ingitdb"
"""How the files of the inGitDB layout before 2026 begin, in any folder."""

MARKDOWN_EXTENSIONS = frozenset({".md", ".markdown"})

ROWS_EXTENSIONS = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".ingr"})
"""Extensions whose files hold rows even when they are empty."""


def stem(path: str) -> str:
    """Gives a file's name without its extension."""
    name = path[path.rfind("/") + 1 :]
    return name[: len(name) - len(extension_of(name))]


def is_container(folder: str) -> bool:
    """Tells whether a folder of this name holds tables instead of records."""
    return folder.lower() in CONTAINERS


def is_tool_file(name: str) -> bool:
    """Tells whether a file of this name belongs to a tool when it lies in the root."""
    lower = name.lower()
    return (
        lower in ROOT_NAMES
        or lower.startswith(ROOT_PREFIXES)
        or lower.endswith(LOCK_NAMES)
        or lower.startswith(".")
    )
