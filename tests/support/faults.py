"""Ways in which a server, or the network before it, spoils an exchange. Each is a handler."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable

from support.raw_server import EVENT_STREAM, PATIENCE, Turn

Fault = Callable[[Turn], None]


def resets(turn: Turn) -> None:
    turn.reset()


def closes(turn: Turn) -> None:
    turn.close()


def stalls(turn: Turn) -> None:
    turn.wait_for_close()


def stalls_in_its_headers(turn: Turn) -> None:
    turn.send(b"HTTP/1.1 200 OK\r\ncontent-type: appl")
    turn.wait_for_close()


def stalls_in_its_body(turn: Turn) -> None:
    turn.head(content_length="1000")
    turn.send(b'{"id": ')
    turn.wait_for_close()


def stalls_in_a_stream(turn: Turn) -> None:
    turn.begin_stream()
    turn.chunk(b'data: {"id"')
    turn.wait_for_close()


def drips(turn: Turn) -> None:
    turn.head(content_length="100000")
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        turn.send(b" ")
        time.sleep(0.005)


def only_gives_hints(turn: Turn) -> None:
    for _ in range(3):
        turn.send(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n")
    turn.close()


def switches_protocols(turn: Turn) -> None:
    turn.send(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n")
    turn.close()


def sends_less_than_it_said(turn: Turn) -> None:
    turn.head(content_length="1000")
    turn.send(b"{}")
    turn.close()


def sends_a_length_that_is_none(turn: Turn) -> None:
    turn.send(b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n{}")
    turn.close()


def sends_a_negative_length(turn: Turn) -> None:
    turn.send(b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{}")
    turn.close()


def sends_garbage_for_chunks(turn: Turn) -> None:
    turn.head(transfer_encoding="chunked")
    turn.send(b"\xff\xfe\x00garbage\r\n" * 3)
    turn.close()


def sends_an_endless_chunk_size(turn: Turn) -> None:
    turn.head(transfer_encoding="chunked")
    turn.send(b"1" * 100_000)
    turn.close()


def sends_garbage_for_gzip(turn: Turn) -> None:
    turn.answer(b"no gzip at all", content_encoding="gzip")


def cuts_its_gzip(turn: Turn) -> None:
    turn.answer(gzip.compress(b'{"id": "x"}' * 100)[:20], content_encoding="gzip")


def sends_what_was_not_asked_for(turn: Turn) -> None:
    turn.answer(b"\x28\xb5\x2f\xfd\x04\x00\x11\x00\x00{}", content_encoding="zstd")


def sends_nothing(turn: Turn) -> None:
    turn.answer(b"")


def has_no_content(turn: Turn) -> None:
    turn.send(b"HTTP/1.1 204 No Content\r\n\r\n")


def sends_a_page(turn: Turn) -> None:
    turn.answer(b"<html><title>Sign in</title></html>", content_type="text/html")


def sends_half_a_value(turn: Turn) -> None:
    turn.answer(b'{"id": "x", "choices": [', content_type="application/json")


def sends_invalid_utf_8(turn: Turn) -> None:
    turn.answer(b'{"id": "\xff\xfe"}', content_type="application/json")


def sends_another_thing(turn: Turn) -> None:
    turn.answer(b'{"id": 7, "choices": "none"}', content_type="application/json")


def ends_its_stream_early(turn: Turn) -> None:
    turn.head(content_type=EVENT_STREAM, transfer_encoding="chunked")
    turn.end()


def reports_an_error_in_its_stream(turn: Turn) -> None:
    turn.stream(b'data: {"error": {"message": "out of memory"}}\n\n')


def redirects(turn: Turn) -> None:
    turn.answer(b"", "307 Temporary Redirect", location="/v1/chat/completions")


def refuses_and_asks_for_more(turn: Turn) -> None:
    # Headers by which other services tell other clients to try again.
    turn.answer(b"", "503 Busy", retry_after="0", x_should_retry="true")


def limits_rates(turn: Turn) -> None:
    turn.answer(b'{"error": "slow down"}', "429 Too Many Requests", retry_after="0.01")


def times_out_itself(turn: Turn) -> None:
    turn.answer(b"", "408 Request Timeout", connection="close")
    turn.close()


def fails(turn: Turn) -> None:
    turn.answer(b"oops", "500 Internal Server Error")


def refuses_and_resets(turn: Turn) -> None:
    turn.head("502 Bad Gateway", content_length="100")
    turn.reset()


NETWORK: tuple[Fault, ...] = (
    resets,
    closes,
    stalls,
    stalls_in_its_headers,
    stalls_in_its_body,
    stalls_in_a_stream,
    drips,
)
PROTOCOL: tuple[Fault, ...] = (
    only_gives_hints,
    switches_protocols,
    sends_less_than_it_said,
    sends_a_length_that_is_none,
    sends_a_negative_length,
    sends_garbage_for_chunks,
    sends_an_endless_chunk_size,
)
ANSWERS: tuple[Fault, ...] = (
    sends_garbage_for_gzip,
    cuts_its_gzip,
    sends_what_was_not_asked_for,
    sends_nothing,
    has_no_content,
    sends_a_page,
    sends_half_a_value,
    sends_invalid_utf_8,
    sends_another_thing,
    ends_its_stream_early,
    reports_an_error_in_its_stream,
)
REFUSALS: tuple[Fault, ...] = (
    redirects,
    refuses_and_asks_for_more,
    limits_rates,
    times_out_itself,
    fails,
    refuses_and_resets,
)
FAULTS: tuple[Fault, ...] = (*NETWORK, *PROTOCOL, *ANSWERS, *REFUSALS)


def takes_time(fault: Fault) -> bool:
    """Whether only a timeout ends it."""
    return fault.__name__.startswith(("stalls", "drips"))


def patience_with(fault: Fault) -> float:
    """A timeout in seconds: short where it will come, and long where it must not."""
    return 0.05 if takes_time(fault) else PATIENCE
