"""What can be wrong in a spec as a whole: its text, vendor keys, references."""

from __future__ import annotations

from support.mini_spec import MINI
from support.mistakes import Case

CASES = [
    # ---- The text of the file
    Case(
        "syntax",
        "  title: Mini API\n",
        "  title: Mini: API #!\n",
        "not valid YAML: mapping values are not allowed in this context: fix the syntax",
    ),
    Case(
        "unclosed bracket",
        "tags: [things]\n      summary: List things\n",
        "tags: [things\n      summary: List things #!\n",
        "not valid YAML: did not find expected ',' or ']': fix the syntax",
    ),
    Case(
        "tab as indentation",
        "      scheme: bearer\n",
        "\tscheme: bearer #!\n",
        "not valid YAML: found a tab character that violates indentation: fix the syntax",
    ),
    Case(
        "duplicate key",
        "        name: {type: string}\n        best:",
        "        name: {type: string}\n        name: {type: integer} #!\n        best:",
        "duplicate key 'name', first used in line",
    ),
    Case(
        "alias",
        "x-tm-package: mini\nx-tm-host: mini\n",
        "x-tm-package: &it mini\nx-tm-host: *it #!\n",
        "YAML aliases are not supported: use a $ref or repeat the value",
    ),
    Case(
        "merge key",
        "        cents: {type: integer}\n",
        "        cents: &c {type: integer}\n        euros: {<<: *c} #!\n",
        "YAML aliases are not supported: use a $ref or repeat the value",
    ),
    Case(
        "second document",
        "components:\n",
        "--- #!\ncomponents:\n",
        "not valid YAML: but found another document: fix the syntax",
    ),
    Case(
        "key that is a list",
        "        cents: {type: integer}\n",
        "        [cents]: {type: integer} #!\n",
        "a key must be a string: write a plain key",
    ),
    Case(
        "not a number",
        'size: {type: [number, "null"], minimum: 0, exclusiveMaximum: 9.5}',
        "size: {type: number, minimum: .nan} #!",
        ".nan is not a JSON number: write a finite number",
    ),
    Case(
        "infinite number",
        "pageSize\n          in: query",
        "pageSize\n          example: -.inf #!\n          in: query",
        "-.inf is not a JSON number: write a finite number",
    ),
    Case(
        "value that is not what its tag says",
        "cents: {type: integer}",
        "cents: {type: integer, default: !!bool often} #!",
        "invalid bool 'often': fix the value or its tag",
    ),
    Case(
        "control character",
        "title: Mini API\n",
        'title: "Mini \x07" #!\n',
        "not valid YAML: forbidden character (control characters are not allowed):",
    ),
    Case(
        "nested too deeply",
        "        extra: {}\n",
        f"        extra: {{default: {'[' * 200}{']' * 200}}} #!\n",
        "nested more than 100 levels deep: move parts to components",
    ),
    # ---- The document
    Case("older OpenAPI", "openapi: 3.1.0\n", "openapi: 3.0.3 #!\n", "write `openapi: 3.1.0`"),
    Case("version as a number", "openapi: 3.1.0\n", "openapi: 3.1 #!\n", "write `openapi: 3.1.0`"),
    Case(
        "text where a mapping belongs",
        "  schemas:\n    Shade:\n",
        "  schemas:\n    Word: word #!\n    Shade:\n",
        "Word must be a mapping, got 'word': fix it",
    ),
    Case(
        "number where text belongs",
        'version: "1.0"\n',
        "version: 1.0 #!\n",
        "version must be a string, got 1.0: fix it",
    ),
    Case(
        "boolean where text belongs",
        "enum: [eu, us]\n",
        "enum: [eu, no] #!\n",
        "item 1 of enum must be a string, got False: fix it",
    ),
    Case(
        "negative length",
        "{type: string, minLength: 1, maxLength: 40}",
        "{type: string, minLength: -1} #!",
        "minLength must be a non-negative integer, got -1: fix it",
    ),
    Case(
        "misspelt keyword",
        "      required: [name]\n",
        "      requried: [name] #!\n",
        "unknown key 'requried' in the schema: fix the spelling or remove it",
    ),
    Case(
        "misspelt type",
        "radius: {type: number}",
        "radius: {type: float} #!",
        "unknown type 'float': use one of string, integer, number, boolean, null, array,",
    ),
    Case(
        "no server",
        MINI[MINI.index("servers:") : MINI.index("security:\n")],
        "servers: [] #!\n",
        "0 servers: declare one, with the default base URL of the host",
    ),
    Case(
        "second server",
        "servers:\n",
        "servers: #!\n  - {url: 'https://b.invalid', x-tm-config: b}\n",
        "2 servers: declare one, with the default base URL of the host",
    ),
    Case(
        "server without a setting",
        "    x-tm-config: mini_base_url\n    variables:",
        "    description: Unnamed.\n    variables:",
        "x-tm-config is missing: add the setting with the base URL",
        at="  - url: https://",
    ),
    Case(
        "credential without a setting",
        "    MiniKey:\n      type: http\n      scheme: bearer\n      x-tm-config: mini_api_key\n",
        "    MiniKey: #!\n      type: http\n      scheme: bearer\n",
        "x-tm-config is missing: add the setting with the credential",
    ),
    Case(
        "other security",
        "    MiniKey:\n      type: http\n      scheme: bearer\n",
        "    MiniKey: #!\n      type: http\n      scheme: basic\n",
        "unsupported security scheme: use type http and scheme bearer",
    ),
    Case(
        "unknown security",
        "security: [{}, {MiniKey: []}]\n",
        "security: [{}, {OtherKey: []}] #!\n",
        "unknown security scheme 'OtherKey': declare or fix it",
    ),
    Case(
        "no package",
        "openapi: 3.1.0\nx-tm-package: mini\n",
        "openapi: 3.1.0 #!\n",
        "x-tm-package is missing at the top level: add a package name",
    ),
    Case(
        "no operations",
        MINI[MINI.index("security:\n") :],
        "paths: {} #!\ncomponents: {}\n",
        "paths is empty: add an operation",
    ),
    # ---- Vendor keys
    Case(
        "unknown vendor key",
        "x-tm-cli: billing list\n",
        "x-tm-command: billing list #!\n",
        "unknown vendor key 'x-tm-command' in the operation: use one of x-tm-resource,",
    ),
    Case(
        "foreign vendor key",
        "  title: Mini API\n",
        "  title: Mini API\n  x-logo: a.png #!\n",
        "unknown vendor key 'x-logo' in the info: remove it",
    ),
    Case(
        "vendor key in the wrong place",
        "cents: {type: integer}",
        "cents: {type: integer, x-tm-method: list} #!",
        "x-tm-method is not allowed in the schema: use it in operation or remove it",
    ),
    *(
        Case(f"bad {key}: {bad}", f"{key}: {good}\n", f"{key}: {bad} #!\n", f"invalid {key} ")
        for key, good, bad in [
            ("x-tm-package", "mini", "Mini"),
            ("x-tm-host", "mini", "../mini"),
            ("x-tm-post-timeout", "300", "0"),
            ("x-tm-post-timeout", "300", "long"),
            ("x-tm-config", "mini_account", "mini account"),
            ("x-tm-config", "mini_account", "class"),
            ("x-tm-resource", "billing.transactions", "billing..transactions"),
            ("x-tm-resource", "billing.transactions", "billing.import"),
            ("x-tm-resource", "billing.transactions", "[billing]"),
            ("x-tm-method", "run", "run()"),
            ("x-tm-stream", "ThingEvent", "[ThingEvent]"),
            ("x-tm-pagination", "{style: token, items: items}", "{style: cursor, items: items}"),
            ("x-tm-pagination", "{style: token, items: items}", "{style: token}"),
            ("x-tm-pagination", "{style: token, items: items}", "token"),
            ("x-tm-cli", "billing list", "billing; list"),
            ("x-tm-provenance", "inferred", "guessed"),
            ("x-tm-empty", "{thingId: none}", "none"),
        ]
    ),
    # ---- References
    Case(
        "dangling reference",
        'owner: {$ref: "#/components/schemas/Owner"}\n        parts:\n          type',
        'owner: {$ref: "#/components/schemas/Nobody"} #!\n        parts:\n          type',
        "dangling $ref '#/components/schemas/Nobody': add the component or fix the",
    ),
    Case(
        "reference into a missing file",
        'run: {$ref: "#/components/schemas/Run"}',
        'run: {$ref: "other.yaml#/components/schemas/Run"} #!',
        "dangling $ref 'other.yaml#/components/schemas/Run'",
    ),
    *(
        Case(
            f"malformed reference {bad}",
            'run: {$ref: "#/components/schemas/Run"}',
            f"run: {{$ref: {bad}}} #!",
            ": write `#/components/<section>/<name>` or `<file>.yaml",
        )
        for bad in [
            "Run",
            "5",
            '""',
            "'#/paths/~1v1'",
            "'https://mini.invalid/spec.yaml'",
            "'#/components/schemas/Run/properties/id'",
        ]
    ),
    Case(
        "reference to another kind of component",
        'run: {$ref: "#/components/schemas/Run"}',
        'run: {$ref: "#/components/responses/Error"} #!',
        "$ref '#/components/responses/Error' does not name a component in schemas: fix it",
    ),
    Case(
        "circular reference",
        "    ThingId:\n      type: string\n      description: A name for a string.\n",
        '    ThingId: {$ref: "#/components/schemas/OtherId"} #!\n'
        '    OtherId: {$ref: "#/components/schemas/ThingId"}\n',
        "circular $ref ThingId -> OtherId -> ThingId: define one of them",
    ),
    Case(
        "reference to itself",
        "    ThingId:\n      type: string\n      description: A name for a string.\n",
        '    ThingId: {$ref: "#/components/schemas/ThingId"} #!\n',
        "circular $ref ThingId -> ThingId: define one of them",
    ),
    Case(
        "type made of itself",
        "    ThingId:\n      type: string\n      description: A name for a string.\n",
        '    ThingId:\n      type: array\n      items: {$ref: "#/components/schemas/ThingId"} #!\n',
        "ThingId is defined only in terms of itself: define it",
    ),
    Case(
        "unused component",
        "    ErrorBody:\n",
        "    Forgotten: {type: string} #!\n    ErrorBody:\n",
        "component 'Forgotten' is not used by any operation: use or remove it",
    ),
    Case(
        "components that use each other alone",
        "    ErrorBody:\n",
        "    Alone: #!\n      type: object\n      properties:\n"
        '        next: {$ref: "#/components/schemas/Alone"}\n    ErrorBody:\n',
        "component 'Alone' is not used by any operation: use or remove it",
    ),
    Case(
        "keyword beside a reference",
        'run: {$ref: "#/components/schemas/Run"}',
        'run: {$ref: "#/components/schemas/Run", type: object} #!',
        "unknown key 'type' in the schema reference: fix the spelling or remove it",
    ),
]
