#!/usr/bin/env python3
"""Verifies a webhook of Tallyman with nothing but Python's standard library.

WEBHOOK_SECRET=whsec_... ./verify.py WEBHOOK_ID WEBHOOK_TIMESTAMP WEBHOOK_SIGNATURE < body
"""
import base64
import hashlib
import hmac
import os
import sys
import time

TOLERANCE = 5 * 60  # seconds; an older request may be a replay


def verify(secret: str, webhook_id: str, timestamp: str, signature: str, body: bytes) -> None:
    """Raises ValueError, saying why, unless the request is what the holder of the secret sent."""
    if abs(time.time() - int(timestamp)) > TOLERANCE:
        raise ValueError("the timestamp is too old, or too new")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{webhook_id}.{timestamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    # While a secret is being replaced there are several signatures, one per secret.
    if not any(hmac.compare_digest(expected, one) for one in signature.split(" ")):
        raise ValueError("no signature is right")


if __name__ == "__main__":
    try:
        verify(os.environ["WEBHOOK_SECRET"], *sys.argv[1:4], sys.stdin.buffer.read())
    except ValueError as e:
        sys.exit(f"refused: {e}")
    print("verified")
