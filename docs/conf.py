"""How Sphinx makes the site; pages that follow from the code are made here, not written."""

import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

from made import api, columns, commands, scenario_fields

project = "gainsmodel"
author = "the gainsmodel authors"
release = metadata.version("gainsmodel")
language = "en_GB"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["requirements.txt"]
# Notebooks are kept without outputs, and run in a folder that is thrown away.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
# Charts have an SVG picture beside what only notebooks draw.
suppress_warnings = ["mystnb.unknown_mime_type"]
myst_heading_anchors = 3
# A name in single backticks is a link where the reference has it, and code where not.
default_role = "py:obj"
add_module_names = False
autodoc_default_options = {"exclude-members": "model_config, model_post_init"}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_title = f"gainsmodel {release}"
html_copy_source = False
html_show_copyright = False
html_theme_options: dict[str, Any] = {"top_of_page_buttons": []}

MADE = Path(__file__).parents[1] / "target/docs-made"
MADE.mkdir(parents=True, exist_ok=True)
made = {"cli": commands, "scenario": scenario_fields, "api": api, "columns": columns}
for name, make in made.items():
    (MADE / f"{name}.md").write_text(make(), "utf-8")


def of_use(
    app: Sphinx, kind: str, name: str, thing: Any, options: Any, signature: str | None, gives: str
) -> tuple[str, str] | None:
    """Leave out of a class what no caller passes: fields of files, and private parts."""
    if not isinstance(thing, type) or signature is None:
        return None
    if issubclass(thing, BaseModel):  # the page on scenario files has its fields
        return "", gives
    return re.sub(r", _\w+: [^=]+ = \w+", "", signature), gives


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-signature", of_use)
