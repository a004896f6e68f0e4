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
        "style token needs a query parameter 'pageToken': declare it",
        at=PAGED_HERE,
    ),
    Case(
        "pages that do not say how to go on",
        "        nextPageToken: {type: string}\n",
        "        next: {type: string}\n",
        "style token needs 'nextPageToken' in the answer: declare it",
        at=PAGED_HERE,
    ),
    Case(
        "pages whose token is no text",
        "        nextPageToken: {type: string}\n",
        "        nextPageToken: {type: integer}\n",
        "'nextPageToken' of the answer must be of type string: mend it",
        at=PAGED_HERE,
    ),
    Case(
        "pages without entries",
        PAGED,
        PAGED.replace("items: items}", "items: next_page_token} #!"),
        "items 'next_page_token' is no list of named objects in the answer: mend it",
    ),
    Case(
        "two lists for one iterator",
        "      x-tm-resource: billing.transactions\n      x-tm-method: list\n",
        "      x-tm-resource: things #!\n      x-tm-method: bills\n"
        f"      {PAGED.replace('items: items', 'items: transactions')}"
        "      parameters:\n        - {name: pageToken, in: query, schema: {type: string}}\n",
        "things has two methods that give pages, for one auto_paging_iter",
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
        "page_size and page_token are both the option --page-size of its command",
        at="    get:",
    ),
    Case(
        "another command that is none",
        "        - name: pageToken\n          in: query\n",
        "        - name: pageToken\n          in: query\n          x-tm-instead: no_such\n",
        "x-tm-instead of 'pageToken' names no_such, which is no operation with a command: mend it",
        at="    get:",
    ),
    Case(
        "another command in the place of nobody",
        "        - name: pageToken\n          in: query\n",
        "        - name: pageToken\n          in: query\n          x-tm-instead: get_thing\n",
        "x-tm-instead of 'pageToken' stands for no caller: mark a parameter by x-tm-caller",
        at="    get:",
    ),
    Case(
        "another command that takes something else",
        "        - name: pageToken\n          in: query\n",
        "        - name: pageToken\n          in: query\n          x-tm-instead: delete_thing\n",
        "names delete_thing, which does not take the same: thing_id, label,",
        also=("        - name: active\n", "        - name: active\n          x-tm-caller: true\n"),
        at="    get:",
    ),
    # ---- Operations
    Case(
        "no operationId",
        "    get:\n      operationId: get_balance\n",
        "    get: #!\n",
        "operationId is missing: write lower-case words joined by underscores",
    ),
    *(
        Case(
            f"no {key.strip().partition(':')[0]}",
            f"    get:\n      operationId: get_balance\n{before}{key}",
            f"    get: #!\n      operationId: get_balance\n{before}",
            problem,
        )
        for before, key, problem in [
            ("", "      tags: [billing]\n", "tags must hold exactly one tag: it is the folder"),
            (
                "      tags: [billing]\n",
                "      summary: Read the balance\n",
                "summary is missing: it is the first line of the method's docstring",
            ),
            (
                "      tags: [billing]\n      summary: Read the balance\n",
                "      x-tm-resource: billing\n",
                "x-tm-resource is missing: write names joined by dots",
            ),
            (
                "      tags: [billing]\n      summary: Read the balance\n"
                "      x-tm-resource: billing\n",
                "      x-tm-method: get\n",
                "x-tm-method is missing: write a method name",
            ),
            (
                "      tags: [billing]\n      summary: Read the balance\n"
                "      x-tm-resource: billing\n      x-tm-method: get\n",
                "      x-tm-provenance: documented\n",
                "x-tm-provenance is missing: write documented, observed or inferred",
            ),
        ]
    ),
    Case(
        "blank summary",
        "summary: List things\n",
        'summary: " "\n',
        "summary is missing: it is",
        at="    get:",
    ),
    Case(
        "two tags",
        "tags: [runs]\n",
        "tags: [runs, things] #!\n",
        "tags must hold exactly one tag: it is the folder of the endpoint module",
    ),
    Case("tag with a slash", "tags: [runs]", "tags: [a/b] #!", "tag 'a/b': write lower-case"),
    Case(
        "operationId that is no name",
        "operationId: run_thing",
        "operationId: runThing #!",
        "operationId 'runThing': write lower-case words joined by underscores",
    ),
    Case(
        "duplicate operationId",
        "operationId: get_balance",
        "operationId: get_thing #!",
        "duplicate operationId 'get_thing', also of GET /v1/things/{thingId}: give one",
    ),
    Case(
        "duplicate method",
        "x-tm-method: run\n",
        "x-tm-method: get #!\n",
        "things.get is also the public method of GET /v1/things/{thingId}: rename one",
    ),
    Case(
        "path with a space",
        "  /v1/billing/balance:\n",
        "  /v1/billing/the balance: #!\n",
        "path '/v1/billing/the balance' has characters that a path of ours never has: mend it",
    ),
    Case(
        "path that climbs",
        "  /v1/billing/balance:\n",
        "  /v1/../balance: #!\n",
        "has characters that a path of ours never has: mend it",
    ),
    Case(
        "parameters of a whole path",
        "  /v1/billing/balance:\n",
        "  /v1/billing/balance:\n    parameters: [] #!\n",
        "parameters is not supported here: put them into the operations",
    ),
    Case(
        "callbacks",
        "      operationId: get_balance\n",
        "      operationId: get_balance\n      callbacks: {} #!\n",
        "callbacks is not supported here: write an operation of its own",
    ),
    Case(
        "no good answer",
        '        "204":\n          description: It is gone.\n',
        "",
        "no 2xx response is declared: say what a good answer is",
        at="    delete:",
    ),
    Case(
        "two good answers",
        '        "204":\n          description: It is gone.\n',
        '        "204":\n          description: It is gone.\n'
        '        "202": {description: Soon.} #!\n',
        "202 beside 204: an operation has one good answer, remove one",
    ),
    Case(
        "no error answer",
        '        4XX: {$ref: "#/components/responses/Error"}\n',
        "",
        "no error response is declared: refer to the shared ones",
        at="    post:",
    ),
    Case(
        "answer that is no JSON",
        '        "204":\n          description: It is gone.\n',
        '        "204":\n          description: It is gone.\n'
        "          content: {text/plain: {schema: {type: string}}} #!\n",
        "'text/plain' is not read: write application/json",
    ),
    Case(
        "answer that is a list",
        '              schema: {$ref: "#/components/schemas/Balance"}\n',
        '              schema: {type: array, items: {$ref: "#/components/schemas/Balance"}}\n',
        "a good answer must be a named object schema: let it be one",
        at='        "200":',
    ),
    Case(
        "stream that is not declared",
        "      x-tm-stream: ThingEvent\n",
        "",
        "'text/event-stream' is not read: write application/json",
        at="          content:",
    ),
    Case(
        "stream of no schema",
        "x-tm-stream: ThingEvent",
        "x-tm-stream: ThingEvents #!",
        "x-tm-stream names 'ThingEvents', which is no schema: mend it",
    ),
    Case(
        "stream of another schema",
        "x-tm-stream: ThingEvent",
        "x-tm-stream: Run",
        "text/event-stream must refer to Run, as x-tm-stream says: let them agree",
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
        "a request body must be a $ref to a named schema, as application/json: change it",
        at="      requestBody:",
    ),
    Case(
        "body in a form",
        'application/json:\n            schema: {$ref: "#/components/schemas/ThingRequest"}',
        'multipart/form-data:\n            schema: {$ref: "#/components/schemas/ThingRequest"}',
        "a request body must be a $ref to a named schema, as application/json: change it",
        at="      requestBody:",
    ),
    Case(
        "body that is no object",
        'schema: {$ref: "#/components/schemas/ThingRequest"}',
        'schema: {$ref: "#/components/schemas/Shade"}',
        "Shade must be an object with properties: mend it",
        also=used("ThingRequest"),
        at="      requestBody:",
    ),
    # ---- Parameters
    Case(
        "header without a setting",
        "        - name: X-Account\n          in: header\n          required: true\n"
        "          x-tm-config: mini_account\n",
        "        - name: X-Account #!\n          in: header\n          required: true\n",
        "header 'X-Account' needs x-tm-config: headers come from the client",
    ),
    Case(
        "header that splits",
        "        - name: X-Account\n",
        '        - name: "X-Account: a\\r\\nX-Evil" #!\n',
        "is not a token of HTTP: mend it",
    ),
    Case(
        "cookie",
        "        - name: active\n          in: query\n",
        "        - name: active #!\n          in: cookie\n",
        "cookie 'active': this client sends no cookies, remove it",
    ),
    Case(
        "parameter without a schema",
        "        - name: active\n          in: query\n          schema: {type: boolean}\n",
        "        - name: active #!\n          in: query\n",
        "schema is missing: a parameter needs it",
    ),
    Case(
        "parameter in a style",
        "        - name: active\n          in: query\n",
        "        - name: active\n          style: deepObject #!\n          in: query\n",
        "style is not supported here: leave it out: lists are repeated in a query",
    ),
    Case(
        "object in a query",
        "        - name: active\n          in: query\n          schema: {type: boolean}\n",
        "        - name: active #!\n          in: query\n          schema: {type: object}\n",
        "query parameter 'active': let it be text, a number, a boolean or, in a query, a list",
    ),
    Case(
        "path parameter that is not in the path",
        "  /v1/things/{thingId}:run:\n",
        "  /v1/things/run:\n",
        "path parameter 'thingId' is not in the path: mend one of the two",
        at='        - {$ref: "#/components/parameters/ThingId"}',
    ),
    Case(
        "path parameter that is not declared",
        "  /v1/billing/balance:\n    get:\n",
        "  /v1/billing/{month}:\n    get:\n",
        "the path has {month}, but no parameter says what that is: declare it",
        at="    get:",
    ),
    Case(
        "parameter that is there twice",
        '        - $ref: "#/components/parameters/Shade"\n',
        '        - $ref: "#/components/parameters/Shade"\n'
        "        - {name: active, in: query, schema: {type: boolean}} #!\n",
        "query parameter 'active' is there twice: remove one",
    ),
    Case(
        "path parameter that is a list",
        "    ThingId:\n      name: thingId\n      in: path\n      required: true\n"
        "      description: Id of a thing.\n      schema: {type: string}\n",
        "    ThingId: #!\n      name: thingId\n      in: path\n      required: true\n"
        "      description: Id of a thing.\n      schema: {type: array, items: {type: string}}\n",
        "path parameter 'thingId': let it be text, a number, a boolean",
    ),
    Case(
        "optional path parameter",
        "      in: path\n      required: true\n",
        "      in: path\n      required: false #!\n",
        "not valid OpenAPI 3.1: true was expected: mend it",
    ),
    Case(
        "argument of path and body",
        "        input:\n          anyOf:\n",
        "        thing_id: {type: string}\n        input:\n          anyOf:\n",
        "path 'thingId' and body 'thing_id' are both 'thing_id' in Python: rename one",
        at="    post:",
    ),
    Case(
        "argument of every call",
        "        - name: active\n",
        "        - name: extra_query\n",
        "argument 'extra_query' is an option of every call: rename it",
        at="    get:",
    ),
]
