"""Every rule of the comparison: what it is called, how grave it is in each direction, and why.

A rule speaks of a change in one of two directions. In a *request* the client writes and the server
reads; in a *response* the server writes and the client reads. Many changes are harmless one way and
breaking the other. Identifiers are stable: scripts may depend on them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How grave a change is, gravest first."""

    BREAKING = "breaking"
    COMPATIBLE = "compatible"
    DOCUMENTATION = "documentation"


class Direction(StrEnum):
    """Who writes the value that changed."""

    REQUEST = "request"
    RESPONSE = "response"


class Verdict(NamedTuple):
    """A severity and the reason for it, one sentence."""

    severity: Severity
    reason: str


class Rule(NamedTuple):
    """One kind of change, with its verdict in each direction."""

    id: str
    request: Verdict
    response: Verdict

    def verdict(self, direction: Direction) -> Verdict:
        """Return the verdict for a change in this direction."""
        return self.request if direction is Direction.REQUEST else self.response


_B, _C, _D = Severity.BREAKING, Severity.COMPATIBLE, Severity.DOCUMENTATION


def _same(rule: str, severity: Severity, reason: str) -> Rule:
    verdict = Verdict(severity, reason)
    return Rule(rule, verdict, verdict)


def _apart(
    rule: str, request: tuple[Severity, str], response: tuple[Severity, str] | None = None
) -> Rule:
    return Rule(rule, Verdict(*request), Verdict(*(response or request)))


_NOTHING_LOST = "Nothing that worked before stops working."
_STILL_ACCEPTED = "The server still accepts all that it accepted before."
_REFUSED = "The server may refuse a request that it accepted before."
_STILL_READ = "What the server sends still fits what released clients and typed code expect."
_SURPRISE = "Released clients and typed code meet a value that they do not expect."
_RENAMES = "Python code that uses the old name stops working."
_TYPE = "The Python type of the value changes."
_WORDS = "Only what people read changes."
_UNKNOWN = "No rule weighs this keyword, so it counts as breaking: look at it."

_OPERATIONS = (
    _same("document-added", _C, "A new API; nothing that exists changes."),
    _same("document-removed", _B, "Every operation of the API is gone."),
    _same("document-keyword-changed", _B, _UNKNOWN),
    _same("operation-added", _C, "A new operation; nothing that exists changes."),
    _same("operation-removed", _B, "Calls to it fail, and its Python method is gone."),
    _same("operation-moved", _B, "Released clients call the old address."),
    _same("operation-keyword-changed", _B, _UNKNOWN),
    _same("operation-id-changed", _B, _RENAMES),
    _same("tag-changed", _B, "The generated module moves, and imports of it fail."),
    _same("x-tm-resource-added", _C, "A public Python method appears."),
    _same("x-tm-resource-removed", _B, "The public Python method is gone."),
    _same("x-tm-resource-changed", _B, _RENAMES),
    _same("x-tm-method-added", _C, "A public Python method appears."),
    _same("x-tm-method-removed", _B, "The public Python method is gone."),
    _same("x-tm-method-changed", _B, _RENAMES),
    _same("x-tm-pagination-changed", _B, "The Python method returns another kind of page."),
    _same("x-tm-stream-added", _C, "Streaming appears; calls without it are as before."),
    _same("x-tm-stream-removed", _B, "Code that asks for a stream no longer gets one."),
    _same("x-tm-stream-changed", _B, "A stream yields another Python class."),
    _same("x-tm-cli-changed", _B, "The command changes its name, and scripts call the old one."),
    _same("x-tm-config-changed", _B, "The client's setting changes its name."),
    _same("x-tm-package-changed", _B, "The generated package moves, and imports of it fail."),
    _same("x-tm-surface-changed", _B, "The client's namespace changes its name."),
    _same("x-tm-empty-added", _C, "An empty body, which was an error, can be read."),
    _same("x-tm-empty-removed", _B, "An empty body can no longer be read."),
    _same("x-tm-empty-changed", _B, "An empty body is read as something else."),
    _same("x-tm-key-changed", _B, "The key steers the client, and no rule weighs it: look at it."),
    _same("links-changed", _D, "Links describe how operations relate; no call changes."),
    _same("security-tightened", _B, "A call with the credentials that sufficed is now refused."),
    _same("security-loosened", _C, "The credentials that sufficed still do."),
    _same("security-scheme-changed", _B, "Released clients present their credentials the old way."),
    _same("server-added", _C, "The servers that were there stay."),
    _same("server-removed", _B, "Clients that speak to this address no longer find the API."),
    _same("default-server-changed", _B, "A client without a base URL speaks to another address."),
    _same("server-variable-changed", _B, "The address is put together in another way."),
)

