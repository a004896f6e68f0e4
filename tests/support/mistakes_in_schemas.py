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
        "schema name 'error-text' is no class name: write words as in `UsageInfo`",
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
        "'cents' is no property that is a string, whose JSON json() could give: name one",
    ),
    Case(
        "property that takes the place of json()",
        "    Balance:\n      type: object\n",
        "    Balance:\n      type: object\n      x-tm-json-text: Json #!\n",
        "a property takes the name of the method json(): rename it",
        also=("cents: {type: integer}", "Json: {type: string}"),
    ),
    Case(
        "plain text that is shown once",
        "cents: {type: integer}",
        "cents: {type: string, x-tm-once: true} #!",
        "only a secret is shown once: write format: password, or remove it",
    ),
    Case(
        "inline object",
        "cents: {type: integer}",
        "cents: {type: object, properties: {a: {type: string}}} #!",
        "an object with properties must be a named schema: move it to components",
    ),
    Case(
        "inline enum",
        "cents: {type: integer}",
        "cents: {type: string, enum: [a]} #!",
        "an enum must be a named schema: move it to components",
    ),
    Case(
        "inline enum of a parameter",
        "          schema: {type: boolean}\n",
        "          schema: {type: string, enum: [a]} #!\n",
        "an enum must be a named schema: move it to components",
    ),
    Case(
        "union without a discriminator",
        'owner: {$ref: "#/components/schemas/Owner"}\n        parts:\n',
        'owner: {oneOf: [{$ref: "#/components/schemas/Owner"},'
        ' {$ref: "#/components/schemas/Note"}]} #!\n        parts:\n',
        "cannot tell Owner, Note apart: make them a named schema with oneOf and a discriminator",
    ),
    Case(
        "object beside a map",
        'best: {$ref: "#/components/schemas/Thing"}',
        'best: {anyOf: [{$ref: "#/components/schemas/Thing"}, {type: object}]} #!',
        "cannot tell Thing, map apart: make them a named schema with oneOf and a discriminator",
    ),
    Case(
        "text beside a time",
        '            - {type: integer}\n            - {type: "null"}\n',
        '            - {type: string}\n            - {type: "null"}\n',
        "cannot tell datetime, string apart",
        at="        when:",
    ),
    Case(
        "discriminator without a mapping",
        "        propertyName: type\n        mapping:\n"
        '          wheel: "#/components/schemas/Wheel"\n'
        '          box: "#/components/schemas/Box"\n',
        "        propertyName: type\n",
        "mapping and oneOf must name the same schemas: let them agree",
        at="      discriminator:",
    ),
    Case(
        "mapping that leaves a member out",
        '          box: "#/components/schemas/Box"\n',
        "",
        "mapping and oneOf must name the same schemas: let them agree",
        at="      discriminator:",
    ),
    Case(
        "mapping that contradicts a member",
        '          box: "#/components/schemas/Box"\n',
        '          crate: "#/components/schemas/Box" #!\n',
        "Box.type is 'box', not 'crate': let them agree",
    ),
    Case(
        "member without the discriminator",
        "      required: [type]\n      properties:\n"
        "        type: {type: string, const: run.started}\n",
        "      properties:\n        kind: {type: string, const: run.started}\n",
        "RunStarted has no property 'type', which tells the members apart: add it",
        also=(
            '          run.started: "#/components/schemas/RunStarted"\n',
            '          run.started: "#/components/schemas/RunStarted" #!\n',
        ),
    ),
    Case(
        "member that is no object",
        '          run.started: "#/components/schemas/RunStarted"\n',
        '          run.started: "#/components/schemas/ThingId" #!\n',
        "ThingId is no object with properties: let it be one",
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
            f"{key} is not supported here: {instead}",
        )
        for key, value, instead in [
            ("allOf", "[]", "write the properties out"),
            ("not", "{}", "describe the rule in words"),
            ("if", "{}", "describe the rule in words"),
            ("patternProperties", "{}", "use additionalProperties"),
            ("prefixItems", "[]", "use items"),
            ("unevaluatedProperties", "false", "use additionalProperties"),
            ("nullable", "true", "OpenAPI 3.1 writes `type: [..., 'null']`"),
            ("$defs", "{}", "move it to components"),
        ]
    ),
    Case(
        "both anyOf and a type",
        "        stop:\n",
        "        stop:\n          type: string #!\n",
        "type beside anyOf would be left out: remove one",
    ),
    Case(
        "properties without a type",
        "    Note:\n      type: object\n      required: [text]\n      properties:\n",
        "    Note:\n      required: [text]\n      properties: #!\n",
        "properties needs `type: object` beside it: add it",
    ),
    Case(
        "object that can be null",
        "    Note:\n      type: object\n",
        '    Note:\n      type: [object, "null"] #!\n',
        "a named object cannot be null: write that where it is referred to",
    ),
    Case(
        "typed fields beside properties",
        "    Note:\n      type: object\n",
        "    Note:\n      type: object\n      additionalProperties: {type: string} #!\n",
        "unknown fields are kept as they are: write true, or leave it out",
    ),
    Case(
        "required field that is none",
        "      required: [text]\n",
        "      required: [text, size] #!\n",
        "required names 'size', which is no property: mend it",
    ),
    Case(
        "empty enum", 'enum: [light, dark, "2-tone"]', "enum: [] #!", "at least one member: write"
    ),
    Case(
        "array of nothing said",
        "cents: {type: integer}",
        "cents: {type: array} #!",
        "an array needs items: say what it holds, or write `items: {}`",
    ),
    Case(
        "title",
        "cents: {type: integer}",
        "cents: {type: integer, title: Cents} #!",
        "title is not supported here: a schema is known by its name, so use the description",
    ),
    Case(
        "null alone", "cents: {type: integer}", 'cents: {type: "null"} #!', "null alone is no type"
    ),
    Case(
        "constant object",
        "cents: {type: integer}",
        "cents: {const: {a: 1}} #!",
        "const must be text, a number, true or false: describe it in words",
    ),
    # ---- Names
    Case(
        "fields with one name in Python",
        "        cents: {type: integer}\n",
        "        cents: {type: integer}\n        Cents: {type: integer} #!\n",
        "'Cents' and 'cents' are both 'cents' in Python: rename one",
    ),
    Case(
        "enum of mixed types",
        'enum: [light, dark, "2-tone"]',
        "enum: [light, 2] #!",
        "member 2 is no string: write strings",
    ),
    Case(
        "enum of numbers",
        "      type: string\n      description: How dark a thing is.\n"
        '      enum: [light, dark, "2-tone"]',
        "      type: integer\n      description: How dark a thing is.\n      enum: [1, 2] #!",
        "an enum is of strings, and needs `type: string` beside it",
    ),
    Case(
        "members with one name in Python",
        'enum: [light, dark, "2-tone"]',
        "enum: [light, dark, Light] #!",
        "'light' and 'Light' are both LIGHT in Python: leave one out, and describe it in words",
    ),
    Case(
        "schemas with one module",
        "    Note:\n",
        "    RUNDone: {type: object, properties: {a: {type: string}}}\n    Note:\n",
        "RUNDone and RunDone are both models/run_done.py: rename one",
        also=used("RUNDone"),
        at="    RunDone:",
    ),
    Case(
        "schema with a name of Python",
        "    Note:\n",
        "    Warning: {type: object, properties: {a: {type: string}}} #!\n    Note:\n",
        "Warning is a name of Python itself: rename the schema",
        also=used("Warning"),
    ),
    Case(
        "schema with a name of ours",
        "    Note:\n",
        "    BaseModel: {type: object, properties: {a: {type: string}}} #!\n    Note:\n",
        "generated code needs the name BaseModel for itself: rename the schema",
        also=used("BaseModel"),
    ),
    Case(
        "schema with the name of arguments",
        "    Note:\n",
        "    GetThingParams: {type: object, properties: {a: {type: string}}}\n    Note:\n",
        "its arguments would be GetThingParams, as the schema GetThingParams: rename one",
        also=used("GetThingParams"),
        at="      operationId: get_thing",
    ),
    Case(
        "method with a name of ours",
        "x-tm-method: run\n",
        "x-tm-method: with_raw_response #!\n",
        "generated code needs the name 'with_raw_response' for itself: rename it",
    ),
    Case(
        "namespace that hides the requests of a host",
        "x-tm-resource: billing\n",
        "x-tm-resource: request #!\n",
        "generated code needs the name 'request' for itself: rename it",
    ),
    Case(
        "method that hides a type",
        "x-tm-method: run\n",
        "x-tm-method: dict #!\n",
        "generated code needs the name 'dict' for itself: rename it",
    ),
    Case(
        "method beside a namespace of its name",
        "      x-tm-resource: billing\n      x-tm-method: get\n",
        "      x-tm-resource: billing\n      x-tm-method: transactions\n",
        "'transactions' is taken in billing: rename the namespace",
        at="      x-tm-resource: billing.transactions",
    ),
    Case(
        "namespace with the name of its package",
        "x-tm-resource: billing\n",
        "x-tm-resource: mini #!\n",
        "mini would be class MiniWithRawResponse, as the namespaces of mini: rename one",
    ),
    Case(
        "namespace with a name of ours",
        "x-tm-resource: billing\n",
        "x-tm-resource: sync #!\n",
        "sync would be class SyncResource, as a class of the generated code: rename one",
    ),
    Case(
        "namespace with the name of its answer",
        "x-tm-resource: billing\n",
        "x-tm-resource: billing #!\n",
        "billing would be class BillingResource, as the schema BillingResource: rename one",
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
        "billing.transactions would be class BillingTransactionsResource, as billing_transactions:",
        at="      x-tm-resource: billing.transactions",
    ),
    # ---- What OpenAPI forbids, and what openapi-python-client would leave out
    Case(
        "default that does not fit",
        "cents: {type: integer}",
        "cents: {type: integer, default: many} #!",
        "not valid OpenAPI 3.1: 'many' is not of type 'integer': mend it",
    ),
    Case(
        "default in a list that does not fit",
        "cents: {type: integer}",
        "cents: {type: array, items: {type: string}, default: [1]} #!",
        "not valid OpenAPI 3.1: 1 is not of type 'string': mend it",
    ),
    Case(
        "status that is none",
        "4XX: {$ref",
        "4XY: {$ref",
        "not valid OpenAPI 3.1: Unevaluated properties are not allowed ('4XY' was unexpected)",
        at="      responses:",
    ),
    Case(
        "error answer in XML",
        '4XX: {$ref: "#/components/responses/Error"}',
        "4XX: {description: No., content: {application/xml: {schema: {type: string}}}}",
        "the parser drops this, so change it: WARNING parsing POST /v1/things within things."
        " Cannot parse response for status code ... (Unsupported content_type application/xml)",
        at="    post:",
    ),
]
