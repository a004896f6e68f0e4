"""Our own HTTP/1.1 connections, under the interface of httpx's transports."""
