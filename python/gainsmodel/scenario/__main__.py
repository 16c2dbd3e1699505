"""Print the JSON Schema of scenario files: ``python -m gainsmodel.scenario``."""

import json
import sys

from gainsmodel.scenario import json_schema

sys.stdout.write(json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n")