_MESSAGES = (
    _same("path-parameter-renamed", _B, "The address is the same, but the Python argument is not."),
    _same("parameter-added", _C, "Calls that leave it out are as before."),
    _same("required-parameter-added", _B, "The server refuses calls that do not send it."),
    _same("parameter-removed", _B, "The Python argument is gone, and what it said is not heard."),
    _same("parameter-became-required", _B, "The server refuses calls that do not send it."),
    _same("parameter-became-optional", _C, _STILL_ACCEPTED),
    _same("parameter-keyword-changed", _B, "Released clients write the parameter the old way."),
    _same("request-body-added", _C, "Calls without a body are as before."),
    _same("required-request-body-added", _B, "The server refuses calls without a body."),
    _same("request-body-removed", _B, "The Python arguments are gone, and what they said too."),
    _same("request-body-became-required", _B, "The server refuses calls without a body."),
    _same("request-body-became-optional", _C, _STILL_ACCEPTED),
    _same("request-body-keyword-changed", _B, _UNKNOWN),
    _same("media-type-added", _C, "The media types that were there stay."),
    _apart(
        "media-type-removed",
        (_B, "The server refuses what released clients send."),
        (_B, "Released clients ask for, and read, what is no longer sent."),
    ),
    _same("media-type-keyword-changed", _B, "Released clients write the body the old way."),
    _same("error-response-added", _C, "Every error status raises, declared or not."),
    _same("success-response-added", _B, "Released clients do not expect another kind of success."),
    _same("response-removed", _B, "Code that handles this answer waits in vain."),
    _same("response-keyword-changed", _B, _UNKNOWN),
    _same("header-added", _C, "Clients pass over headers that they do not know."),
    _same("header-removed", _B, "Code that reads the header finds nothing."),
    _same("header-became-required", _C, _STILL_READ),
    _same("header-became-optional", _B, "Code that reads the header may find nothing."),
    _same("header-keyword-changed", _B, "Released clients read the header the old way."),
)

