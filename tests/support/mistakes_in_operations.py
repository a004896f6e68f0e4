"""What can be wrong in the operations of a spec, and in their parameters."""

from __future__ import annotations

from support.mistakes import Case, used

PAGED = "x-tm-pagination: {style: token, items: items}\n"
# Where the pages of a mistake are, when it is elsewhere that the mistake was made.
PAGED_HERE = "      x-tm-pagination"

CASES = [
    # ---- Lists
    Case(
        "pages that cannot be asked for",
        "        - name: pageToken\n",
        "        - name: token\n",
        "style token needs the query parameter 'pageToken': add it",
        at=PAGED_HERE,
    ),
    Case(
        "pages that do not say how to go on",
        "        nextPageToken: {type: string}\n",
        "        next: {type: string}\n",
        "style token needs the response field 'nextPageToken': add it",
        at=PAGED_HERE,
    ),
    Case(
        "pages whose token is no text",
        "        nextPageToken: {type: string}\n",
        "        nextPageToken: {type: integer}\n",
        "the response field 'nextPageToken' must be of type string: fix it",
        at=PAGED_HERE,
    ),
    Case(
        "pages without entries",
        PAGED,
        PAGED.replace("items: items}", "items: next_page_token} #!"),
        "items 'next_page_token' is not a list of named objects in the response: fix it",
    ),
    Case(
        "two lists for one iterator",
        "      x-tm-resource: billing.transactions\n      x-tm-method: list\n",
        "      x-tm-resource: things #!\n      x-tm-method: bills\n"
        f"      {PAGED.replace('items: items', 'items: transactions')}"
        "      parameters:\n        - {name: pageToken, in: query, schema: {type: string}}\n",
        "things has two paginated methods, but only one auto_paging_iter: move one to",
        also=(
            "    TransactionList:\n      type: object\n      properties:\n",
            "    TransactionList:\n      type: object\n      properties:\n"
            "        nextPageToken: {type: string}\n",
        ),
    ),
    # ---- Commands
    Case(
        "two options of one name",
        "        - name: pageToken\n          in: query\n",
        "        - name: pageToken\n          in: query\n          x-tm-option: page-size\n",
        "page_size and page_token both become the option --page-size: add x-tm-option to",
        at="    get:",
    ),
    Case(
        "another command that is none",
        "        - name: pageToken\n          in: query\n",
        "        - name: pageToken\n          in: query\n          x-tm-instead: no_such\n",
        "x-tm-instead of 'pageToken' names no_such, which is not an operation with a",
        at="    get:",
    ),
    Case(
        "another command in the place of nobody",
        "        - name: pageToken\n          in: query\n",
        "        - name: pageToken\n          in: query\n          x-tm-instead: get_thing\n",
        "x-tm-instead of 'pageToken' needs a parameter with x-tm-caller: add one or",
        at="    get:",
    ),
    Case(
        "another command that takes something else",
        "        - name: pageToken\n          in: query\n",
        "        - name: pageToken\n          in: query\n          x-tm-instead: delete_thing\n",
        "x-tm-instead of 'pageToken' names delete_thing, which has other arguments:",
        also=("        - name: active\n", "        - name: active\n          x-tm-caller: true\n"),
        at="    get:",
    ),
    # ---- Operations
    Case(
        "no operationId",
        "    get:\n      operationId: get_balance\n",
        "    get: #!\n",
        "operationId is missing: use lowercase words joined by underscores",
    ),
    *(
        Case(
            f"no {key.strip().partition(':')[0]}",
            f"    get:\n      operationId: get_balance\n{before}{key}",
            f"    get: #!\n      operationId: get_balance\n{before}",
            problem,
        )
        for before, key, problem in [
            (
                "",
                "      tags: [billing]\n",
                "0 tags: use exactly one, the folder of the generated module",
            ),
            (
                "      tags: [billing]\n",
                "      summary: Read the balance\n",
                "summary is missing: add the first line of the method's docstring",
            ),
            (
                "      tags: [billing]\n      summary: Read the balance\n",
                "      x-tm-resource: billing\n",
                "x-tm-resource is missing: add names joined by dots",
            ),
            (
                "      tags: [billing]\n      summary: Read the balance\n"
                "      x-tm-resource: billing\n",
                "      x-tm-method: get\n",
                "x-tm-method is missing: add a method name",
            ),
            (
                "      tags: [billing]\n      summary: Read the balance\n"
                "      x-tm-resource: billing\n      x-tm-method: get\n",
                "      x-tm-provenance: documented\n",
                "x-tm-provenance is missing: add documented, observed or inferred",
            ),
        ]
    ),
    Case(
        "blank summary",
        "summary: List things\n",
        'summary: " "\n',
        "summary is missing: add the first line of the method's docstring",
        at="    get:",
    ),
    Case(
        "two tags",
        "tags: [runs]\n",
        "tags: [runs, things] #!\n",
        "2 tags: use exactly one, the folder of the generated module",
    ),
    Case(
        "tag with a slash",
        "tags: [runs]",
        "tags: [a/b] #!",
        "invalid tag 'a/b': use lowercase words joined by underscores",
    ),
    Case(
        "operationId that is no name",
        "operationId: run_thing",
        "operationId: runThing #!",
        "invalid operationId 'runThing': use lowercase words joined by underscores",
    ),
    Case(
        "duplicate operationId",
        "operationId: get_balance",
        "operationId: get_thing #!",
        "duplicate operationId 'get_thing', also used by GET /v1/things/{thingId}:",
    ),
    Case(
        "duplicate method",
        "x-tm-method: run\n",
        "x-tm-method: get #!\n",
        "duplicate x-tm-method 'things.get', also used by GET /v1/things/{thingId}:",
    ),
    Case(
        "path with a space",
        "  /v1/billing/balance:\n",
        "  /v1/billing/the balance: #!\n",
        "unsupported characters in the path '/v1/billing/the balance': fix it",
    ),
    Case(
        "path that climbs",
        "  /v1/billing/balance:\n",
        "  /v1/../balance: #!\n",
        "unsupported characters in the path '/v1/../balance': fix it",
    ),
    Case(
        "parameters of a whole path",
        "  /v1/billing/balance:\n",
        "  /v1/billing/balance:\n    parameters: [] #!\n",
        "parameters is not supported: move them to the operations",
    ),
    Case(
        "callbacks",
        "      operationId: get_balance\n",
        "      operationId: get_balance\n      callbacks: {} #!\n",
        "callbacks is not supported: write a separate operation",
    ),
    Case(
        "no good answer",
        '        "204":\n          description: It is gone.\n',
        "",
        "no 2xx response: add the successful response",
        at="    delete:",
    ),
    Case(
        "two good answers",
        '        "204":\n          description: It is gone.\n',
        '        "204":\n          description: It is gone.\n'
        '        "202": {description: Soon.} #!\n',
        "more than one 2xx response (204, 202): remove all but one",
    ),
    Case(
        "no error answer",
        '        4XX: {$ref: "#/components/responses/Error"}\n',
        "",
        "no error response: reference the shared ones",
        at="    post:",
    ),
    Case(
        "answer that is no JSON",
        '        "204":\n          description: It is gone.\n',
        '        "204":\n          description: It is gone.\n'
        "          content: {text/plain: {schema: {type: string}}} #!\n",
        "unsupported media type 'text/plain': use application/json, or text/event-stream",
    ),
    Case(
        "answer that is a list",
        '              schema: {$ref: "#/components/schemas/Balance"}\n',
        '              schema: {type: array, items: {$ref: "#/components/schemas/Balance"}}\n',
        "a successful response must be a named object schema: move it to components",
        at='        "200":',
    ),
    Case(
        "stream that is not declared",
        "      x-tm-stream: ThingEvent\n",
        "",
        "unsupported media type 'text/event-stream': use application/json, or",
        at="          content:",
    ),
    Case(
        "stream of no schema",
        "x-tm-stream: ThingEvent",
        "x-tm-stream: ThingEvents #!",
        "x-tm-stream names an unknown schema 'ThingEvents': fix it",
    ),
    Case(
        "stream of another schema",
        "x-tm-stream: ThingEvent",
        "x-tm-stream: Run",
        "text/event-stream and x-tm-stream (Run) name different schemas: make them agree",
        at='        "200":',
    ),
    Case(
        "stream without its switch",
        "        stream: {type: boolean, default: false}\n",
        "        streams: {type: boolean}\n",
        "x-tm-stream needs a field `stream` of type boolean in the body: add it",
        at="      x-tm-stream: ThingEvent",
    ),
    Case(
        "inline body",
        'schema: {$ref: "#/components/schemas/ThingRequest"}',
        "schema: {type: object}",
        "unsupported request body: use application/json with a $ref to a named schema",
        at="      requestBody:",
    ),
    Case(
        "body in a form",
        'application/json:\n            schema: {$ref: "#/components/schemas/ThingRequest"}',
        'multipart/form-data:\n            schema: {$ref: "#/components/schemas/ThingRequest"}',
        "unsupported request body: use application/json with a $ref to a named schema",
        at="      requestBody:",
    ),
    Case(
        "body that is no object",
        'schema: {$ref: "#/components/schemas/ThingRequest"}',
        'schema: {$ref: "#/components/schemas/Shade"}',
        "Shade is not an object with properties: define it as one",
        also=used("ThingRequest"),
        at="      requestBody:",
    ),
    # ---- Parameters
    Case(
        "header without a setting",
        "        - name: X-Account\n          in: header\n          required: true\n"
        "          x-tm-config: mini_account\n",
        "        - name: X-Account #!\n          in: header\n          required: true\n",
        "header 'X-Account' has no x-tm-config: add the client setting to send",
    ),
    Case(
        "header that splits",
        "        - name: X-Account\n",
        '        - name: "X-Account: a\\r\\nX-Evil" #!\n',
        "invalid header name 'X-Account: a\\r\\nX-Evil': fix it",
    ),
    Case(
        "cookie",
        "        - name: active\n          in: query\n",
        "        - name: active #!\n          in: cookie\n",
        "cookie 'active' is not supported: remove it",
    ),
    Case(
        "parameter without a schema",
        "        - name: active\n          in: query\n          schema: {type: boolean}\n",
        "        - name: active #!\n          in: query\n",
        "schema is missing: add it to this parameter",
    ),
    Case(
        "parameter in a style",
        "        - name: active\n          in: query\n",
        "        - name: active\n          style: deepObject #!\n          in: query\n",
        "style is not supported: remove it, because lists in a query are repeated",
    ),
    Case(
        "object in a query",
        "        - name: active\n          in: query\n          schema: {type: boolean}\n",
        "        - name: active #!\n          in: query\n          schema: {type: object}\n",
        "query parameter 'active' cannot be sent in a URL: use a string, a number, a",
    ),
    Case(
        "path parameter that is not in the path",
        "  /v1/things/{thingId}:run:\n",
        "  /v1/things/run:\n",
        "path parameter 'thingId' is not in the path: fix one of them",
        at='        - {$ref: "#/components/parameters/ThingId"}',
    ),
    Case(
        "path parameter that is not declared",
        "  /v1/billing/balance:\n    get:\n",
        "  /v1/billing/{month}:\n    get:\n",
        "path parameter 'month' is not declared: add it to parameters",
        at="    get:",
    ),
    Case(
        "parameter that is there twice",
        '        - $ref: "#/components/parameters/Shade"\n',
        '        - $ref: "#/components/parameters/Shade"\n'
        "        - {name: active, in: query, schema: {type: boolean}} #!\n",
        "duplicate query parameter 'active': remove one",
    ),
    Case(
        "path parameter that is a list",
        "    ThingId:\n      name: thingId\n      in: path\n      required: true\n"
        "      description: Id of a thing.\n      schema: {type: string}\n",
        "    ThingId: #!\n      name: thingId\n      in: path\n      required: true\n"
        "      description: Id of a thing.\n      schema: {type: array, items: {type: string}}\n",
        "path parameter 'thingId' cannot be sent in a URL: use a string, a number, a",
    ),
    Case(
        "optional path parameter",
        "      in: path\n      required: true\n",
        "      in: path\n      required: false #!\n",
        "invalid OpenAPI 3.1: true was expected: fix it",
    ),
    Case(
        "argument of path and body",
        "        input:\n          anyOf:\n",
        "        thing_id: {type: string}\n        input:\n          anyOf:\n",
        "path 'thingId' and body 'thing_id' both become 'thing_id' in Python: rename one",
        at="    post:",
    ),
    Case(
        "argument of every call",
        "        - name: active\n",
        "        - name: extra_query\n",
        "'extra_query' is an argument of every method: rename it",
        at="    get:",
    ),
]
