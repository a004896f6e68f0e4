"""Every rule of the comparison, with its severity in each direction and the reason.

In a *request* the client writes and the server reads; in a *response* the server writes and the
client reads. Many changes are harmless in one direction and breaking in the other. Rule names are
stable: scripts may depend on them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """Severity of a change, most severe first."""

    BREAKING = "breaking"
    COMPATIBLE = "compatible"
    DOCUMENTATION = "documentation"


class Direction(StrEnum):
    """The message that carries a value."""

    REQUEST = "request"
    RESPONSE = "response"


class Verdict(NamedTuple):
    """A severity and the reason for it, one sentence."""

    severity: Severity
    reason: str


class Rule(NamedTuple):
    """One kind of change, with its verdict in each direction."""

    request: Verdict
    response: Verdict

    def verdict(self, direction: Direction) -> Verdict:
        """Return the verdict for a change in this direction."""
        return self.request if direction is Direction.REQUEST else self.response


_B, _C, _D = Severity.BREAKING, Severity.COMPATIBLE, Severity.DOCUMENTATION
_ACCEPTED = (_C, "The server accepts everything it accepted before.")
_REJECTED = (_B, "The server may reject requests it accepted before.")
_EXPECTED = (_C, "Responses still match what clients and typed code expect.")
_SURPRISE = (_B, "Clients and typed code do not expect the new values.")
_TYPE = (_B, "The Python type of the value changes.")
_SAME_TYPE = (_C, "The Python type of the value stays the same.")
_REQUIRED = (_B, "The server rejects requests without it.")
_KEPT = (_C, "Clients keep fields they do not know.")
_ARGUMENT_GONE = (_B, "The Python argument is gone, and the server ignores its value.")
_FIELD_GONE = (_B, "Code that reads the field no longer finds it.")
_SERVER_SENDS = (_C, "The type stays the same; the server sets the value.")

RULES: dict[str, Rule] = {}
"""Every rule by name."""


def _add(
    names: str, request: tuple[Severity, str], response: tuple[Severity, str] | None = None
) -> None:
    for name in names.split():
        RULES[name] = Rule(Verdict(*request), Verdict(*(response or request)))


# Hosts and operations
_add("document-added", (_C, "Adds a host; existing ones stay the same."))
_add("document-removed", (_B, "Removes every operation of the host."))
_add("operation-added", (_C, "Adds an operation; existing ones stay the same."))
_add("operation-removed", (_B, "Calls to the operation fail, and its Python method is gone."))
_add("operation-moved", (_B, "Released clients call the old path."))
_add(
    "document-keyword-changed operation-keyword-changed request-body-keyword-changed"
    " response-keyword-changed schema-keyword-changed",
    (_B, "No rule covers this keyword, so it counts as breaking: review it by hand."),
)
_add(
    "operation-id-changed x-tm-resource-changed x-tm-method-changed",
    (_B, "Python code that uses the old name fails."),
)
_add("tag-changed", (_B, "The generated module moves, so imports of it fail."))
_add("x-tm-resource-added x-tm-method-added", (_C, "Adds a public Python method."))
_add("x-tm-resource-removed x-tm-method-removed", (_B, "The public Python method is gone."))
_add("x-tm-pagination-changed", (_B, "The Python method returns another kind of page."))
_add("x-tm-stream-added", (_C, "Adds streaming; other calls work as before."))
_add("x-tm-stream-removed", (_B, "Code that streams the response fails."))
_add("x-tm-stream-changed", (_B, "Streams yield another Python class."))
_add("x-tm-cli-changed", (_B, "Scripts that call the command by its old name fail."))
_add("x-tm-config-changed", (_B, "The client setting is renamed."))
_add("x-tm-package-changed", (_B, "The generated package moves, so imports of it fail."))
_add("x-tm-host-changed", (_B, "The attribute of the client is renamed."))
_add("x-tm-empty-added", (_C, "Empty bodies, which used to be errors, can be parsed."))
_add("x-tm-empty-removed", (_B, "Empty bodies can no longer be parsed."))
_add("x-tm-empty-changed", (_B, "Empty bodies are parsed as another value."))
_add(
    "x-tm-key-changed", (_B, "No rule covers this generator extension: review the change by hand.")
)
_add("links-changed", (_D, "Links only describe how operations relate."))
_add("security-tightened", (_B, "Credentials that were sufficient are rejected."))
_add("security-loosened", (_C, "Credentials that were sufficient still work."))
_add("security-scheme-changed", (_B, "Released clients send credentials the old way."))
_add("server-added", (_C, "Existing servers stay the same."))
_add("server-removed", (_B, "Clients that use this server fail."))
_add("default-server-changed", (_B, "Clients without a base URL call another server."))
_add("server-variable-changed", (_B, "The base URL is built differently."))

# Parameters, bodies, responses and headers
_add("parameter-added request-body-added", (_C, "Calls without it work as before."))
_add(
    "required-parameter-added parameter-became-required"
    " required-request-body-added request-body-became-required",
    _REQUIRED,
)
_add("parameter-became-optional request-body-became-optional", _ACCEPTED)
_add("path-parameter-renamed", (_B, "The Python argument is renamed; the URL stays the same."))
_add("parameter-removed", _ARGUMENT_GONE)
_add(
    "parameter-keyword-changed media-type-keyword-changed",
    (_B, "Released clients encode it the old way."),
)
_add("request-body-removed", (_B, "The Python arguments are gone."))
_add("media-type-added", (_C, "Existing media types stay the same."))
_add(
    "media-type-removed",
    (_B, "The server rejects what released clients send."),
    (_B, "Released clients expect it."),
)
_add("error-response-added", (_C, "Every error status raises, whether declared or not."))
_add("success-response-added", (_B, "Released clients do not expect another success status."))
_add("response-removed", (_B, "Code that handles this response is never reached."))
_add("header-added", (_C, "Clients ignore headers they do not know."))
_add("header-removed header-became-optional", (_B, "Code may no longer find the header."))
_add("header-became-required", _EXPECTED)
_add("header-keyword-changed", (_B, "Released clients decode the header the old way."))

# Schemas
_add("schema-added", (_C, "Adds a schema; existing ones stay the same."))
_add("schema-removed", (_B, "Its Python class is gone."))
_add("schema-renamed", (_B, "Its Python class is renamed, so imports of it fail."))
_add("reference-changed", (_B, "The value becomes an instance of another Python class."))
_add("type-changed const-changed", _REJECTED, _SURPRISE)
_add("type-widened const-removed variant-added", _ACCEPTED, _SURPRISE)
_add(
    "type-narrowed nullable-removed additional-properties-closed enum-added const-added"
    " format-narrowed pattern-added bound-tightened",
    _REJECTED,
    _EXPECTED,
)
_add("type-added additional-properties-typed", _REJECTED, _TYPE)
_add("type-removed additional-properties-untyped enum-removed", _ACCEPTED, _TYPE)
_add("nullable-added", _ACCEPTED, (_B, "Typed code does not expect None."))
_add(
    "nullable-added-to-optional nullable-property-became-optional",
    _ACCEPTED,
    (_C, "The field could already be None."),
)
_add("property-added additional-properties-opened", _ACCEPTED, _KEPT)
_add("required-property-added", _REQUIRED, _KEPT)
_add("property-removed", _ARGUMENT_GONE, _FIELD_GONE)
_add("property-became-required", _REQUIRED, _EXPECTED)
_add("property-became-optional", _ACCEPTED, (_B, "Typed code expects the field."))
_add("enum-value-added", _ACCEPTED, (_C, "Clients keep unknown values as strings."))
_add("enum-value-removed", _REJECTED, (_B, "Code that uses the member fails."))
_add("format-changed", _TYPE)
_add("format-widened pattern-removed bound-loosened", _ACCEPTED, _SAME_TYPE)
_add("pattern-changed", _REJECTED, _SAME_TYPE)
_add("default-added", (_C, "The default was previously undefined."), _EXPECTED)
_add("default-removed", (_B, "Requests without it have no defined meaning."), _SERVER_SENDS)
_add("default-changed", (_B, "Requests without it have another meaning."), _SERVER_SENDS)
_add("tagged-variant-added", _ACCEPTED, (_C, "Clients keep variants they do not know."))
_add("variant-removed", _REJECTED, (_B, "Code that handles this variant is never reached."))
_add("union-keyword-changed", (_C, "Clients treat anyOf and oneOf alike."))
_add("discriminator-added", (_C, "The variants stay the same; only the discriminator is new."))
_add("discriminator-removed", (_B, "Nothing distinguishes the variants any longer."))
_add("discriminator-changed", (_B, "Released clients read the old property."))
_add("discriminator-mapping-removed", (_B, "Values with this tag are no longer known."))
_add("discriminator-mapping-changed", (_B, "Values with this tag are parsed as another class."))
_add(
    "discriminator-mapping-added read-only-removed write-only-removed",
    (_C, "Everything that worked before still works."),
)
_add("read-only-added", (_B, "The server no longer accepts the field."), _EXPECTED)
_add("write-only-added", _ACCEPTED, _FIELD_GONE)

# Wording
_add("deprecation-added", (_C, "It still works, but should no longer be used."))
_add(
    "deprecation-removed description-changed summary-changed title-changed example-changed"
    " external-docs-changed comment-changed info-changed tag-description-changed",
    (_D, "Only text for readers changes."),
)
_add("x-tm-provenance-changed", (_D, "Only the provenance changes."))
_add("extension-changed", (_D, "The generator ignores this extension."))