_SCHEMAS = (
    _same("schema-added", _C, "A new schema; nothing that exists changes."),
    _same("schema-removed", _B, "Its Python class is gone."),
    _same("schema-renamed", _B, "Its Python class changes its name, and imports of it fail."),
    _same("reference-changed", _B, "The value becomes an instance of another Python class."),
    _same("schema-keyword-changed", _B, _UNKNOWN),
    _apart("type-changed", (_B, _REFUSED), (_B, _SURPRISE)),
    _apart("type-widened", (_C, _STILL_ACCEPTED), (_B, _SURPRISE)),
    _apart("type-narrowed", (_B, _REFUSED), (_C, _STILL_READ)),
    _apart("type-added", (_B, _REFUSED), (_B, _TYPE)),
    _apart("type-removed", (_C, _STILL_ACCEPTED), (_B, _TYPE)),
    _apart("nullable-added", (_C, _STILL_ACCEPTED), (_B, "Typed code does not expect None here.")),
    _apart(
        "nullable-added-to-optional",
        (_C, _STILL_ACCEPTED),
        (_C, "An absent field already reads as None."),
    ),
    _apart("nullable-removed", (_B, _REFUSED), (_C, _STILL_READ)),
    _apart("property-added", (_C, _STILL_ACCEPTED), (_C, "Clients keep fields they do not know.")),
    _apart(
        "required-property-added",
        (_B, "The server refuses requests without it."),
        (_C, "Clients keep fields they do not know."),
    ),
    _apart(
        "property-removed",
        (_B, "The Python argument is gone, and what it said is not heard."),
        (_B, "Code that reads it finds nothing."),
    ),
    _apart(
        "property-became-required",
        (_B, "The server refuses requests without it."),
        (_C, _STILL_READ),
    ),
    _apart(
        "property-became-optional",
        (_C, _STILL_ACCEPTED),
        (_B, "Typed code does not expect the field to be absent."),
    ),
    _apart(
        "nullable-property-became-optional",
        (_C, _STILL_ACCEPTED),
        (_C, "The field could already read as None."),
    ),
    _apart("additional-properties-closed", (_B, _REFUSED), (_C, _STILL_READ)),
    _apart(
        "additional-properties-opened",
        (_C, _STILL_ACCEPTED),
        (_C, "Clients keep fields they do not know."),
    ),
    _apart("additional-properties-typed", (_B, _REFUSED), (_B, _TYPE)),
    _apart("additional-properties-untyped", (_C, _STILL_ACCEPTED), (_B, _TYPE)),
    _apart(
        "enum-value-added",
        (_C, _STILL_ACCEPTED),
        (_C, "Clients pass through members that they do not know."),
    ),
    _apart("enum-value-removed", (_B, _REFUSED), (_B, "Code that names the member stops working.")),
    _apart("enum-added", (_B, _REFUSED), (_C, _STILL_READ)),
    _apart("enum-removed", (_C, _STILL_ACCEPTED), (_B, _TYPE)),
    _apart("const-added", (_B, _REFUSED), (_C, _STILL_READ)),
    _apart("const-removed", (_C, _STILL_ACCEPTED), (_B, _SURPRISE)),
    _apart("const-changed", (_B, _REFUSED), (_B, _SURPRISE)),
    _apart("format-changed", (_B, _TYPE), (_B, _TYPE)),
    _apart("format-widened", (_C, _STILL_ACCEPTED), (_C, "The Python type stays.")),
    _apart("format-narrowed", (_B, _REFUSED), (_C, _STILL_READ)),
    _apart("pattern-added", (_B, _REFUSED), (_C, _STILL_READ)),
    _apart("pattern-removed", (_C, _STILL_ACCEPTED), (_C, "The Python type stays.")),
    _apart("pattern-changed", (_B, _REFUSED), (_C, "The Python type stays.")),
    _apart("bound-tightened", (_B, _REFUSED), (_C, _STILL_READ)),
    _apart("bound-loosened", (_C, _STILL_ACCEPTED), (_C, "The Python type stays.")),
    _apart("default-added", (_C, "It says what was left open."), (_C, _STILL_READ)),
    _apart(
        "default-removed",
        (_B, "What a request without the field means is no longer promised."),
        (_C, "The type stays; the server says what it sends."),
    ),
    _apart(
        "default-changed",
        (_B, "A request without the field now means something else."),
        (_C, "The type stays; the server says what it sends."),
    ),
    _apart("variant-added", (_C, _STILL_ACCEPTED), (_B, _SURPRISE)),
    _apart(
        "tagged-variant-added",
        (_C, _STILL_ACCEPTED),
        (_C, "Clients pass through variants that they do not know."),
    ),
    _apart(
        "variant-removed", (_B, _REFUSED), (_B, "Code that looks for this variant waits in vain.")
    ),
    _same("union-keyword-changed", _C, "Clients read anyOf and oneOf alike."),
    _same("discriminator-added", _C, "The variants stay; only how they are told apart is new."),
    _same("discriminator-removed", _B, "Nothing tells which variant a value is."),
    _same("discriminator-changed", _B, "Released clients look at the old property."),
    _same("discriminator-mapping-added", _C, _NOTHING_LOST),
    _same("discriminator-mapping-removed", _B, "Values with this tag are no longer known."),
    _same("discriminator-mapping-changed", _B, "Values with this tag become another class."),
    _apart("read-only-added", (_B, "The server no longer takes the field."), (_C, _STILL_READ)),
    _same("read-only-removed", _C, _NOTHING_LOST),
    _apart(
        "write-only-added", (_C, _STILL_ACCEPTED), (_B, "Code that reads the field finds nothing.")
    ),
    _same("write-only-removed", _C, _NOTHING_LOST),
)

_WORDING = (
    _same("deprecation-added", _C, "It still works; people are asked to move on."),
    _same("deprecation-removed", _D, _WORDS),
    _same("description-changed", _D, _WORDS),
    _same("summary-changed", _D, _WORDS),
    _same("title-changed", _D, _WORDS),
    _same("example-changed", _D, _WORDS),
    _same("external-docs-changed", _D, _WORDS),
    _same("comment-changed", _D, _WORDS),
    _same("info-changed", _D, _WORDS),
    _same("tag-description-changed", _D, _WORDS),
    _same("x-tm-provenance-changed", _D, "It says how we know of the fact, not what it is."),
    _same("extension-changed", _D, "No part of the client reads this extension."),
)

RULES: dict[str, Rule] = {
    rule.id: rule for rule in (*_OPERATIONS, *_MESSAGES, *_SCHEMAS, *_WORDING)
}
"""Every rule by its identifier."""
