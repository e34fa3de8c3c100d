"""Takes the repository's name and the site's address from the environment of the build.

Nothing is hard-coded: a build on GitHub Actions of a fork links to that fork; a build anywhere
else shows no repository buttons.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any


def theme_options(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the theme's options for the repository that the environment names, or for none."""
    name = environment.get("GITHUB_REPOSITORY", "")
    buttons = ("use_repository_button", "use_issues_button", "use_edit_page_button")
    if not name:
        return {"repository_url": "", **dict.fromkeys(buttons, False)}
    server = environment.get("GITHUB_SERVER_URL", "https://github.com")
    branch = environment.get("GITHUB_REF_NAME") or "main"
    options = {"repository_url": f"{server}/{name}", "repository_branch": branch}
    return {**options, "path_to_docs": "", **dict.fromkeys(buttons, True)}


def apply(app: Any, config: Any) -> None:
    """Set theme options and base address before the theme reads them."""
    config.html_theme_options.update(theme_options(os.environ))
    config.html_baseurl = os.environ.get("KBK_BASE_URL", "")


def setup(app: Any) -> dict[str, Any]:
    app.connect("config-inited", apply, priority=100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
