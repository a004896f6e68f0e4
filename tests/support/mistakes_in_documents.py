"""What can be wrong in a spec as a whole: its text, vendor keys, references."""

from __future__ import annotations

from support.mini_spec import MINI
from support.mistakes import Case

CASES = [
    # ---- The text of the file
    Case("syntax", "  title: Mini API\n", "  title: Mini: API #!\n", "YAML syntax: mapping values"),
    Case(
        "unclosed bracket",
        "tags: [things]\n      summary: List things\n",
        "tags: [things\n      summary: List things #!\n",
        "YAML syntax",
    ),
    Case(
        "tab as indentation",
        "      scheme: bearer\n",
        "\tscheme: bearer #!\n",
        "YAML syntax: found a tab character",
    ),
    Case(
        "duplicate key",
        "        name: {type: string}\n        best:",
        "        name: {type: string}\n        name: {type: integer} #!\n        best:",
        "duplicate key 'name', first on line",
    ),
    Case(
        "alias",
        "x-tm-package: mini\nx-tm-surface: mini\n",
        "x-tm-package: &it mini\nx-tm-surface: *it #!\n",
        "YAML alias *it: use `$ref`, or write it out",
    ),
    Case(
        "merge key",
        "        cents: {type: integer}\n",
        "        cents: &c {type: integer}\n        euros: {<<: *c} #!\n",
        "YAML alias *c: use `$ref`, or write it out",
    ),
    Case(
        "second document",
        "components:\n",
        "--- #!\ncomponents:\n",
        "YAML syntax: but found another",
    ),
    Case(
        "key that is a list",
        "        cents: {type: integer}\n",
        "        [cents]: {type: integer} #!\n",
        "a key is no plain string: write one",
    ),
    Case(
        "not a number",
        'size: {type: [number, "null"], minimum: 0, exclusiveMaximum: 9.5}',
        "size: {type: number, minimum: .nan} #!",
        ".nan is not a JSON number: write another",
    ),
    Case(
        "infinite number",
        "pageSize\n          in: query",
        "pageSize\n          example: -.inf #!\n          in: query",
        "-.inf is not a JSON number: write another",
    ),
    Case(
        "value that is not what its tag says",
        "cents: {type: integer}",
        "cents: {type: integer, default: !!bool often} #!",
        "'often' is no bool: mend the value or its tag",
    ),
    Case(
        "control character",
        "title: Mini API\n",
        'title: "Mini \x07" #!\n',
        "holds a character that YAML does not allow",
    ),
    Case(
        "nested too deeply",
        "        extra: {}\n",
        f"        extra: {{default: {'[' * 200}{']' * 200}}} #!\n",
        "is nested more than 100 deep: write less deeply",
    ),
    # ---- The document
    Case("older OpenAPI", "openapi: 3.1.0\n", "openapi: 3.0.3 #!\n", "write `openapi: 3.1.0`"),
    Case("version as a number", "openapi: 3.1.0\n", "openapi: 3.1 #!\n", "write `openapi: 3.1.0`"),
    Case(
        "text where a mapping belongs",
        "  schemas:\n    Shade:\n",
        "  schemas:\n    Word: word #!\n    Shade:\n",
        "Word must be a mapping: mend it",
    ),
    Case(
        "number where text belongs",
        'version: "1.0"\n',
        "version: 1.0 #!\n",
        "version must be text, in quotes if need be: mend it",
    ),
    Case(
        "boolean where text belongs",
        "enum: [eu, us]\n",
        "enum: [eu, no] #!\n",
        "item 1 of enum must be text, in quotes if need be: mend it",
    ),
    Case(
        "negative length",
        "{type: string, minLength: 1, maxLength: 40}",
        "{type: string, minLength: -1} #!",
        "minLength must be a whole number, 0 or more: mend it",
    ),
    Case(
        "misspelt keyword",
        "      required: [name]\n",
        "      requried: [name] #!\n",
        "a schema has no key 'requried' that is read here: mend it or leave it out",
    ),
    Case(
        "misspelt type",
        "radius: {type: number}",
        "radius: {type: float} #!",
        "type 'float' is unknown: use one of string, integer",
    ),
    Case(
        "no server",
        MINI[MINI.index("servers:") : MINI.index("security:\n")],
        "servers: [] #!\n",
        "servers must hold exactly one: the default base URL of this host",
    ),
    Case(
        "second server",
        "servers:\n",
        "servers: #!\n  - {url: 'https://b.invalid', x-tm-config: b}\n",
        "servers must hold exactly one: the default base URL of this host",
    ),
    Case(
        "server without a setting",
        "    x-tm-config: mini_base_url\n    variables:",
        "    description: Unnamed.\n    variables:",
        "x-tm-config is missing: name the setting of the base URL",
        at="  - url: https://",
    ),
    Case(
        "credential without a setting",
        "    MiniKey:\n      type: http\n      scheme: bearer\n      x-tm-config: mini_api_key\n",
        "    MiniKey: #!\n      type: http\n      scheme: bearer\n",
        "x-tm-config is missing: name the setting that holds the credential",
    ),
    Case(
        "other security",
        "    MiniKey:\n      type: http\n      scheme: bearer\n",
        "    MiniKey: #!\n      type: http\n      scheme: basic\n",
        "the security scheme must be of type http, scheme bearer",
    ),
    Case(
        "unknown security",
        "security: [{}, {MiniKey: []}]\n",
        "security: [{}, {OtherKey: []}] #!\n",
        "security names 'OtherKey', which is no security scheme: mend it",
    ),
    Case(
        "no package",
        "openapi: 3.1.0\nx-tm-package: mini\n",
        "openapi: 3.1.0 #!\n",
        "x-tm-package is missing at the top level: write a package name",
    ),
    Case(
        "no operations",
        MINI[MINI.index("security:\n") :],
        "paths: {} #!\ncomponents: {}\n",
        "paths holds no operation: write one",
    ),
    # ---- Vendor keys
    Case(
        "unknown vendor key",
        "x-tm-cli: billing list\n",
        "x-tm-command: billing list #!\n",
        "unknown vendor key 'x-tm-command': use one of x-tm-resource, x-tm-method",
    ),
    Case(
        "foreign vendor key",
        "  title: Mini API\n",
        "  title: Mini API\n  x-logo: a.png #!\n",
        "unknown vendor key 'x-logo': remove it",
    ),
    Case(
        "vendor key in the wrong place",
        "cents: {type: integer}",
        "cents: {type: integer, x-tm-method: list} #!",
        "x-tm-method means nothing in a schema: it belongs to operation",
    ),
    *(
        Case(f"bad {key}: {bad}", f"{key}: {good}\n", f"{key}: {bad} #!\n", f"{key} is ")
        for key, good, bad in [
            ("x-tm-package", "mini", "Mini"),
            ("x-tm-surface", "mini", "../mini"),
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
        "dangling $ref '#/components/schemas/Nobody': nothing stands there; mend the reference",
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
            "is malformed: write `#/components/<section>/<name>`",
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
        "$ref '#/components/responses/Error' does not lead into components/schemas: mend it",
    ),
    Case(
        "circular reference",
        "    ThingId:\n      type: string\n      description: A name for a string.\n",
        '    ThingId: {$ref: "#/components/schemas/OtherId"} #!\n'
        '    OtherId: {$ref: "#/components/schemas/ThingId"}\n',
        "circular $ref ThingId -> OtherId -> ThingId: let one of them say what it is",
    ),
    Case(
        "reference to itself",
        "    ThingId:\n      type: string\n      description: A name for a string.\n",
        '    ThingId: {$ref: "#/components/schemas/ThingId"} #!\n',
        "circular $ref ThingId -> ThingId: let one of them say what it is",
    ),
    Case(
        "type made of itself",
        "    ThingId:\n      type: string\n      description: A name for a string.\n",
        '    ThingId:\n      type: array\n      items: {$ref: "#/components/schemas/ThingId"} #!\n',
        "ThingId is made of nothing but itself: let it say what it is",
    ),
    Case(
        "unused component",
        "    ErrorBody:\n",
        "    Forgotten: {type: string} #!\n    ErrorBody:\n",
        "component 'Forgotten' is used by no operation: use it or remove it",
    ),
    Case(
        "components that use each other alone",
        "    ErrorBody:\n",
        "    Alone: #!\n      type: object\n      properties:\n"
        '        next: {$ref: "#/components/schemas/Alone"}\n    ErrorBody:\n',
        "component 'Alone' is used by no operation: use it or remove it",
    ),
    Case(
        "keyword beside a reference",
        'run: {$ref: "#/components/schemas/Run"}',
        'run: {$ref: "#/components/schemas/Run", type: object} #!',
        "a schema reference has no key 'type' that is read here: mend it or leave it out",
    ),
]
