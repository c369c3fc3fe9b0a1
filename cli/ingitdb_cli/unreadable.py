"""Files that cannot be read, named as warnings or, to the strict, as errors."""

from ingitdb_cli.app import App


def name_unreadable(app: App, ref: str | None) -> None:
    """Says which files are missing from the tables of a commit.

    Args:
        app: Says it.
        ref: The commit; HEAD if None.

    Raises:
        DataUnreadable: The user wants to be strict.
    """
    from ingitdb.errors import DataUnreadable

    found = [p for p in app.database.problems(ref) if p.severity == "error"]
    if not found:
        return
    hint = "SELECT * FROM unreadable() lists what could not be read."
    more = f" ({len(found) - 1:,} more in unreadable())" if len(found) > 1 else ""
    if app.configuration.settings.strict:
        raise DataUnreadable(f"{found[0]}{more}", hint=hint)
    app.messages.warning(f"not read: {found[0]}{more}")
