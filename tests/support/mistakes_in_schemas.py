"""What can be wrong in the schemas of a spec, and in names."""

from __future__ import annotations

from support.mistakes import Case, used

CASES = [
    # ---- Schemas
    Case(
        "schema name that is no class name",
        "    ErrorBody:\n      type: object\n      properties:\n        message: {type: string}\n",
        "    ErrorBody:\n      type: object\n      properties:\n"
        '        message: {$ref: "#/components/schemas/error-text"}\n'
        "    error-text: {type: string} #!\n",
        "schema name 'error-text' is not a class name: use CamelCase, as in UsageInfo",
    ),
    Case(
        "money without billionths",
        "      x-tm-money: true\n",
        "      x-tm-money: true #!\n",
        "an amount of money needs currencyCode, units",
        also=("        nanos: {type: integer, default: 0}\n", ""),
    ),
    Case(
        "text of JSON that is no text",
        "    Balance:\n      type: object\n",
        "    Balance:\n      type: object\n      x-tm-json-text: cents #!\n",
        "'cents' is not a property of type string: name one",
    ),
    Case(
        "property that takes the place of json()",
        "    Balance:\n      type: object\n",
        "    Balance:\n      type: object\n      x-tm-json-text: Json #!\n",
        "a property has the name of the method json(): rename it",
        also=("cents: {type: integer}", "Json: {type: string}"),
    ),
    Case(
        "plain text that is shown once",
        "cents: {type: integer}",
        "cents: {type: string, x-tm-once: true} #!",
        "x-tm-once without format: password: add the format or remove the key",
    ),
    Case(
        "inline object",
        "cents: {type: integer}",
        "cents: {type: object, properties: {a: {type: string}}} #!",
        "inline object with properties: move it to components",
    ),
    Case(
        "inline enum",
        "cents: {type: integer}",
        "cents: {type: string, enum: [a]} #!",
        "inline enum: move it to components",
    ),
    Case(
        "inline enum of a parameter",
        "          schema: {type: boolean}\n",
        "          schema: {type: string, enum: [a]} #!\n",
        "inline enum: move it to components",
    ),
    Case(
        "union without a discriminator",
        'owner: {$ref: "#/components/schemas/Owner"}\n        parts:\n',
        'owner: {oneOf: [{$ref: "#/components/schemas/Owner"},'
        ' {$ref: "#/components/schemas/Note"}]} #!\n        parts:\n',
        "ambiguous members Owner, Note: use a named schema with oneOf and a discriminator",
    ),
    Case(
        "object beside a map",
        'best: {$ref: "#/components/schemas/Thing"}',
        'best: {anyOf: [{$ref: "#/components/schemas/Thing"}, {type: object}]} #!',
        "ambiguous members Thing, map: use a named schema with oneOf and a discriminator",
    ),
    Case(
        "text beside a time",
        '            - {type: integer}\n            - {type: "null"}\n',
        '            - {type: string}\n            - {type: "null"}\n',
        "ambiguous members datetime, string: use a named schema with oneOf and a",
        at="        when:",
    ),
    Case(
        "discriminator without a mapping",
        "        propertyName: type\n        mapping:\n"
        '          wheel: "#/components/schemas/Wheel"\n'
        '          box: "#/components/schemas/Box"\n',
        "        propertyName: type\n",
        "mapping and oneOf name different schemas: make them agree",
        at="      discriminator:",
    ),
    Case(
        "mapping that leaves a member out",
        '          box: "#/components/schemas/Box"\n',
        "",
        "mapping and oneOf name different schemas: make them agree",
        at="      discriminator:",
    ),
    Case(
        "mapping that contradicts a member",
        '          box: "#/components/schemas/Box"\n',
        '          crate: "#/components/schemas/Box" #!\n',
        "Box.type is 'box', not 'crate': make them agree",
    ),
    Case(
        "member without the discriminator",
        "      required: [type]\n      properties:\n"
        "        type: {type: string, const: run.started}\n",
        "      properties:\n        kind: {type: string, const: run.started}\n",
        "RunStarted has no property 'type', the discriminator: add it",
        also=(
            '          run.started: "#/components/schemas/RunStarted"\n',
            '          run.started: "#/components/schemas/RunStarted" #!\n',
        ),
    ),
    Case(
        "member that is no object",
        '          run.started: "#/components/schemas/RunStarted"\n',
        '          run.started: "#/components/schemas/ThingId" #!\n',
        "ThingId is not an object with properties: define it as one",
        also=(
            '        - {$ref: "#/components/schemas/RunStarted"}\n',
            '        - {$ref: "#/components/schemas/ThingId"}\n',
        ),
        then=used("RunStarted"),
    ),
    *(
        Case(
            f"unsupported {key}",
            "cents: {type: integer}",
            f"cents: {{type: integer, {key}: {value}}} #!",
            f"{key} is not supported: {instead}",
        )
        for key, value, instead in [
            ("allOf", "[]", "list all properties"),
            ("not", "{}", "describe the rule in words"),
            ("if", "{}", "describe the rule in words"),
            ("patternProperties", "{}", "use additionalProperties"),
            ("prefixItems", "[]", "use items"),
            ("unevaluatedProperties", "false", "use additionalProperties"),
            ("nullable", "true", "write `type: [..., 'null']`"),
            ("$defs", "{}", "move it to components"),
        ]
    ),
    Case(
        "both anyOf and a type",
        "        stop:\n",
        "        stop:\n          type: string #!\n",
        "type is ignored next to anyOf: remove one",
    ),
    Case(
        "properties without a type",
        "    Note:\n      type: object\n      required: [text]\n      properties:\n",
        "    Note:\n      required: [text]\n      properties: #!\n",
        "properties without `type: object`: add the type",
    ),
    Case(
        "object that can be null",
        "    Note:\n      type: object\n",
        '    Note:\n      type: [object, "null"] #!\n',
        "a named object cannot be null: allow null where it is used",
    ),
    Case(
        "typed fields beside properties",
        "    Note:\n      type: object\n",
        "    Note:\n      type: object\n      additionalProperties: {type: string} #!\n",
        "unknown fields cannot have a schema: use true or remove it",
    ),
    Case(
        "required field that is none",
        "      required: [text]\n",
        "      required: [text, size] #!\n",
        "required names an unknown property 'size': fix it",
    ),
    Case(
        "empty enum",
        'enum: [light, dark, "2-tone"]',
        "enum: [] #!",
        "empty enum: add members or remove it",
    ),
    Case(
        "array of nothing said",
        "cents: {type: integer}",
        "cents: {type: array} #!",
        "array without items: add them, or write `items: {}`",
    ),
    Case(
        "title",
        "cents: {type: integer}",
        "cents: {type: integer, title: Cents} #!",
        "title is not supported: use the description",
    ),
    Case(
        "null alone",
        "cents: {type: integer}",
        'cents: {type: "null"} #!',
        "null is the only allowed value: add another type",
    ),
    Case(
        "constant object",
        "cents: {type: integer}",
        "cents: {const: {a: 1}} #!",
        "const must be a string, a number or a boolean: describe other values in words",
    ),
    # ---- Names
    Case(
        "fields with one name in Python",
        "        cents: {type: integer}\n",
        "        cents: {type: integer}\n        Cents: {type: integer} #!\n",
        "'Cents' and 'cents' both become 'cents' in Python: rename one",
    ),
    Case(
        "enum of mixed types",
        'enum: [light, dark, "2-tone"]',
        "enum: [light, 2] #!",
        "member 2 is not a string: use strings",
    ),
    Case(
        "enum of numbers",
        "      type: string\n      description: How dark a thing is.\n"
        '      enum: [light, dark, "2-tone"]',
        "      type: integer\n      description: How dark a thing is.\n      enum: [1, 2] #!",
        "enum without `type: string`: add the type",
    ),
    Case(
        "members with one name in Python",
        'enum: [light, dark, "2-tone"]',
        "enum: [light, dark, Light] #!",
        "'light' and 'Light' both become LIGHT in Python: remove one and describe it in",
    ),
    Case(
        "schemas with one module",
        "    Note:\n",
        "    RUNDone: {type: object, properties: {a: {type: string}}}\n    Note:\n",
        "RUNDone and RunDone both become models/run_done.py: rename one",
        also=used("RUNDone"),
        at="    RunDone:",
    ),
    Case(
        "schema with a name of Python",
        "    Note:\n",
        "    Warning: {type: object, properties: {a: {type: string}}} #!\n    Note:\n",
        "Warning is a Python builtin: rename the schema",
        also=used("Warning"),
    ),
    Case(
        "schema with a name of ours",
        "    Note:\n",
        "    BaseModel: {type: object, properties: {a: {type: string}}} #!\n    Note:\n",
        "BaseModel is used by generated code: rename the schema",
        also=used("BaseModel"),
    ),
    Case(
        "schema with the name of arguments",
        "    Note:\n",
        "    GetThingParams: {type: object, properties: {a: {type: string}}}\n    Note:\n",
        "get_thing needs the class name GetThingParams, which the schema GetThingParams",
        also=used("GetThingParams"),
        at="      operationId: get_thing",
    ),
    Case(
        "method with a name of ours",
        "x-tm-method: run\n",
        "x-tm-method: with_raw_response #!\n",
        "'with_raw_response' is used by generated code: rename the method",
    ),
    Case(
        "namespace that hides the requests of a host",
        "x-tm-resource: billing\n",
        "x-tm-resource: request #!\n",
        "'request' is used by generated code: rename the namespace",
    ),
    Case(
        "method that hides a type",
        "x-tm-method: run\n",
        "x-tm-method: dict #!\n",
        "'dict' is used by generated code: rename the method",
    ),
    Case(
        "method beside a namespace of its name",
        "      x-tm-resource: billing\n      x-tm-method: get\n",
        "      x-tm-resource: billing\n      x-tm-method: transactions\n",
        "'transactions' is already in use in billing: rename the namespace",
        at="      x-tm-resource: billing.transactions",
    ),
    Case(
        "namespace with the name of its package",
        "x-tm-resource: billing\n",
        "x-tm-resource: mini #!\n",
        "mini needs the class name MiniWithRawResponse, which the package mini uses:",
    ),
    Case(
        "namespace with a name of ours",
        "x-tm-resource: billing\n",
        "x-tm-resource: sync #!\n",
        "sync needs the class name SyncResource, which generated code uses: rename one",
    ),
    Case(
        "namespace with the name of its answer",
        "x-tm-resource: billing\n",
        "x-tm-resource: billing #!\n",
        "billing needs the class name BillingResource, which the schema BillingResource",
        also=(
            '{$ref: "#/components/schemas/Balance"}',
            '{$ref: "#/components/schemas/BillingResource"}',
        ),
        then=("    Balance:\n", "    BillingResource:\n"),
    ),
    Case(
        "namespaces with one class",
        "x-tm-resource: billing\n",
        "x-tm-resource: billing_transactions\n",
        "billing.transactions needs the class name BillingTransactionsResource, which",
        at="      x-tm-resource: billing.transactions",
    ),
    # ---- What OpenAPI forbids, and what openapi-python-client would leave out
    Case(
        "default that does not fit",
        "cents: {type: integer}",
        "cents: {type: integer, default: many} #!",
        "invalid OpenAPI 3.1: 'many' is not of type 'integer': fix it",
    ),
    Case(
        "default in a list that does not fit",
        "cents: {type: integer}",
        "cents: {type: array, items: {type: string}, default: [1]} #!",
        "invalid OpenAPI 3.1: 1 is not of type 'string': fix it",
    ),
    Case(
        "status that is none",
        "4XX: {$ref",
        "4XY: {$ref",
        "invalid OpenAPI 3.1: Unevaluated properties are not allowed ('4XY' was",
        at="      responses:",
    ),
    Case(
        "error answer in XML",
        '4XX: {$ref: "#/components/responses/Error"}',
        "4XX: {description: No., content: {application/xml: {schema: {type: string}}}}",
        "the parser drops this (WARNING parsing POST /v1/things within things."
        " Cannot parse response for status code ... (Unsupported content_type application/xml)",
        at="    post:",
    ),
]
