"""Extract an invoice from a text into a dataclass.

Needs TENSORMESH_INFERENCE_API_KEY, and MODEL for the name of a Serverless model.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from tensormesh import StructuredOutputError, Tensormesh

MODEL = os.environ.get("MODEL", "openai/gpt-oss-20b")

TEXT = """Invoice number: 2024-117
Seller: Blue Heron Paper
Currency: EUR

Item: copy paper
Quantity: 3
Price: 12.50

Total: 37.50
"""


@dataclass
class Line:
    """One line of an invoice."""

    item: str
    quantity: int
    price: float


@dataclass
class Invoice:
    """An invoice."""

    number: str
    seller: str
    currency: Literal["EUR", "USD"]
    lines: list[Line]
    total: float


def main() -> None:
    """Ask for the invoice, and give the model a second chance."""
    with Tensormesh() as client:
        try:
            completion = client.inference.serverless.chat.completions.parse(
                model=MODEL,
                messages=[{"role": "user", "content": f"Extract the invoice.\n\n{TEXT}"}],
                response_model=Invoice,
                max_attempts=2,
            )
        except StructuredOutputError as error:
            print(f"No invoice: {error}")
            return
    invoice = completion.parsed
    print(f"Invoice {invoice.number} of {invoice.seller}:")
    for line in invoice.lines:
        print(f"  {line.quantity} x {line.item} at {line.price:.2f} {invoice.currency}")
    print(f"  {invoice.total:.2f} {invoice.currency} in all")


if __name__ == "__main__":
    main()
